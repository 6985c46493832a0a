import type { Json, JsonObject } from "../../../crd/contract.ts";
import { invalid as invalidCause } from "../../../crd/field-cause.ts";
import { isObject, stringMember } from "../../../crd/json.ts";
import { microTimeProblem } from "../built-in/micro-time.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf, without } from "../json.ts";
import { badRequest, invalid, type StatusError } from "../status-error.ts";
import { excerptOf, jsonTypeOf } from "./body.ts";
import type { FieldValidation } from "./request-options.ts";

type MetaType = "string" | "number" | "texts" | "list" | "map" | "time";

const metaFields: Readonly<Record<string, MetaType>> = {
  name: "string",
  generateName: "string",
  namespace: "string",
  selfLink: "string",
  uid: "string",
  resourceVersion: "string",
  generation: "number",
  creationTimestamp: "time",
  deletionTimestamp: "time",
  deletionGracePeriodSeconds: "number",
  labels: "map",
  annotations: "map",
  ownerReferences: "list",
  finalizers: "texts",
  managedFields: "list",
};

/** An object as its schema keeps it, and the fields that it had besides. */
export interface Decoded {
  readonly object: JsonObject;
  /** `unknown field "spec.x"`, `duplicate field "spec.y"`. */
  readonly strictProblems: readonly string[];
}

/**
 * Checks that the body is an object of the endpoint's kind, drops what the schema does not know and fills in defaults.
 * Raises 400 for another kind or for metadata of the wrong types.
 */
export function decodeObject(endpoint: Endpoint, value: JsonObject, duplicates: readonly string[] = []): Decoded {
  checkKind(endpoint, value);
  const { meta, unknown } = decodeMeta(endpoint, value);
  const whole = { ...value, apiVersion: apiVersionOf(endpoint), kind: endpoint.kind, metadata: meta };
  checkTypes(endpoint, whole);
  const fields = [...endpoint.objectSchema.unknownFields(whole), ...unknown];
  return {
    object: withDefaults(endpoint, endpoint.objectSchema.prune(whole)),
    strictProblems: [
      ...duplicates.map((field) => `duplicate field ${JSON.stringify(field)}`),
      ...fields.map((field) => `unknown field ${JSON.stringify(field)}`),
    ],
  };
}

/** The object with the defaults of its schema and of its kind. */
export function withDefaults(endpoint: Endpoint, object: JsonObject): JsonObject {
  const filled = endpoint.objectSchema.applyDefaults(object);
  return endpoint.rules.defaults?.(filled) ?? filled;
}

/** Turns strict problems into warnings, a refusal or nothing, as the request asks. */
export function judgeStrictness(
  problems: readonly string[],
  validation: FieldValidation,
  warnings: string[],
  refuse: (message: string) => StatusError,
): void {
  if (problems.length === 0 || validation === "Ignore") return;
  if (validation === "Strict") throw refuse(`strict decoding error: ${problems.join(", ")}`);
  warnings.push(...problems);
}

/** 400 as the API server words it for a body that it cannot read as the kind. */
export function cannotBeHandled(endpoint: Endpoint, why: string): StatusError {
  return badRequest(
    `${endpoint.kind} in version "${endpoint.version}" cannot be handled as a ${endpoint.kind}: ${why}`,
  );
}

function checkKind(endpoint: Endpoint, value: JsonObject): void {
  const kind = stringMember(value, "kind");
  const apiVersion = stringMember(value, "apiVersion");
  const wantedVersion = apiVersionOf(endpoint);
  if (kind === "" && !endpoint.rules.typed) {
    const text = JSON.stringify(value);
    throw unrecognized(endpoint, `Object 'Kind' is missing in '${text}'`, text);
  }
  if (apiVersion !== wantedVersion && !(apiVersion === "" && endpoint.rules.typed)) {
    const message = `the API version in the data (${apiVersion}) does not match the expected API version (${wantedVersion})`;
    throw badRequest(message);
  }
  if (kind === endpoint.kind || kind === "") return;
  if (endpoint.rules.typed) {
    throw badRequest(`${kind} in version "${endpoint.version}" cannot be handled as a ${endpoint.kind}`);
  }
  const name = stringMember(metaOf(value), "name");
  throw invalid(endpoint.group, kind, name, [invalidCause("kind", kind, `must be ${endpoint.kind}`)]);
}

