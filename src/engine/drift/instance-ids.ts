/** Deeper and larger parameters are cut: the next instance scan reads the rest. */
const MAX_DEPTH = 8;
const MAX_VALUES = 2_000;

const INSTANCE_OR_ASSOCIATION = /^(?:i|iip-assoc)-[0-9a-f]{8,32}$/;

/**
 * The ids of instances and of their profile associations, anywhere in the parameters and the reply of a call: CloudTrail has another
 * shape for each action.
 */
export function instanceIdsIn(values: readonly unknown[]): readonly string[] {
  const ids = new Set<string>();
  let level: readonly unknown[] = values;
  let visited = 0;
  for (let depth = 0; depth < MAX_DEPTH && visited < MAX_VALUES; depth += 1) {
    const next: unknown[] = [];
    for (const value of level.slice(0, MAX_VALUES - visited)) {
      visited += 1;
      if (typeof value === "string" && INSTANCE_OR_ASSOCIATION.test(value)) ids.add(value);
      if (typeof value === "object" && value !== null) next.push(...Object.values(value).slice(0, MAX_VALUES));
    }
    level = next;
  }
  return [...ids];
}
