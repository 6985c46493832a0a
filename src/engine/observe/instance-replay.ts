import type { InstanceFacts } from "../../model/instances/instance.ts";
import { type AssociationAction, type CreatedEntity, type InstanceAction, isTagAction } from "../../plan/action.ts";
import { associationAfter } from "../../plan/instances/simulate-instances.ts";

/** A write of the controller to EC2, and when it succeeded. */
export interface InstanceWrite {
  readonly atMs: number;
  readonly action: InstanceAction;
  readonly created: CreatedEntity | undefined;
}

/** The result of laying recent writes over a read. */
export interface Replay {
  /** The instances that the writes change, after the writes. */
  readonly changed: readonly InstanceFacts[];
  /** The writes that the read did not show. A write that it has shown need not be kept. */
  readonly unseen: readonly InstanceWrite[];
}

/**
 * Lays the controller's recent writes, oldest first, over the instances as EC2 returned them. A later change by another
 * client, which its association id reveals, is kept.
 */
export function replayOn(read: ReadonlyMap<string, InstanceFacts>, writes: readonly InstanceWrite[]): Replay {
  const changed = new Map<string, InstanceFacts>();
  const unseen = writes.filter((write) => {
    const { instanceId } = write.action;
    const facts = changed.get(instanceId) ?? read.get(instanceId);
    const after = facts === undefined ? undefined : afterWrite(facts, write);
    if (after === undefined || after === facts) return false;
    changed.set(instanceId, after);
    return true;
  });
  return { changed: [...changed.values()], unseen };
}

/** Returns the same object when the read already shows the write, or the write no longer applies. */
function afterWrite(facts: InstanceFacts, { action, created }: InstanceWrite): InstanceFacts {
  if (isTagAction(action)) return withTags(facts, action.kind, action.tags);
  if (!isBefore(facts, action)) return facts;
  const profile = { arn: created?.arn ?? "", id: "" };
  return { ...facts, ...associationAfter(cleared(facts, action), action, profile, created) };
}

/** True when the association is the one from before the write, so that the read does not show the write yet. */
function isBefore({ association }: InstanceFacts, action: AssociationAction): boolean {
  if (action.kind === "AssociateIamInstanceProfile") {
    return association === undefined || association.associationId === "" || association.state === "disassociating";
  }
  return association?.associationId === action.associationId;
}

/** An association that is disassociating does not prevent a new one. */
function cleared(facts: InstanceFacts, action: AssociationAction): Pick<InstanceFacts, "association"> {
  return action.kind === "AssociateIamInstanceProfile" ? { association: undefined } : facts;
}

function withTags(facts: InstanceFacts, kind: "CreateTags" | "DeleteTags", tags: InstanceFacts["tags"]): InstanceFacts {
  const entries = Object.entries(tags);
  const has = ([key, value]: readonly [string, string]): boolean => facts.tags[key] === value;
  if (kind === "CreateTags") return entries.every(has) ? facts : { ...facts, tags: { ...facts.tags, ...tags } };
  if (!entries.some(has)) return facts;
  const gone = new Set(entries.filter(has).map(([key]) => key));
  return { ...facts, tags: Object.fromEntries(Object.entries(facts.tags).filter(([key]) => !gone.has(key))) };
}
