/** A schema of a CRD, as far as the reference shows it. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly "x-kubernetes-list-type"?: "atomic" | "map" | "set";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly {
    readonly rule: string;
    readonly message: string;
    readonly fieldPath?: string;
  }[];
}

/** The type of a field in words. */
export function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.items !== undefined) {
    const [key] = schema["x-kubernetes-list-map-keys"] ?? [];
    const list = schema["x-kubernetes-list-type"] === "set" ? "set" : "list";
    return `${list} of ${pluralOf(typeOf(schema.items))}${key === undefined ? "" : `, by \`${key}\``}`;
  }
  if (schema.additionalProperties !== undefined) return `map to ${pluralOf(typeOf(schema.additionalProperties))}`;
  return schema.format === "date-time" ? "time" : (schema.type ?? "any");
}

function pluralOf(type: string): string {
  if (type.startsWith("`") || type === "any") return type;
  return type.replace(/^(\w+)/, "$1s");
}

/** The default of a field as YAML in one line; empty without one. */
export function defaultOf(schema: Schema): string {
  if (schema.default === undefined) return "";
  return `\`${typeof schema.default === "string" ? schema.default : inFlow(schema.default)}\``;
}

function inFlow(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('"', "")
    .replaceAll(/([:,])/g, "$1 ");
}

/** The bounds of a field in words; empty without any. */
export function boundsOf(schema: Schema): string {
  const own = [
    range(schema.minLength, schema.maxLength, "characters"),
    range(schema.minItems, schema.maxItems, "items"),
    range(schema.minProperties, schema.maxProperties, "entries"),
    range(schema.minimum, schema.maximum, ""),
  ];
  const inner = schema.items ?? schema.additionalProperties;
  const each = inner === undefined ? undefined : range(inner.minLength, inner.maxLength, "characters");
  const all = [...own, each === undefined ? undefined : `each ${each}`].filter((text) => text !== undefined);
  return all.join(", ");
}

function range(min: number | undefined, max: number | undefined, unit: string): string | undefined {
  if (min === undefined && max === undefined) return undefined;
  if (min === max) return unit === "" ? `${min}` : `${min} ${unit}`;
  const bounds = max === undefined ? `at least ${min}` : min === undefined ? `up to ${max}` : `${min} to ${max}`;
  return unit === "" ? bounds : `${bounds} ${unit}`;
}
