import type { ObservedState } from "../model/observed-state.ts";
import type { EventDraft, ReportedObject } from "./outcome.ts";
import { observationIn, type Result } from "./result.ts";

/**
 * Emits an Event for each entity whose unique id differs from the one in status. A role or instance profile that was deleted and created
 * again has the same name and ARN, but what refers to the deleted one by id does not apply to it (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
 */
export function aboutIdentity({ metadata, status }: ReportedObject, result: Result): readonly EventDraft[] {
  if (metadata.deletionTimestamp !== undefined) return [];
  const observed = observedIn(result);
  if (observed === undefined) return [];
  const { role, instanceProfile } = observed.state;
  const isNew = isCreatedAfter(status?.lastVerifiedTime);
  const isNewRole = role.presence === "present" && isAnother(status?.role?.id, role.roleId) && isNew(role);
  const isNewProfile =
    instanceProfile.presence === "present" &&
    isAnother(status?.instanceProfile?.id, instanceProfile.id) &&
    isNew(instanceProfile);
  return [
    ...(isNewRole
      ? [
          recreated(
            "RoleRecreated",
            `role ${role.roleName} was deleted and created again by ${observed.creator("CreateRole")}, ` +
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
              `by ${observed.creator("CreateInstanceProfile")}, and its unique id is ${instanceProfile.id} in place of ` +
              `${status?.instanceProfile?.id}. Associate it again with the instances that were started with the deleted one.`,
          ),
        ]
      : []),
  ];
}

interface ObservedEntities {
  readonly state: ObservedState;
  readonly creator: (kind: "CreateRole" | "CreateInstanceProfile") => string;
}

function observedIn(result: Result): ObservedEntities | undefined {
  const observation = observationIn(result);
  if (observation === undefined) return undefined;
  const { state, applied } = observation;
  const kinds = applied.map(({ kind }) => kind);
  return { state, creator: (kind) => (kinds.includes(kind) ? "this controller" : "another client") };
}

/** Compares ids; an id that is not known yet proves nothing. */
function isAnother(before: string | undefined, now: string): boolean {
  return before !== undefined && before !== "" && now !== "" && before !== now;
}

/** An entity that is older than the last verification has not been recreated since: another client wrote the id in status. */
function isCreatedAfter(verified: string | undefined): (entity: { readonly createdTime?: string }) => boolean {
  return ({ createdTime }) => {
    if (verified === undefined || createdTime === undefined) return true;
    return Date.parse(createdTime) > Date.parse(verified);
  };
}

function recreated(reason: string, note: string): EventDraft {
  return { type: "Warning", reason, action: "Observe", note };
}
