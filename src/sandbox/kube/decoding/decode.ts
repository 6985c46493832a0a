import type { FieldCause, Json, JsonObject } from "../../../crd/contract.ts";
import { invalid as invalidCause } from "../../../crd/field-cause.ts";
import { isObject, stringMember } from "../../../crd/json.ts";
import { schemaCheck } from "../../../crd/schema/schema-check.ts";
import { schemaNode } from "../../../crd/schema/structural.ts";
import { microTimeProblem } from "../built-in/micro-time.ts";
import { apiVersionOf, type Endpoint } from "../endpoint.ts";
import { metaOf, without } from "../json.ts";
import metaSchemas from "../open-api/meta-schemas.json" with { type: "json" };
import { badRequest, invalid, type StatusError } from "../status-error.ts";
import { excerptOf, jsonTypeOf } from "./body.ts";
import type { FieldValidation } from "./request-options.ts";

const metaNode = schemaNode(metaSchemas.ObjectMeta);
const metaCauses = schemaCheck(metaNode);

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
  if (endpoint.rules.typed) refuseWrongTypes(endpoint, endpoint.kind, endpoint.objectSchema.validate(whole));
}

/** Go reads null as nothing, whatever the type. */
function refuseWrongTypes(endpoint: Endpoint, struct: string, causes: readonly FieldCause[]): void {
  for (const { reason, field, message } of causes) {
    const [, wanted = "?", given = "?"] = /must be of type ([\w-]+): "(.*)"$/.exec(message) ?? [];
    if (reason !== "FieldValueTypeInvalid" || given === "null") continue;
    if (wanted === "date-time") {
      const found = `cannot parse ${JSON.stringify(given)} as "2006"`;
      throw cannotBeHandled(endpoint, `parsing time ${JSON.stringify(given)} as "2006-01-02T15:04:05Z07:00": ${found}`);
    }
    const place = `Go struct field ${struct}.${field} of type ${wanted}`;
    throw cannotBeHandled(endpoint, `json: cannot unmarshal ${given} into ${place}`);
  }
}

/** The metadata as ObjectMeta keeps it, and the fields that it had besides. */
function decodeMeta(endpoint: Endpoint, value: JsonObject): { meta: JsonObject; unknown: readonly string[] } {
  const given = value["metadata"] ?? {};
  if (!isObject(given)) {
    const place = `Go struct field ${endpoint.kind}.metadata of type v1.ObjectMeta`;
    throw cannotBeHandled(endpoint, `json: cannot unmarshal ${jsonTypeOf(given)} into ${place}`);
  }
  const said = Object.entries(given).filter(([key, item]) => !isBlank(key, item));
  const known = Object.fromEntries(said.filter(([key]) => metaNode.properties.has(key)));
  refuseWrongTypes(endpoint, "ObjectMeta", metaCauses(known, undefined));
  const unknown = Object.keys(given).filter((key) => !metaNode.properties.has(key));
  return { meta: without(known, "selfLink"), unknown: unknown.map((key) => `metadata.${key}`) };
}

/** What is written back as nothing: Go leaves out the empty values of metadata. */
function isBlank(key: string, item: Json): boolean {
  if (item === null || item === "") return true;
  return key !== "managedFields" && typeof item === "object" && Object.keys(item).length === 0;
}
