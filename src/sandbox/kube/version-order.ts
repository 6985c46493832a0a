const stages: Readonly<Record<string, string>> = { alpha: "1", beta: "2", stable: "3" };

/** Sorts API versions: v2, v1, v1beta2, v1alpha1, and others by name after them. */
export function bestVersionFirst(left: string, right: string): number {
  return rank(right).localeCompare(rank(left));
}

function rank(version: string): string {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return `0${version}`;
  const [, major = "", stage = "stable", minor = "0"] = match;
  return `${stages[stage]}${major.padStart(6, "0")}${minor.padStart(6, "0")}`;
}
