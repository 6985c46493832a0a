import type { FieldCause, Json, JsonObject, WithSchema } from "../../crd/contract.ts";
import type { SelectableFields } from "./query/field-selector.ts";
import type { ServedKind } from "./served-kinds.ts";

/** The verbs of RBAC and discovery. */
export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch";

/** Every verb: what a stored resource offers. */
export const allVerbs: readonly Verb[] = [
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "create",
  "update",
  "watch",
];

/** How objects of a kind are read and judged; see CompiledVersion for what each function promises. */
export interface ObjectSchema extends WithSchema {
  unknownFields(object: JsonObject): readonly string[];
  prune(object: JsonObject): JsonObject;
  applyDefaults(object: JsonObject): JsonObject;
  validate(object: JsonObject, old?: JsonObject): readonly FieldCause[];
}

/** A column of the table that `kubectl get` shows. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is shown always, more only with `-o wide`. */
  readonly priority: number;
  cell(object: JsonObject, nowMs: number): Json;
}

/** What sets one kind's writes apart from another's: the API server calls this its strategy. */
export interface WriteRules {
  /** Whether metadata.generation counts the changes of what is neither metadata nor status. */
  readonly hasGeneration: boolean;
  /** Whether a PUT without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean;
  /** Whether a PUT of what does not exist creates it. */
  readonly createOnUpdate: boolean;
  /** Whether strategic merge patches are taken (as merge patches); custom resources refuse them. */
  readonly strategicPatch: boolean;
  /** Whether lists and deletions speak as typed built-ins do: items without kind and apiVersion. */
  readonly typed: boolean;
  /** Whether a deletion answers with the deleted object and not with a Status. */
  readonly returnsDeleted: boolean;
  /** The group that 422 answers name, when it is not the served one: events are core/v1 to the API server. */
  readonly invalidGroup?: string;
  /** Whether names are labels (63 characters, no dots) and not subdomains (253). */
  readonly nameIsLabel: boolean;
  /** Fills in, when a request is decoded, what the schema's defaults cannot say. */
  defaults?(object: JsonObject): JsonObject;
  /** Fills in what the server sets on create, before validation; nobody owns these fields. */
  prepareCreate?(object: JsonObject): JsonObject;
  /** Puts back what this request may not change; `subresource` is empty for the object itself. */
  prepareUpdate?(object: JsonObject, live: JsonObject, subresource: string): JsonObject;
  /** What a deletion writes beside the deletionTimestamp, e.g. a phase or a finalizer. */
  prepareDelete?(object: JsonObject): JsonObject;
  /** Whether something other than metadata.finalizers keeps a deleted object alive. */
  holdsDeletion?(object: JsonObject): boolean;
  /** The values that must be a MicroTime (or absent): a wrong one is 400, as the API server cannot even decode it. */
  microTimes?(object: JsonObject): readonly (Json | undefined)[];
  /** Rules that no schema states. */
  validate?(object: JsonObject, old?: JsonObject): readonly FieldCause[];
  /** Why the object may not be deleted at all; undefined when it may. */
  deletionRefusal?(name: string): string | undefined;
}

/** One resource as it is served under one group-version. */
export interface Endpoint extends ServedKind {
  /** The collection in the store; two endpoints may be two shapes of one collection. */
  readonly storage: string;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
  readonly objectSchema: ObjectSchema;
  readonly rules: WriteRules;
  readonly columns: readonly TableColumn[];
  readonly fields: SelectableFields;
  /** A warning for each request, as for a deprecated version. */
  readonly deprecation?: string;
  /** From the shape in the store to the shape that is served, and back. */
  fromStored(object: JsonObject): JsonObject;
  toStored(object: JsonObject): JsonObject;
}

/** `v1` or `<group>/<version>`. */
export function apiVersionOf(endpoint: { readonly group: string; readonly version: string }): string {
  return endpoint.group === "" ? endpoint.version : `${endpoint.group}/${endpoint.version}`;
}

/** The key of an object in its collection. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
