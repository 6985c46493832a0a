import type { Environment } from "@marcbachmann/cel-js";
import type { Json, JsonObject } from "../contract.ts";
import { isObject, member, sameJson, stringMember } from "../json.ts";
import { type SchemaNode, schemaNode } from "../schema/structural.ts";
import { celName } from "./names.ts";

/** A node as CEL sees it: the name of its declared type and how a JSON value becomes a CEL value of it. */
export interface CelType {
  readonly name: string;
  convert(value: Json): unknown;
}

/** The value behind a CEL object; hidden from rules because no field declares it. */
const origin: unique symbol = Symbol("origin");

/** Seconds and nanoseconds are what the CEL library's own Duration holds; it exports no constructor for text. */
type Literal = (expression: string) => unknown;

const scalarNames: Readonly<Record<string, string>> = {
  boolean: "bool",
  number: "double",
  integer: "int",
  string: "string",
};
const formatNames: Readonly<Record<string, string>> = {
  byte: "bytes",
  date: "google.protobuf.Timestamp",
  "date-time": "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration",
};

const asItIs = (value: Json): unknown => value;

function scalar(value: Json): unknown {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
}

/** Types are named per environment, so each is declared once in it, however many rules use it. */
export class CelTypes {
  readonly #environment: Environment;
  readonly #known = new Map<SchemaNode, CelType | undefined>();
  #count = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Undefined for what rules cannot see: a list or map of values whose type is not known. */
  of(node: SchemaNode): CelType | undefined {
    if (!this.#known.has(node)) {
      this.#known.set(node, this.#declared(node));
    }
    return this.#known.get(node);
  }

  #declared(node: SchemaNode): CelType | undefined {
    if (node.intOrString) {
      return { name: "dyn", convert: scalar };
    }
    if (node.type === "array") {
      return this.#list(node);
    }
    if (node.type === "object") {
      return node.additional === undefined || node.additional === "any"
        ? this.#object(node)
        : this.#map(node.additional);
    }
    return this.#scalar(node);
  }

  #scalar(node: SchemaNode): CelType | undefined {
    const name = scalarNames[node.type];
    const formatted = node.type === "string" ? formatNames[stringMember(node.source, "format")] : undefined;
    if (name === undefined) {
      return undefined;
    }
    if (formatted !== undefined) {
      return { name: formatted, convert: (value) => this.#formatted(formatted, value) };
    }
    return { name, convert: node.type === "integer" ? scalar : asItIs };
  }

  #formatted(type: string, value: Json): unknown {
    if (typeof value !== "string") {
      return value;
    }
    const evaluate: Literal = (expression) => this.#environment.evaluate(expression);
    const text = JSON.stringify(value);
    if (type === "bytes") {
      return new Uint8Array(Buffer.from(value, "base64"));
    }
    if (type === "google.protobuf.Duration") {
      return evaluate(`duration(${text})`);
    }
    const time = value.includes("T") || value.includes("t") ? text : JSON.stringify(`${value}T00:00:00Z`);
    return evaluate(`timestamp(${time})`);
  }

  #list(node: SchemaNode): CelType | undefined {
    const items = node.items === undefined ? undefined : this.of(node.items);
    if (items === undefined) {
      return undefined;
    }
    const scalarItems = node.items?.type !== "object" && node.items?.type !== "array";
    const asSet = node.listType === "set" && scalarItems;
    return {
      name: `list<${items.name}>`,
      convert: (value) => {
        const list = Array.isArray(value) ? value : [];
        const converted = items.convert === asItIs ? list : list.map((entry) => items.convert(entry));
        return asSet ? new Set(converted) : converted;
      },
    };
  }

  #map(values: SchemaNode): CelType | undefined {
    const type = this.of(values);
    if (type === undefined) {
      return undefined;
    }
    return {
      name: `map<string, ${type.name}>`,
      convert: (value) =>
        new Map(Object.entries(isObject(value) ? value : {}).map(([key, entry]) => [key, type.convert(entry)])),
    };
  }

  #object(node: SchemaNode): CelType {
    this.#count += 1;
    const name = `object${this.#count}`;
    const fields: Field[] = [];
    for (const [property, schema] of node.properties) {
      const name = celName(property);
      const type = name === undefined ? undefined : this.of(schema);
      if (name !== undefined && type !== undefined) {
        fields.push({ name, property, type, nullable: schema.nullable });
      }
    }
    const Value = newValueClass(fields);
    this.#environment.registerType(name, {
      ctor: Value,
      fields: Object.fromEntries(fields.map((field) => [field.name, field.nullable ? "dyn" : field.type.name])),
    });
    this.#environment.registerOperator(`${name} == ${name}`, sameOrigin);
    return { name, convert: (value) => new Value(isObject(value) ? value : {}) };
  }
}

/** A property as CEL sees it, by its name in CEL and in JSON. */
interface Field {
  readonly name: string;
  readonly property: string;
  readonly type: CelType;
  readonly nullable: boolean;
}

interface CelObject {
  readonly [origin]: JsonObject;
}

/**
 * The library tells types apart by constructor, so every object type needs a class of its own. A field is converted when a rule
 * first reads it: every level of an object may have rules, and most of them read little of what is below.
 */
function newValueClass(fields: readonly Field[]): new (source: JsonObject) => CelObject {
  class Value implements CelObject {
    readonly [origin]: JsonObject;
    readonly converted = new Map<string, unknown>();

    constructor(source: JsonObject) {
      this[origin] = source;
    }
  }
  for (const { name, property, type } of fields) {
    Object.defineProperty(Value.prototype, name, {
      get(this: Value): unknown {
        const value = member(this[origin], property);
        if (value === undefined || value === null) {
          return value;
        }
        if (!this.converted.has(name)) {
          this.converted.set(name, type.convert(value));
        }
        return this.converted.get(name);
      },
    });
  }
  return Value;
}

function sameOrigin(left: CelObject, right: CelObject): boolean {
  return sameJson(left[origin], right[origin]);
}

const text = schemaNode({ type: "string" });
const visibleMeta = schemaNode({
  type: "object",
  properties: { name: { type: "string", maxLength: 253 }, generateName: { type: "string", maxLength: 252 } },
});

/** Of a resource's own fields, rules see apiVersion, kind, metadata.name and metadata.generateName, whatever is declared. */
export function withResourceFields(node: SchemaNode): SchemaNode {
  const properties = new Map([...node.properties, ["apiVersion", text], ["kind", text], ["metadata", visibleMeta]]);
  return { ...node, properties };
}
