import type { ObservedState } from "../model/observed-state.ts";
import type { EventDraft, ObjectSoFar } from "./outcome.ts";
import { observationIn, type Result } from "./result.ts";

/**
 * An Event for each entity that has another unique id than the status shows. A role or profile that was deleted and made
 * again has the name and the ARN of the former one and is another one all the same: what refers to the former by id does not
 * know it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
 */
export function aboutIdentity({ metadata, status }: ObjectSoFar, result: Result): readonly EventDraft[] {
  if (metadata.deletionTimestamp !== undefined) return [];
  const seen = seenIn(result);
  if (seen === undefined) return [];
  const { role, instanceProfile } = seen.state;
  const isNewRole = role.presence === "present" && isAnother(status?.role?.id, role.roleId);
  const isNewProfile =
    instanceProfile.presence === "present" && isAnother(status?.instanceProfile?.id, instanceProfile.id);
  return [
    ...(isNewRole
      ? [
          recreated(
            "RoleRecreated",
            `role ${role.roleName} was deleted and created again by ${seen.maker("CreateRole")}, ` +
              `and its unique id is ${role.roleId} in place of ${status?.role?.id}. Policies elsewhere that name it as a ` +
              "principal still refer to the deleted role until they are written again.",
          ),
        ]
      : []),
    ...(isNewProfile
      ? [
          recreated(
            "InstanceProfileRecreated",
            `instance profile ${instanceProfile.instanceProfileName} was deleted and created again ` +
              `by ${seen.maker("CreateInstanceProfile")}, and its unique id is ${instanceProfile.id} in place of ` +
              `${status?.instanceProfile?.id}. Associate it again with the instances that were started with the deleted one.`,
          ),
        ]
      : []),
  ];
}

interface Seen {
  readonly state: ObservedState;
  readonly maker: (kind: "CreateRole" | "CreateInstanceProfile") => string;
}

function seenIn(result: Result): Seen | undefined {
  const observation = observationIn(result);
  if (observation === undefined) return undefined;
  const { state, applied } = observation;
  const kinds = applied.map(({ kind }) => kind);
  return { state, maker: (kind) => (kinds.includes(kind) ? "this controller" : "another client") };
}

/** Ids that are not known yet prove nothing. */
function isAnother(before: string | undefined, now: string): boolean {
  return before !== undefined && before !== "" && now !== "" && before !== now;
}

function recreated(reason: string, note: string): EventDraft {
  return { type: "Warning", reason, action: "Observe", note };
}
