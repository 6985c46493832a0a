import type { EventDraft } from "./outcome.ts";

/** Something in AWS that no object answers for, as messages name it. */
export interface LeftInAws {
  /** ARNs. */
  readonly role: string | undefined;
  readonly instanceProfiles: readonly string[];
  readonly accountId: string;
  /** Of the object that left it; empty when nobody knows. */
  readonly uid: string;
}

/** How the object of an orphan stands. */
export type OrphanCause = "Lost" | "ObjectGone" | "OtherAccount" | "OtherRole" | "NotResumed";

/** Reports an orphan: what is left where, why, and what to do. `isDeletedNext`: the controller deletes it by itself. */
export function orphanedEvent(cause: OrphanCause, left: LeftInAws, isDeletedNext = false): EventDraft {
  const note = `${entitiesOf(left)}: ${WHY[cause]}. ${isDeletedNext ? DELETED_NEXT : adviceFor(cause, left)}`;
  return { type: "Warning", reason: "OrphanedInAWS", action: "Observe", note };
}

/** Reports that the controller has deleted an orphan. */
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

function adviceFor(cause: OrphanCause, { uid }: LeftInAws): string {
  if (cause === "OtherAccount" || cause === "OtherRole") return "Delete it in IAM if it is unused.";
  if (cause === "NotResumed") return "Make sure that the object can be applied, which resumes it, or delete it in IAM.";
  const keep = uid === "" ? "" : `, or keep it: tag the role iam.instanceprofile.dev/retained=${uid}`;
  return `Create the object again to resume it, delete it in IAM${keep}.`;
}

function entitiesOf({ role, instanceProfiles, accountId }: LeftInAws): string {
  const profiles = instanceProfiles.map((name) => `instance profile ${name}`);
  const names = [...(role === undefined ? [] : [`role ${role}`]), ...profiles];
  return `${names.join(" and ")} in AWS account ${accountId}`;
}
