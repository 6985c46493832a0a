/**
 * Where a value is in an object, as a chain up to the root: an object has thousands of values, and text is needed only of those that
 * are refused. Undefined is the object itself.
 */
export interface ValuePath {
  readonly above: ValuePath | undefined;
  /** The index of a list item, or a key. */
  readonly step: number | string;
  /** Whether the key is one of a map, which is written in brackets. */
  readonly isMapKey: boolean;
}

/** `spec.statements[0].actions`, `spec.tags[team]`; empty for the object itself. */
export function pathText(path: ValuePath | undefined): string {
  if (path === undefined) {
    return "";
  }
  const { above, step, isMapKey } = path;
  const before = pathText(above);
  if (typeof step === "number" || isMapKey) {
    return `${before}[${step}]`;
  }
  return before === "" ? step : `${before}.${step}`;
}
