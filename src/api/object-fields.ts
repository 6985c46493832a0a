import {
  applyRules,
  clip,
  type Fault,
  type Field,
  type FieldSchema,
  isObject,
  messagesOf,
  type Rule,
  wrongType,
} from "./field.ts";

/** A property that the manifest must have. */
export interface RequiredProperty<T> {
  readonly presence: "required";
  readonly field: Field<T>;
}

/** A property with a default, which applies when the manifest has none, or null. */
export interface DefaultedProperty<T> {
  readonly presence: "defaulted";
  readonly field: Field<T>;
  /** The default, in the form of a manifest. */
  readonly value: unknown;
}

/** A property that the manifest may omit. */
export interface OptionalProperty<T> {
  readonly presence: "optional";
  readonly field: Field<T>;
}

/** Exactly the properties of `T`, optional where they are optional in `T`. The compiler checks both. */
export type Properties<T> = {
  readonly [K in keyof T]-?: Partial<Pick<T, K>> extends Pick<T, K>
    ? OptionalProperty<Exclude<T[K], undefined>>
    : RequiredProperty<T[K]> | DefaultedProperty<T[K]>;
};

/** `field`, which the manifest must have. */
export function required<T>(field: Field<T>): RequiredProperty<T> {
  return { presence: "required", field };
}

/** `field`, or `value` if the manifest has none. */
export function defaulted<T>(field: Field<T>, value: unknown): DefaultedProperty<T> {
  return { presence: "defaulted", field, value };
}

/** `field`, which the manifest may omit. */
export function optional<T>(field: Field<T>): OptionalProperty<T> {
  return { presence: "optional", field };
}

/** An object with known properties; any other property is an error. A property that is null is absent. */
export function object<T>(properties: Properties<T>, ...rules: readonly Rule<T>[]): Field<T> {
  return readerOf(properties, rules, "refuse");
}

/**
 * An object with exactly one of two properties. The CRD says so in a way that does not read their values, because one of them may be of
 * any type.
 */
export function eitherOf<T extends object>(one: keyof T & string, other: keyof T & string, field: Field<T>): Field<T> {
  return {
    schema: { ...field.schema, oneOf: [one, other] },
    read(value, path, faults) {
      const isOther = isObject(value) && ((value[one] ?? null) === null) === ((value[other] ?? null) === null);
      if (isOther) faults.push({ path, problem: `Invalid value: write exactly one of ${one} and ${other}` });
      return field.read(value, path, faults);
    },
  };
}

/** An object that Kubernetes or another version of the controller wrote: unknown properties are ignored. */
export function lenientObject<T>(properties: Properties<T>): Field<T> {
  return readerOf(properties, [], "ignore");
}

type AnyProperty = RequiredProperty<unknown> | DefaultedProperty<unknown> | OptionalProperty<unknown>;

function readerOf<T>(properties: Properties<T>, rules: readonly Rule<T>[], unknown: "refuse" | "ignore"): Field<T> {
  const known: readonly (readonly [string, AnyProperty])[] = Object.entries(properties);
  const names = new Set(known.map(([name]) => name));
  return {
    schema: { ...objectSchema(known), ...messagesOf(rules) },
    read(value, path, faults) {
      if (!isObject(value)) {
        faults.push(wrongType(value, path, "object"));
        return undefined;
      }
      if (unknown === "refuse") refuseUnknown(value, names, path, faults);
      const outcomes = known.map(([name, property]): [string, PropertyOutcome] => {
        const found = Object.hasOwn(value, name) ? value[name] : undefined;
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

type PropertyOutcome = "absent" | "broken" | { readonly value: unknown };

function readProperty(property: AnyProperty, found: unknown, path: string, faults: Fault[]): PropertyOutcome {
  // As in the API server, a property that is null is absent.
  const input = found ?? (property.presence === "defaulted" ? property.value : undefined);
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
  const mandatory = known.filter(([, property]) => property.presence === "required").map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(mandatory.length === 0 ? {} : { required: mandatory }),
  };
}

function refuseUnknown(
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
