import type { InstanceProfile } from "../api/instance-profile.ts";
import { nameKey } from "../model/naming.ts";
import type { Blocker } from "./plan.ts";

/** One thing in AWS that an object asks for, and that only one object can own. */
interface OwnedName {
  /** Equal for names that IAM takes for the same. */
  readonly key: string;
  readonly title: string;
}

/**
 * Why objects of one input cannot all be applied: the controller lets the first own a role or an instance profile and blocks every
 * other one. In the order of the objects; empty for an object that has its names for itself.
 */
export function sharedNameBlockers(objects: readonly InstanceProfile[]): readonly (readonly Blocker[])[] {
  const owners = new Map<string, string>();
  return objects.map(({ metadata, spec }) => {
    const id = `${metadata.namespace}/${metadata.name}`;
    return namesOf(spec).flatMap(({ key, title }) => {
      const first = owners.get(key);
      if (first === undefined) owners.set(key, id);
      return first === undefined ? [] : [blockerOf(title, first, id)];
    });
  });
}

function namesOf({ roleName, instanceProfileName }: InstanceProfile["spec"]): readonly OwnedName[] {
  return [
    { key: `role ${nameKey(roleName)}`, title: `role ${roleName}` },
    { key: `instance profile ${nameKey(instanceProfileName)}`, title: `instance profile ${instanceProfileName}` },
  ];
}

function blockerOf(title: string, first: string, id: string): Blocker {
  const message =
    first === id
      ? `${title}: InstanceProfile ${id} is in this input more than once, and the last one applied wins. Remove the others.`
      : `${title} is that of InstanceProfile ${first} in this input, too. Only one object can own it: choose another name.`;
  return { reason: "OwnedByAnother", message };
}
