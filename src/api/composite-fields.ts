import { applyRules, type Fault, type Field, type FieldSchema, quote, type Rule, wrongType } from "./field.ts";
import { messagesOf } from "./scalar-fields.ts";

/** Bounds of a list. */
export interface ListBounds {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly listType: "atomic" | "set" | "map";
  readonly listMapKeys?: readonly string[];
}

/** A list of one kind of item. In a `set` no item may appear twice. */
export function list<T>(
  item: Field<T>,
  bounds: ListBounds,
  ...rules: readonly Rule<readonly T[]>[]
): Field<readonly T[]> {
  return {
    schema: { type: "array", ...bounds, items: item.schema, ...messagesOf(rules) },
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
      if (bounds.listType === "set") checkUnique(whole, path, faults);
      if (whole.length < items.length) return undefined;
      applyRules(rules, whole, { path, shown: undefined }, faults);
      return whole;
    },
  };
}

/** Bounds of a map. */
export interface MapBounds {
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** A map from any key to one kind of value. */
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
      const keys = Object.keys(value);
      const sizes: SizeBounds = { least: bounds.minProperties, most: bounds.maxProperties, noun: "properties" };
      checkSize(keys.length, sizes, path, faults);
      const entries = keys.map((key) => [key, entry.read(value[key], `${path}[${clip(key)}]`, faults)] as const);
      const whole = entries.filter((pair): pair is readonly [string, T & {}] => pair[1] !== undefined);
      if (whole.length < entries.length) return undefined;
      // Object.fromEntries, not assignment: a key may be "__proto__".
      const result = Object.fromEntries<T>(whole);
      applyRules(rules, result, { path, shown: undefined }, faults);
      return result;
    },
  };
}

/** A property that the manifest must have. */
export interface RequiredProperty<T> {
  readonly presence: "required";
  readonly field: Field<T>;
}

/** A property that is filled in when the manifest has none, or null. */
export interface DefaultedProperty<T> {
  readonly presence: "defaulted";
  readonly field: Field<T>;
  /** As the manifest would have it; it is read like one. */
  readonly value: unknown;
}

/** A property that may stay away. */
export interface OptionalProperty<T> {
  readonly presence: "optional";
  readonly field: Field<T>;
}

/** Every property of `T`, no other; optional exactly where `T` has it optional. The compiler checks both. */
export type Properties<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K>
    ? OptionalProperty<Exclude<T[K], undefined>>
    : RequiredProperty<T[K]> | DefaultedProperty<T[K]>;
};

/** `field`, which the manifest must have. */
export function required<T>(field: Field<T>): RequiredProperty<T> {
  return { presence: "required", field };
}

/** `field`, or `value` where the manifest has none. */
export function defaulted<T>(field: Field<T>, value: unknown): DefaultedProperty<T> {
  return { presence: "defaulted", field, value };
}

/** `field`, which may stay away. */
export function optional<T>(field: Field<T>): OptionalProperty<T> {
  return { presence: "optional", field };
}

/** An object with known properties; any other property is a fault. */
export function object<T>(properties: Properties<T>, ...rules: readonly Rule<T>[]): Field<T> {
  return readerOf(properties, rules, "refuse");
}

/** An object that Kubernetes or an earlier version of the controller wrote: what is not known, and null, is not seen. */
export function foreignObject<T>(properties: Properties<T>): Field<T> {
  return readerOf(properties, [], "ignore");
}

type AnyProperty = RequiredProperty<unknown> | DefaultedProperty<unknown> | OptionalProperty<unknown>;

function readerOf<T>(properties: Properties<T>, rules: readonly Rule<T>[], strangers: "refuse" | "ignore"): Field<T> {
  const known: readonly (readonly [string, AnyProperty])[] = Object.entries(properties);
  const names = new Set(known.map(([name]) => name));
  return {
    schema: { ...objectSchema(known), ...messagesOf(rules) },
    read(value, path, faults) {
      if (!isObject(value)) {
        faults.push(wrongType(value, path, "object"));
        return undefined;
      }
      if (strangers === "refuse") refuseStrangers(value, names, path, faults);
      const source = strangers === "refuse" ? value : withoutNulls(value);
      const outcomes = known.map(([name, property]): [string, PropertyOutcome] => {
        const found = Object.hasOwn(source, name) ? source[name] : undefined;
        return [name, readProperty(property, found, `${path}.${name}`, faults)];
      });
      if (outcomes.some(([, outcome]) => outcome === "broken")) return undefined;
      const entries = outcomes.flatMap(([name, outcome]) =>
        typeof outcome === "string" ? [] : [[name, outcome.value]],
      );
      // The only cast: `properties` has exactly the keys of T, and each value came from the field of its key.
      const result = Object.fromEntries(entries) as T;
      applyRules(rules, result, { path, shown: undefined }, faults);
      return result;
    },
  };
}

function withoutNulls(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
}

type PropertyOutcome = "absent" | "broken" | { readonly value: unknown };

function readProperty(property: AnyProperty, found: unknown, path: string, faults: Fault[]): PropertyOutcome {
  let input = found;
  // Like the API server, null gives way to a default and is a fault elsewhere.
  if (property.presence === "defaulted") input = found ?? property.value;
  if (input === undefined) {
    if (property.presence === "optional") return "absent";
    faults.push({ path, problem: "Required value" });
    return "broken";
  }
  const value = property.field.read(input, path, faults);
  return value === undefined ? "broken" : { value };
}

function objectSchema(known: readonly (readonly [string, AnyProperty])[]): FieldSchema {
  const properties = known.map(([name, property]): [string, FieldSchema] => [
    name,
    property.presence === "defaulted" ? { ...property.field.schema, default: property.value } : property.field.schema,
  ]);
  const needed = known.filter(([, property]) => property.presence === "required").map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(needed.length === 0 ? {} : { required: needed }),
  };
}

function refuseStrangers(
  value: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
  path: string,
  faults: Fault[],
): void {
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    const known = [...names].join(", ");
    faults.push({
      path: `${path}.${clip(name)}`,
      problem: `unknown field "${path}.${clip(name)}": write one of ${known}`,
    });
  }
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

function checkUnique(values: readonly unknown[], path: string, faults: Fault[]): void {
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value))
      faults.push({ path: `${path}[${index}]`, problem: `Duplicate value: ${quote(String(value))}` });
    seen.add(value);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function clip(key: string): string {
  return key.length > 64 ? `${key.slice(0, 64)}...` : key;
}
