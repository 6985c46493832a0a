import type { EventDraft } from "./outcome.ts";

/** Entities in AWS whose owner tags name no object that manages them. */
export interface OrphanedEntities {
  /** ARNs. */
  readonly role: string | undefined;
  readonly instanceProfiles: readonly string[];
  /** ARNs of the object's own managed policies, as far as they are known. */
  readonly managedPolicies?: readonly string[];
  readonly accountId: string;
  /** The uid of the object that left them; empty when it is not known. */
  readonly uid: string;
}

/** Why an entity is an orphan. */
export type OrphanCause = "Lost" | "ObjectGone" | "OtherAccount" | "OtherRole" | "NotResumed";

/** Reports an orphan: what is left where, why, and what to do. `isDeletedNext`: the controller is going to delete it. */
export function orphanedEvent(cause: OrphanCause, left: OrphanedEntities, isDeletedNext = false): EventDraft {
  const note = `${entitiesOf(left)}: ${WHY[cause]}. ${isDeletedNext ? DELETED_NEXT : adviceFor(cause, left)}`;
  return { type: "Warning", reason: "OrphanedInAWS", action: "Observe", note };
}

/** Reports that the controller deleted an orphan. */
export function orphanDeletedEvent(lines: readonly string[]): EventDraft {
  const note = `deleted what a deleted object had left in AWS: ${lines.join("; ")}`;
  return { type: "Normal", reason: "OrphanDeleted", action: "Delete", note };
}

const WHY: Readonly<Record<OrphanCause, string>> = {
  Lost: "left in AWS, because the object was deleted after its finalizer had been removed",
  ObjectGone: "the owner tags name this object, which does not exist",
  OtherAccount: "the owner tags name this object, whose role is in another AWS account",
  OtherRole: "the owner tags name this object, which names another role",
  NotResumed: "the owner tags name this object, which was created again and has nothing in AWS",
};

const DELETED_NEXT = "The controller deletes it when two account scans have confirmed that (--orphan-policy=Delete).";

function adviceFor(cause: OrphanCause, { role, uid }: OrphanedEntities): string {
  if (cause === "OtherAccount" || cause === "OtherRole") return "Delete it in IAM if it is unused.";
  if (cause === "NotResumed") return "Make sure that the object can be applied, which resumes it, or delete it in IAM.";
  const keep =
    uid === ""
      ? ""
      : `, or keep it: tag ${role === undefined ? "it" : "the role"} iam.instanceprofile.dev/retained=${uid}`;
  return `Create the object again to resume it, delete it in IAM${keep}.`;
}

function entitiesOf({ role, instanceProfiles, managedPolicies = [], accountId }: OrphanedEntities): string {
  const profiles = instanceProfiles.map((name) => `instance profile ${name}`);
  const policies = managedPolicies.map((arn) => `managed policy ${arn}`);
  const names = [...(role === undefined ? [] : [`role ${role}`]), ...profiles, ...policies];
  return `${names.join(" and ")} in AWS account ${accountId}`;
}