/** 400 for a body that does not even look like an object. */
export function unrecognized(endpoint: Endpoint, why: string, text: string): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${endpoint.kind}): ${why} (${excerptOf(text)})`,
  );
}

/** A typed kind is decoded into a struct: a value of the wrong type is no invalid object but an unreadable one. */
function checkTypes(endpoint: Endpoint, whole: JsonObject): void {
  for (const time of endpoint.rules.microTimes?.(whole) ?? []) {
    const problem = microTimeProblem(time);
    if (problem !== undefined) throw cannotBeHandled(endpoint, problem);
  }
  if (!endpoint.rules.typed) return;
  const wrong = endpoint.objectSchema.validate(whole).find((cause) => cause.reason === "FieldValueTypeInvalid");
  if (wrong === undefined) return;
  const [, wanted = "?", given = "?"] = /must be of type (\w+): "(\w+)"$/.exec(wrong.message) ?? [];
  const place = `Go struct field ${endpoint.kind}.${wrong.field} of type ${wanted}`;
  throw cannotBeHandled(endpoint, `json: cannot unmarshal ${given} into ${place}`);
}

function decodeMeta(endpoint: Endpoint, value: JsonObject): { meta: JsonObject; unknown: readonly string[] } {
  const given = value["metadata"];
  if (given !== undefined && given !== null && !isObject(given))
    throw cannotBeHandled(endpoint, wrongType("", given, "ObjectMeta"));
  const unknown: string[] = [];
  const kept: [string, Json][] = [];
  for (const [key, item] of Object.entries(metaOf(value))) {
    const type = Object.hasOwn(metaFields, key) ? metaFields[key] : undefined;
    if (type === undefined) unknown.push(`metadata.${key}`);
    else if (!isBlank(key, item)) kept.push([key, checkedMeta(endpoint, key, item, type)]);
  }
  return { meta: without(Object.fromEntries(kept), "selfLink"), unknown };
}

function checkedMeta(endpoint: Endpoint, key: string, item: Json, type: MetaType): Json {
  const bad = badPart(item, type);
  if (bad === undefined) return item;
  if (type === "time" && typeof item === "string") {
    const format = "2006-01-02T15:04:05Z07:00";
    throw cannotBeHandled(
      endpoint,
      `parsing time ${JSON.stringify(item)} as "${format}": cannot parse ${JSON.stringify(item)} as "2006"`,
    );
  }
  throw cannotBeHandled(endpoint, wrongType(`.${key}`, bad, goTypeOf(item, bad, type)));
}

const isText = (item: Json): boolean => typeof item === "string";

/** What each type takes, and what the parts of a list or map must be. */
const metaTypes: Readonly<Record<MetaType, { whole(item: Json): boolean; part?(item: Json): boolean }>> = {
  string: { whole: isText },
  number: { whole: (item) => Number.isInteger(item) },
  time: { whole: (item) => typeof item === "string" && !Number.isNaN(Date.parse(item)) },
  list: { whole: Array.isArray, part: isObject },
  texts: { whole: Array.isArray, part: isText },
  map: { whole: isObject, part: isText },
};

/** The part of the value that is not of the type; undefined when all of it is. */
function badPart(item: Json, type: MetaType): Json | undefined {
  const { whole, part } = metaTypes[type];
  if (!whole(item)) return item;
  return part === undefined || item === null ? undefined : Object.values(item).find((entry: Json) => !part(entry));
}

/** What is written back as nothing: Go leaves out the empty values of metadata. */
function isBlank(key: string, item: Json): boolean {
  if (item === null || item === "") return true;
  return key !== "managedFields" && typeof item === "object" && Object.keys(item).length === 0;
}

function wrongType(path: string, value: Json, wanted: string): string {
  return `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ObjectMeta${path} of type ${wanted}`;
}

function goTypeOf(item: Json, bad: Json, type: MetaType): string {
  const whole: Readonly<Record<MetaType, string>> = {
    string: "string",
    time: "string",
    number: "int64",
    list: "[]v1.OwnerReference",
    texts: "[]string",
    map: "map[string]string",
  };
  return item === bad || type === "string" || type === "number" ? whole[type] : "string";
}
