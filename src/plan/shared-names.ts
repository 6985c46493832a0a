import { nameKey } from "../model/naming.ts";
import type { Blocker, Plan } from "./plan.ts";

/** An object of an input and its plan. */
export interface InputPlan {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
}

/**
 * The blockers of objects that create the same role or instance profile in one input, in the order of the input: the controller creates it
 * for the first object and blocks the others. The owner of what exists in AWS is checked by the plan itself.
 */
export function sharedNameBlockers(planned: readonly InputPlan[]): readonly (readonly Blocker[])[] {
  const creators = new Map<string, string>();
  const seen = new Set<string>();
  return planned.map(({ namespace, name, plan }) => {
    const id = `${namespace}/${name}`;
    if (seen.has(id)) return [duplicateBlocker(id)];
    seen.add(id);
    const created = plan.blockers.length > 0 ? [] : createdBy(plan);
    const blockers = created.flatMap((title) => {
      const first = creators.get(nameKey(title));
      return first === undefined ? [] : [sharedBlocker(title, first)];
    });
    if (blockers.length === 0) for (const title of created) creators.set(nameKey(title), id);
    return blockers;
  });
}

function createdBy({ actions }: Plan): readonly string[] {
  return actions.flatMap((action) => {
    if (action.kind === "CreateRole") return [`role ${action.roleName}`];
    return action.kind === "CreateInstanceProfile" ? [`instance profile ${action.instanceProfileName}`] : [];
  });
}

function duplicateBlocker(id: string): Blocker {
  const message = `InstanceProfile ${id} is in this input more than once, and the last one applied wins. Remove the others.`;
  return { reason: "DuplicateObject", message };
}

function sharedBlocker(title: string, first: string): Blocker {
  const message = `${title} is also created by InstanceProfile ${first} in this input. Only one object can own it: choose another name.`;
  return { reason: "OwnedByAnother", message };
}
