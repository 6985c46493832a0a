/** True when writing the status `next` over `current` would change nothing. The order of keys does not matter. */
export function sameStatus<Status extends object>(current: Partial<Status> | undefined, next: Status): boolean {
  return JSON.stringify(sortKeys(current ?? {})) === JSON.stringify(sortKeys(next));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sortKeys(part)]),
  );
}
