import type { DesiredPresent } from "../model/desired-state.ts";
import type { ObservedInstanceProfile, ObservedRole } from "../model/observed-state.ts";
import { ownershipOf } from "../model/ownership.ts";
import type { Blocker } from "./plan.ts";

/** Whether an existing entity may be written, and as what. */
export type Claim =
  | { readonly kind: "allowed"; readonly adopted: boolean }
  | { readonly kind: "refused"; readonly blocker: Blocker };

/**
 * Decides whether the object may write an existing role or profile. The proof is the owner tags and nothing else: a
 * matching name proves nothing.
 */
export function claim(desired: DesiredPresent, entity: ObservedRole | ObservedInstanceProfile): Claim {
  const what = "roleName" in entity && "roleId" in entity ? `role ${entity.roleName}` : profileTitle(entity);
  const wantedPath = "roleId" in entity ? desired.role.path : desired.instanceProfile.path;
  const ownership = ownershipOf(entity.tags, desired.owner);
  if (ownership.kind === "foreign") {
    return refused(
      "OwnedByAnother",
      `${what} belongs to InstanceProfile ${ownership.namespace}/${ownership.name}${elsewhere(desired, ownership.clusterId)}. ` +
        "Choose another name, or delete that object first.",
    );
  }
  if (ownership.kind === "unowned" && !desired.mayAdopt) {
    return refused(
      "AlreadyExists",
      `${what} exists already and was not made by this object. Choose another name, or set adoptionPolicy: IfExists to take it over.`,
    );
  }
  if (entity.path !== wantedPath) {
    return refused(
      "PathConflict",
      `${what} exists with path ${entity.path}, the spec asks for ${wantedPath}; IAM cannot change a path. ` +
        "Write the object with the path that is there, or delete what is there.",
    );
  }
  return { kind: "allowed", adopted: ownership.kind === "unowned" || ownership.adopted };
}

function profileTitle(entity: ObservedRole | ObservedInstanceProfile): string {
  return `instance profile ${"instanceProfileName" in entity ? entity.instanceProfileName : entity.roleName}`;
}

function elsewhere(desired: DesiredPresent, clusterId: string): string {
  return clusterId === desired.owner.clusterId ? "" : ` of cluster ${clusterId}`;
}

function refused(reason: string, message: string): Claim {
  return { kind: "refused", blocker: { reason, message } };
}
