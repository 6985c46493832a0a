import {
  applyRules,
  clip,
  type Fault,
  type Field,
  type FieldSchema,
  isObject,
  messagesOf,
  quote,
  type Rule,
  wrongType,
} from "./field.ts";

/** Bounds of a list. */
export interface ListBounds {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly listType: "atomic" | "set" | "map";
  readonly listMapKeys?: readonly string[];
}

/**
 * A list of one kind of item. In a `set` no item may appear twice.
 *
 * The schema of the items has no defaults: the API server would write them into the stored lists, which kubectl and Argo
 * CD then compare as a whole with those of the manifest and find different each time. The parser fills them in.
 */
export function list<T>(
  item: Field<T>,
  bounds: ListBounds,
  ...rules: readonly Rule<readonly T[]>[]
): Field<readonly T[]> {
  return {
    schema: { type: "array", ...bounds, items: withoutDefaults(item.schema), ...messagesOf(rules) },
    read(value, path, faults) {
      if (!Array.isArray(value)) {
        faults.push(wrongType(value, path, "array"));
        return undefined;
      }
      checkSize(value.length, { least: bounds.minItems, most: bounds.maxItems, noun: "items" }, path, faults);
      const items = Array.from<unknown, T | undefined>(value, (entry, index) =>
        item.read(entry, `${path}[${index}]`, faults),
      );
      const whole = items.filter((entry) => entry !== undefined);
      if (bounds.listType === "set") checkUnique(items, path, faults);
      if (bounds.listMapKeys !== undefined) checkUniqueKeys(value, bounds.listMapKeys, path, faults);
      if (whole.length < items.length) return undefined;
      applyRules(rules, whole, { path, shown: undefined }, faults);
      return whole;
    },
  };
}

function withoutDefaults({ default: _, ...schema }: FieldSchema): FieldSchema {
  const { properties } = schema;
  if (properties === undefined) return schema;
  const entries = Object.entries(properties).map(([key, property]) => [key, withoutDefaults(property)]);
  return { ...schema, properties: Object.fromEntries(entries) };
}

/** Bounds of a map. */
export interface MapBounds {
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** A map from any key to one kind of value. As in the API server, a key whose value is null is absent. */
export function map<T>(
  entry: Field<T>,
  bounds: MapBounds,
  ...rules: readonly Rule<Readonly<Record<string, T>>>[]
): Field<Readonly<Record<string, T>>> {
  return {
    schema: { type: "object", ...bounds, additionalProperties: entry.schema, ...messagesOf(rules) },
    read(value, path, faults) {
      if (!isObject(value)) {
        faults.push(wrongType(value, path, "object"));
        return undefined;
      }
      const keys = Object.keys(value).filter((key) => value[key] !== null);
      const sizes: SizeBounds = { least: bounds.minProperties, most: bounds.maxProperties, noun: "properties" };
      checkSize(keys.length, sizes, path, faults);
      const entries = keys.map((key) => [key, entry.read(value[key], `${path}.${clip(key)}`, faults)] as const);
      const whole = entries.filter((pair): pair is readonly [string, T & {}] => pair[1] !== undefined);
      if (whole.length < entries.length) return undefined;
      // Object.fromEntries, not assignment: a key may be "__proto__".
      const result = Object.fromEntries<T>(whole);
      applyRules(rules, result, { path, shown: undefined }, faults);
      return result;
    },
  };
}

interface SizeBounds {
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly noun: "items" | "properties";
}

function checkSize(size: number, { least, most, noun }: SizeBounds, path: string, faults: Fault[]): void {
  if (least !== undefined && size < least) {
    faults.push({ path, problem: `Invalid value: ${size}: ${path} in body should have at least ${least} ${noun}` });
  }
  if (most !== undefined && size > most) {
    faults.push({ path, problem: `Too many: ${size}: must have at most ${most} ${noun}` });
  }
}

function checkUniqueKeys(items: readonly unknown[], keys: readonly string[], path: string, faults: Fault[]): void {
  const shown = items.map((item) => (isObject(item) ? JSON.stringify(keys.map((key) => item[key])) : item));
  checkUnique(shown, path, faults);
}

function checkUnique(values: readonly unknown[], path: string, faults: Fault[]): void {
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value))
      faults.push({ path: `${path}[${index}]`, problem: `Duplicate value: ${quote(String(value))}` });
    seen.add(value);
  }
}
