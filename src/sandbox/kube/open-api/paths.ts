import type { Json, JsonObject, ServedKind } from "../../../crd/contract.ts";
import { builtInKinds } from "../built-in/kinds.ts";
import {
  deleteOptionsName,
  groupVersionKind,
  patchName,
  type RefPrefix,
  ref,
  schemaName,
  statusName,
} from "./definitions.ts";

type Verb = "get" | "list" | "post" | "put" | "patch" | "delete" | "deletecollection";

const methods: Readonly<Record<Verb, string>> = {
  get: "get",
  list: "get",
  post: "post",
  put: "put",
  patch: "patch",
  delete: "delete",
  deletecollection: "delete",
};

const described: Readonly<Record<string, string>> = {
  dryRun: "All: judge the request, but store nothing.",
  fieldManager: "The name under which ownership of the changed fields is recorded.",
  fieldValidation: "What to do about unknown and duplicate fields: Ignore, Warn or Strict.",
  force: "Take fields over that other managers own. Only for apply.",
  pretty: "Whether to indent the answer.",
  continue: "Go on with the list after this token.",
  fieldSelector: "Only objects with these fields.",
  labelSelector: "Only objects with these labels.",
  limit: "At most so many entries.",
  resourceVersion: "The version to read or watch from.",
  resourceVersionMatch: "How resourceVersion is meant.",
  sendInitialEvents: "Whether a watch begins with what is there.",
  timeoutSeconds: "How long the call may take.",
  watch: "Follow the changes instead of listing.",
  allowWatchBookmarks: "Whether a watch may send bookmarks.",
  gracePeriodSeconds: "Seconds before the object is removed.",
  propagationPolicy: "Orphan, Background or Foreground.",
};

const listed = [
  ...["allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion"],
  ...["resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"],
];
const queries: Readonly<Record<Verb, readonly string[]>> = {
  get: [],
  list: listed,
  post: ["dryRun", "fieldManager", "fieldValidation"],
  put: ["dryRun", "fieldManager", "fieldValidation"],
  patch: ["dryRun", "fieldManager", "fieldValidation", "force"],
  delete: ["dryRun", "gracePeriodSeconds", "propagationPolicy"],
  deletecollection: [...listed, "dryRun", "gracePeriodSeconds", "propagationPolicy"],
};
const booleans = new Set(["allowWatchBookmarks", "force", "sendInitialEvents", "watch"]);
const integers = new Set(["gracePeriodSeconds", "limit", "timeoutSeconds"]);

const patchTypes = [...["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]];

const builtIn: ReadonlySet<string> = new Set(builtInKinds.map((kind) => schemaName(kind, kind.kind)));

/** Only built-in kinds know how to merge lists by their own rules. */
function patchTypesOf(kind: ServedKind): readonly string[] {
  return builtIn.has(schemaName(kind, kind.kind))
    ? [...patchTypes, "application/strategic-merge-patch+json"]
    : patchTypes;
}

/** OpenAPI v3 and v2 name the same things in different places. */
interface Dialect {
  readonly prefix: RefPrefix;
  readonly v3: boolean;
}

function queryParameter(name: string, dialect: Dialect): Json {
  const type = booleans.has(name) ? "boolean" : integers.has(name) ? "integer" : "string";
  const base = { name, in: "query", description: described[name] ?? "" };
  return dialect.v3 ? { ...base, schema: { type, uniqueItems: true } } : { ...base, type, uniqueItems: true };
}

function pathParameter(name: string, dialect: Dialect): Json {
  const base = { name, in: "path", required: true, description: `The ${name} of the object.` };
  return dialect.v3 ? { ...base, schema: { type: "string" } } : { ...base, type: "string" };
}

function bodyName(kind: ServedKind, verb: Verb): string | undefined {
  if (verb === "patch") {
    return patchName;
  }
  if (verb === "delete" || verb === "deletecollection") {
    return deleteOptionsName;
  }
  return verb === "post" || verb === "put" ? schemaName(kind, kind.kind) : undefined;
}

function content(types: readonly string[], schema: JsonObject): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function body(kind: ServedKind, verb: Verb, dialect: Dialect): JsonObject {
  const name = bodyName(kind, verb);
  if (name === undefined || !dialect.v3) {
    return {};
  }
  const types = verb === "patch" ? patchTypesOf(kind) : ["application/json", "application/yaml"];
  return { requestBody: { content: content(types, ref(dialect.prefix, name)) } };
}

function answer(kind: ServedKind, verb: Verb, dialect: Dialect): JsonObject {
  const removes = verb === "delete" || verb === "deletecollection";
  const name = removes ? statusName : schemaName(kind, verb === "list" ? kind.listKind : kind.kind);
  const schema = ref(dialect.prefix, name);
  return dialect.v3
    ? { description: "OK", content: content(["application/json"], schema) }
    : { description: "OK", schema };
}

function parameters(kind: ServedKind, verb: Verb, dialect: Dialect): Json[] {
  const name = dialect.v3 ? undefined : bodyName(kind, verb);
  const sent: Json[] =
    name === undefined ? [] : [{ name: "body", in: "body", required: true, schema: ref(dialect.prefix, name) }];
  return [...sent, ...queries[verb].map((query) => queryParameter(query, dialect))];
}

function operation(kind: ServedKind, verb: Verb, what: string, dialect: Dialect): JsonObject {
  const consumed = verb === "patch" ? patchTypesOf(kind) : ["*/*"];
  return {
    description: `${verb} ${what}`,
    operationId: `${verb}${schemaName(kind, what.replace(/\W/g, "_")).replaceAll(".", "_")}`,
    ...(dialect.v3 ? {} : { consumes: [...consumed], produces: ["application/json"], schemes: ["https"] }),
    parameters: parameters(kind, verb, dialect),
    ...body(kind, verb, dialect),
    responses: { "200": answer(kind, verb, dialect) },
    "x-kubernetes-action": verb,
    "x-kubernetes-group-version-kind": groupVersionKind(kind, kind.kind),
  };
}

function pathItem(
  kind: ServedKind,
  verbs: readonly Verb[],
  what: string,
  variables: readonly string[],
  dialect: Dialect,
): JsonObject {
  const operations = verbs.map((verb) => [methods[verb], operation(kind, verb, what, dialect)] as const);
  return {
    ...Object.fromEntries(operations),
    parameters: [...variables.map((name) => pathParameter(name, dialect)), queryParameter("pretty", dialect)],
  };
}

/** The paths of a kind with the operations and query parameters that clients look for before they use them. */
export function kindPaths(kind: ServedKind, prefix: RefPrefix): JsonObject {
  const dialect: Dialect = { prefix, v3: prefix === "#/components/schemas/" };
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced ? `${root}/namespaces/{namespace}` : root;
  const holders = kind.namespaced ? ["namespace"] : [];
  const all = `${scope}/${kind.plural}`;
  const one = `${all}/{name}`;
  const named = [...holders, "name"];
  const paths: JsonObject = {
    [all]: pathItem(kind, ["list", "post", "deletecollection"], kind.plural, holders, dialect),
    [one]: pathItem(kind, ["get", "put", "patch", "delete"], kind.kind, named, dialect),
  };
  if (kind.hasStatus) {
    paths[`${one}/status`] = pathItem(kind, ["get", "put", "patch"], `${kind.kind} status`, named, dialect);
  }
  if (kind.namespaced) {
    paths[`${root}/${kind.plural}`] = pathItem(kind, ["list"], `${kind.plural} of all namespaces`, [], dialect);
  }
  return paths;
}
