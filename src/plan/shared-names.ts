import { nameKey } from "../model/naming.ts";
import type { Blocker, Plan } from "./plan.ts";

/** An object of an input and its plan. */
export interface InputPlan {
  readonly namespace: string;
  readonly name: string;
  readonly plan: Plan;
}

/**
 * Why objects of one input cannot all be applied as planned: the controller creates a role or an instance profile for the first one that
 * names it, and blocks every other one. What is in AWS already has an owner, which the plan itself tells. In the order of the input.
 */
export function sharedNameBlockers(planned: readonly InputPlan[]): readonly (readonly Blocker[])[] {
  const creators = new Map<string, string>();
  const seen = new Set<string>();
  return planned.map(({ namespace, name, plan }) => {
    const id = `${namespace}/${name}`;
    if (seen.has(id)) return [againBlocker(id)];
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

function againBlocker(id: string): Blocker {
  const message = `InstanceProfile ${id} is in this input more than once, and the last one applied wins. Remove the others.`;
  return { reason: "DuplicateObject", message };
}

function sharedBlocker(title: string, first: string): Blocker {
  const message = `${title} is also created by InstanceProfile ${first} in this input. Only one object can own it: choose another name.`;
  return { reason: "OwnedByAnother", message };
}
