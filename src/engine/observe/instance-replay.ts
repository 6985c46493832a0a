import type { InstanceFacts } from "../../model/instances/instance.ts";
import type { CreatedEntity } from "../../plan/action.ts";
import { type AssociationAction, type InstanceAction, isTagAction } from "../../plan/instances/instance-action.ts";
import { associationAfter } from "../../plan/instances/simulate-instances.ts";

/** A write of ours to EC2, and when it succeeded. */
export interface InstanceWrite {
  readonly atMs: number;
  readonly action: InstanceAction;
  readonly created: CreatedEntity | undefined;
}

/** What the writes make of what was read. */
export interface Replay {
  /** The instances that look different for them, as they look now. */
  readonly changed: readonly InstanceFacts[];
  /** The writes that the reading did not show. One that it has shown needs no remembering. */
  readonly unseen: readonly InstanceWrite[];
}

/**
 * Our writes, oldest first, on instances as EC2 shows them: what the reading does not show yet is added. Where somebody else has
 * written since, what he left stays: association ids tell.
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

/** The very facts when the write shows in them, or no longer counts. */
function afterWrite(facts: InstanceFacts, { action, created }: InstanceWrite): InstanceFacts {
  if (isTagAction(action)) return withTags(facts, action.kind, action.tags);
  if (!isBefore(facts, action)) return facts;
  const profile = { arn: created?.arn ?? "", id: "" };
  return { ...facts, ...associationAfter(cleared(facts, action), action, profile, created) };
}

/** True when what is there is what the write found, so that the write does not show yet. */
function isBefore({ association }: InstanceFacts, action: AssociationAction): boolean {
  if (action.kind === "AssociateIamInstanceProfile") {
    return association === undefined || association.associationId === "" || association.state === "disassociating";
  }
  return association?.associationId === action.associationId;
}

/** What is on its way out is no obstacle to what comes in. */
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
