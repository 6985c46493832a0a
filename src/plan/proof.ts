import { ConflictError } from "../errors.ts";
import { type DesiredState, profileNameOf, roleNameOf } from "../model/desired-state.ts";
import { sameName } from "../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  ObservedState,
} from "../model/observed-state.ts";
import { ownershipOf } from "../model/ownership.ts";
import { type Action, type IamAction, type IamActionKind, isInstanceAction, type PolicyAction } from "./action.ts";
import { afterHandOver, managesRole } from "./after-hand-over.ts";
import { isOwnedElsewhere } from "./hand-over.ts";

/** An IAM entity that a write requires to be owned; a managed policy by its ARN. */
type ProvedEntity = "role" | "instance profile" | OwnPolicyEntity;

/** A managed policy that the object owns. */
export type OwnPolicyEntity = `managed policy ${string}`;

/**
 * The first entity that the actions write and that the observed state does not prove to be owned; undefined when all are proved.
 *
 * The owner tags as IAM returned them prove ownership, and so does the creation of the entity earlier in the same plan: IAM refuses
 * to create what exists. Recent writes that IAM does not show yet prove nothing, because another entity may have the name by now.
 *
 * @param observed as read in this reconcile, without recent writes laid over it
 */
export function unprovedEntity(
  desired: DesiredState,
  observed: ObservedState,
  actions: readonly Action[],
): ProvedEntity | undefined {
  // Then no write is the object's, not even one that needs no proof.
  if (actions.length > 0 && isOwnedElsewhere(desired, observed))
    return managesRole(desired) ? "role" : "instance profile";
  const proved = new Set<ProvedEntity>(ownedEntities(desired, observed));
  for (const action of actions) {
    const missing = requiredBy(action, desired, observed).find((entity) => !proved.has(entity));
    if (missing !== undefined) return missing;
    for (const entity of isCreation(action) ? entitiesOf(action) : []) proved.add(entity);
  }
  return undefined;
}

/** What the tags prove to be the object's. */
function ownedEntities(desired: DesiredState, observed: ObservedState): readonly ProvedEntity[] {
  const { role, instanceProfile, managedPolicies = [] } = afterHandOver(desired, observed);
  return [
    ...(managesRole(desired) && mayBeWritten(desired, role) ? (["role"] as const) : []),
    ...(mayBeWritten(desired, instanceProfile) ? (["instance profile"] as const) : []),
    ...managedPolicies.filter((policy) => mayBeWritten(desired, policy)).map(({ arn }) => ofPolicy(arn)),
  ];
}

type Creation = Extract<IamAction, { readonly kind: "CreateRole" | "CreateInstanceProfile" | "CreatePolicy" }>;

/** True for a write that creates an entity with its owner tags. */
export function isCreation(action: Action): action is Creation {
  return ["CreateRole", "CreateInstanceProfile", "CreatePolicy"].includes(action.kind);
}

/** A managed policy as the entity of a proof. */
export function ofPolicy(arn: string): OwnPolicyEntity {
  return `managed policy ${arn}`;
}

/** The entities that each write to IAM changes or passes on. Every action is in it, so that none takes another's proof. */
const ENTITIES: Readonly<Record<Exclude<IamActionKind, PolicyAction["kind"]>, readonly ProvedEntity[]>> = {
  CreateRole: ["role"],
  DeleteRole: ["role"],
  UpdateRole: ["role"],
  UpdateAssumeRolePolicy: ["role"],
  PutRolePermissionsBoundary: ["role"],
  DeleteRolePermissionsBoundary: ["role"],
  PutRolePolicy: ["role"],
  DeleteRolePolicy: ["role"],
  AttachRolePolicy: ["role"],
  DetachRolePolicy: ["role"],
  TagRole: ["role"],
  UntagRole: ["role"],
  CreateInstanceProfile: ["instance profile"],
  DeleteInstanceProfile: ["instance profile"],
  RemoveRoleFromInstanceProfile: ["instance profile"],
  TagInstanceProfile: ["instance profile"],
  UntagInstanceProfile: ["instance profile"],
  AddRoleToInstanceProfile: ["role", "instance profile"],
};

/** The entities that a write to IAM changes or passes on. */
export function entitiesOf(action: IamAction): readonly ProvedEntity[] {
  // A forced removal takes the role out of an instance profile that is not owned.
  if (action.kind === "RemoveRoleFromInstanceProfile" && action.isForced) return ["role"];
  if ("ownPolicyArn" in action) return [ofPolicy(action.ownPolicyArn)];
  // Another policy that has taken the name of the object's own would grant what it likes.
  if (action.kind === "AttachRolePolicy" && action.isOwn) return ["role", ofPolicy(action.policyArn)];
  return ENTITIES[action.kind];
}

/**
 * The entities that must be owned for a write. A disassociation needs no instance profile, which may be deleted already: the marker of the
 * instance proves its origin, and the write names the association.
 */
function requiredBy(action: Action, desired: DesiredState, { role }: ObservedState): readonly ProvedEntity[] {
  if (isInstanceAction(action)) return "iamInstanceProfile" in action ? ["instance profile"] : [];
  if (isCreation(action)) return [];
  // A role of others is passed on, as the class or the operator allows, if it was read in this reconcile.
  const passesExternal = action.kind === "AddRoleToInstanceProfile" && isExternal(desired, action.roleName);
  return passesExternal && role.presence === "present" ? ["instance profile"] : entitiesOf(action);
}

function isExternal(desired: DesiredState, roleName: string): boolean {
  return (
    desired.presence === "present" && desired.roleManagement === "external" && sameName(desired.role.roleName, roleName)
  );
}

function mayBeWritten(
  desired: DesiredState,
  entity: ObservedRole | ObservedInstanceProfile | ObservedManagedPolicy | Absent,
): boolean {
  if (entity.presence === "absent") return false;
  const { kind } = ownershipOf(entity.tags, desired.owner);
  return kind === "owned" || (kind === "unowned" && desired.presence === "present" && desired.mayAdopt);
}

/**
 * Raises unless a read in this reconcile proves that the object owns, or may adopt, the entities that the actions
 * write. A presumed instance profile counts as read: see `converge`.
 *
 * @param observed as read, without recent writes laid over it
 *
 * Errors: ConflictError `NotYetVisible`.
 */
export function assertProved(desired: DesiredState, observed: ObservedState, actions: readonly Action[]): void {
  const entity = unprovedEntity(desired, observed, actions);
  if (entity === undefined) return;
  const message =
    `IAM does not show ${titleOf(entity, desired)} with the owner tags of this object yet, so the controller writes nothing to it. ` +
    "The controller retries.";
  throw new ConflictError(message, { reason: "NotYetVisible" });
}

function titleOf(entity: ProvedEntity, desired: DesiredState): string {
  if (entity === "role") return `role ${roleNameOf(desired)}`;
  return entity === "instance profile" ? `instance profile ${profileNameOf(desired)}` : entity;
}
