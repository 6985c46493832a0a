import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { RE2JS } from "re2js";
import type { Json, JsonObject } from "../contract.ts";
import { isObject, member, setMember, stringMember } from "../json.ts";
import { enforcedFormat, kubernetesFormats } from "./formats.ts";

const plainKeywords: ReadonlySet<string> = new Set([
  "enum",
  "maxItems",
  "maxLength",
  "maxProperties",
  "minItems",
  "minLength",
  "minProperties",
  "multipleOf",
  "pattern",
  "required",
  "uniqueItems",
]);
const schemaKeywords: ReadonlySet<string> = new Set(["additionalProperties", "items", "not"]);
const schemaListKeywords: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf"]);

/** The JSON types that a node admits; empty when it admits all. */
export function admittedTypes(source: JsonObject): readonly string[] {
  const declared = stringMember(source, "type");
  if (member(source, "x-kubernetes-int-or-string") === true) {
    return ["integer", "string"];
  }
  return declared === "" ? [] : [declared];
}

function addTypes(source: JsonObject, target: JsonObject): void {
  const types = admittedTypes(source);
  if (types.length > 0) {
    setMember(target, "type", member(source, "nullable") === true ? [...types, "null"] : [...types]);
  }
  const format = enforcedFormat(stringMember(source, "type"), stringMember(source, "format"));
  if (format !== "") {
    setMember(target, "format", format);
  }
}

/** OpenAPI's `exclusiveMinimum: true` beside `minimum` is JSON Schema's `exclusiveMinimum: <number>`. */
function addLimit(source: JsonObject, target: JsonObject, limit: "minimum" | "maximum"): void {
  const exclusive = limit === "minimum" ? "exclusiveMinimum" : "exclusiveMaximum";
  const bound = member(source, limit);
  if (bound !== undefined) {
    setMember(target, member(source, exclusive) === true ? exclusive : limit, bound);
  }
}

function converted(value: Json): Json {
  return isObject(value) ? toJsonSchema(value) : value;
}

function convertedMember(key: string, value: Json): Json | undefined {
  if (plainKeywords.has(key)) {
    return value;
  }
  if (schemaKeywords.has(key)) {
    return converted(value);
  }
  if (schemaListKeywords.has(key)) {
    return Array.isArray(value) ? value.map(converted) : undefined;
  }
  if (key === "properties" && isObject(value)) {
    const properties: JsonObject = {};
    for (const [name, schema] of Object.entries(value)) {
      setMember(properties, name, converted(schema));
    }
    return properties;
  }
  return undefined;
}

/** The value validations of an OpenAPI v3 schema as JSON Schema draft-07; everything else is left out. */
function toJsonSchema(source: JsonObject): JsonObject {
  const target: JsonObject = {};
  addTypes(source, target);
  addLimit(source, target, "minimum");
  addLimit(source, target, "maximum");
  for (const [key, value] of Object.entries(source)) {
    const keyword = convertedMember(key, value);
    if (keyword !== undefined) {
      setMember(target, key, keyword);
    }
  }
  return target;
}

/** Ajv knows a pattern again by its text form: without one of its own, every pattern would be the first. */
function re2(pattern: string): { test(text: string): boolean; toString(): string } {
  const compiled = RE2JS.compile(pattern);
  return { test: (text) => compiled.test(text), toString: () => `re2:${pattern}` };
}
/** Ajv asks for the source that standalone code would use; none is generated here. */
re2.code = "re2";

function newAjv(): Ajv {
  const made = new Ajv({
    allErrors: true,
    strict: false,
    validateSchema: false,
    logger: false,
    code: { regExp: re2, optimize: false },
  });
  addFormats.default(made);
  for (const [format, test] of Object.entries(kubernetesFormats)) {
    made.addFormat(format, test);
  }
  for (const format of ["int64", "float", "double"]) {
    made.addFormat(format, true);
  }
  return made;
}

/** One for all schemas, because making one takes longer than compiling with it; it forgets each schema at once. */
const ajv = newAjv();

export type SchemaVerdict = (value: Json) => readonly ErrorObject[];

/** A compiled schema; it answers with every failed keyword. Throws for a pattern that is not RE2. */
export function compileJsonSchema(source: JsonObject): SchemaVerdict {
  const schema = toJsonSchema(source);
  const validate: ValidateFunction = ajv.compile(schema);
  ajv.removeSchema(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}
