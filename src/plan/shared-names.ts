import { hasExternalRole, type InstanceProfile } from "../api/instance-profile.ts";
import { nameKey, sameName } from "../model/naming.ts";
import type { FieldBlocker } from "./plan.ts";

/** An object of an input, for the search for names that objects of the input share. */
export interface InputObject {
  readonly object: Pick<InstanceProfile, "metadata" | "spec">;
  /** Where it is in the input: `app.yaml, document 2`. */
  readonly source: string;
  /** What tells AWS accounts apart: names are unique in each. */
  readonly account: string;
  /** True for an object that creates and changes nothing for a reason of its own: it takes no name. */
  readonly isBlocked: boolean;
}

/**
 * The blockers that objects of one input cause each other, in the order of the input: an object that is in it twice, and a role or
 * instance profile, or a managed policy, that several objects name, in whatever case. The first one that may write takes the name, as in a cluster.
 */
export function sharedNames(input: readonly InputObject[]): readonly (readonly FieldBlocker[])[] {
  const firsts = new Map<string, InputObject>();
  const found = input.map((one): readonly FieldBlocker[] => {
    const first = firsts.get(idOf(one.object));
    if (first === undefined) firsts.set(idOf(one.object), one);
    return first === undefined ? [] : [duplicateBlocker(first)];
  });
  const takers = new Map<string, InputObject>();
  const byTurn = [...input.entries()].sort(([, a], [, b]) => Number(leavesAwsAlone(a)) - Number(leavesAwsAlone(b)));
  for (const [index, one] of byTurn) {
    if (one.isBlocked || found[index]?.length !== 0) continue;
    const names = namesOf(one);
    const shared = names.filter(({ key }) => takers.has(key));
    found[index] = sharedBlockers(shared, takers);
    if (shared.length === 0) for (const { key } of names) takers.set(key, one);
  }
  return found;
}

function leavesAwsAlone({ object: { spec } }: InputObject): boolean {
  return spec.suspend || spec.mode === "DryRun";
}

function duplicateBlocker({ object, source }: InputObject): FieldBlocker {
  const message = `metadata.name: InstanceProfile ${idOf(object)} is also in ${source}, and the last one applied wins. Remove one of them.`;
  return { reason: "DuplicateObject", path: "metadata.name", message };
}

/** A name that an object takes in its account. */
interface TakenName {
  readonly key: string;
  readonly what: "role" | "instance profile" | "managed policy";
  readonly name: string;
  readonly path: string;
}

function namesOf({ object: { spec }, account }: InputObject): readonly TakenName[] {
  const { roleName, instanceProfileName } = spec;
  const taken = (what: TakenName["what"], name: string, path: string): TakenName => {
    return { key: `${account} ${what} ${nameKey(name)}`, what, name, path };
  };
  return [
    // Several objects may put one role of others into their instance profiles.
    ...(hasExternalRole(spec) ? [] : [taken("role", roleName, "spec.roleName")]),
    taken("instance profile", instanceProfileName, "spec.instanceProfileName"),
    // IAM compares the names of managed policies whatever their paths are.
    ...spec.managedPolicies.map(({ name }, index) =>
      taken("managed policy", name, `spec.managedPolicies[${index}].name`),
    ),
  ];
}

/** One blocker for role and instance profile of one name that one object takes, because it is one mistake, and one for each other name. */
function sharedBlockers(
  shared: readonly TakenName[],
  takers: ReadonlyMap<string, InputObject>,
): readonly FieldBlocker[] {
  const [first, second, ...others] = shared;
  const isOneFault =
    second?.what === "instance profile" &&
    first?.what === "role" &&
    sameName(first?.name, second.name) &&
    takers.get(second.key) === takers.get(first?.key ?? "");
  return (isOneFault ? [first, ...others] : shared).flatMap((taken) => {
    const by = takers.get(taken.key);
    if (by === undefined) return [];
    const what = `${isOneFault && taken === first ? "role and instance profile" : taken.what} ${taken.name}`;
    const other = `InstanceProfile ${idOf(by.object)} (${by.source})`;
    const message = `${taken.path}: ${other} also names ${what}. Only one object can own a name: choose another one.`;
    return [{ reason: "OwnedByAnother", path: taken.path, message }];
  });
}

function idOf({ metadata: { namespace, name } }: InputObject["object"]): string {
  return `${namespace}/${name}`;
}
