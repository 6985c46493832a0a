/**
 * What the rest of the sandbox may know of a custom resource's schema: the shapes that cross the folder's border.
 *
 * | function          | file              |
 * | ----------------- | ----------------- |
 * | compileCrd        | compile-crd.ts    |
 * | serverSideApply   | server-side-apply.ts |
 * | trackUpdate       | track-update.ts   |
 * | builtInKinds      | built-in-kinds.ts |
 * | servedKinds       | served-kinds.ts   |
 * | openApiV3, openApiV3Index | open-api-v3.ts |
 * | openApiV2         | open-api-v2.ts    |
 * | invalidMessage    | field-cause.ts    |
 */

export type Json = string | number | boolean | null | Json[] | JsonObject;

export type JsonObject = { [key: string]: Json };

export type CauseReason =
  | "FieldValueInvalid"
  | "FieldValueRequired"
  | "FieldValueNotSupported"
  | "FieldValueTypeInvalid"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueForbidden"
  | "FieldValueDuplicate";

/** One entry of `status.details.causes` of a 422 answer; `message` does not repeat the field. */
export interface FieldCause {
  readonly reason: CauseReason;
  /** As the API server writes it: `spec.statements[0].actions`, `spec.tags[team]`; `<nil>` for the object itself. */
  readonly field: string;
  readonly message: string;
}

/** `additionalPrinterColumns` of a version, with the defaults filled in. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "integer" | "number" | "string" | "boolean" | "date";
  readonly format: string;
  readonly description: string;
  /** 0 is shown always, more only with `-o wide`. */
  readonly priority: number;
  /** A simple JSON path that starts with a dot, as in the CRD. */
  readonly jsonPath: string;
}

/** A kind's schema as server-side apply and OpenAPI read it: both a CompiledVersion and a ServedKind are one. */
export interface WithSchema {
  /** The whole object's OpenAPI v3 schema with its `x-kubernetes-*` extensions. */
  readonly schema: JsonObject;
  /** With a status subresource, only requests to it may change and own `status`. */
  readonly hasStatus: boolean;
}

export interface CompiledVersion extends WithSchema {
  readonly name: string;
  readonly storage: boolean;
  readonly served: boolean;
  readonly deprecated: boolean;
  readonly deprecationWarning: string;
  readonly printerColumns: readonly PrinterColumn[];
  /** JSON paths with a leading dot, as in the CRD. */
  readonly selectableFields: readonly string[];
  /** The paths that `prune` would remove, as strict decoding names them: `spec.foo`, `spec.list[1].bar`. */
  unknownFields(object: JsonObject): readonly string[];
  /** A copy without the fields that the schema does not know. `apiVersion`, `kind` and ObjectMeta are always known. */
  prune(object: JsonObject): JsonObject;
  /** A copy with the schema's defaults set, and with nulls dropped where the API server drops them. */
  applyDefaults(object: JsonObject): JsonObject;
  /**
   * Schema, list types and CEL rules; empty when the object may be stored. `old` is the stored object of an update:
   * it feeds the transition rules and lets what did not change stay invalid (ratcheting, as in Kubernetes >= 1.30).
   * ObjectMeta (names, labels, finalizers) is not judged here.
   */
  validate(object: JsonObject, old?: JsonObject): readonly FieldCause[];
}

export interface CompiledCrd {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly versions: readonly CompiledVersion[];
}

/** `compileCrd` throws InvalidCrdError (field-cause.ts) that lists everything wrong with the CRD. */
export type CompileCrd = (crd: JsonObject) => CompiledCrd;

/** A kind that the server serves under one group-version: a version of a CRD or a built-in. */
export interface ServedKind extends WithSchema {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
}

/** The served versions of a CRD as kinds. */
export type ServedKinds = (crd: CompiledCrd) => readonly ServedKind[];

/** The document behind `/openapi/v3`: `{paths: {"apis/<group>/<version>": {serverRelativeURL}}}`. */
export type OpenApiV3Index = (kinds: readonly ServedKind[]) => JsonObject;

/** The document behind `/openapi/v3/apis/<group>/<version>` or `/openapi/v3/api/v1`; other groups' kinds are ignored. */
export type OpenApiV3 = (group: string, version: string, kinds: readonly ServedKind[]) => JsonObject;

/** The document behind `/openapi/v2`, as JSON. */
export type OpenApiV2 = (kinds: readonly ServedKind[]) => JsonObject;

export interface ApplyRequest {
  /** The stored object, with its managedFields; absent when apply creates. */
  readonly live?: JsonObject;
  /** The applied configuration as it was sent; it may not carry managedFields. */
  readonly applied: JsonObject;
  /** The `fieldManager` query parameter. */
  readonly manager: string;
  readonly force: boolean;
  /** Empty for the main resource. */
  readonly subresource: string;
  /** Absent: lists are atomic but for the well-known ones of ObjectMeta. */
  readonly version?: WithSchema;
  /** The time for managedFields, as `2026-01-02T03:04:05Z`. */
  readonly now: string;
}

export type ApplyOutcome =
  | { readonly kind: "applied"; readonly object: JsonObject }
  | { readonly kind: "conflict"; readonly message: string; readonly causes: readonly ConflictCause[] };

/** One entry of `status.details.causes` of a 409 answer to an apply. */
export interface ConflictCause {
  readonly reason: "FieldManagerConflict";
  /** With a leading dot: `.spec.roleName`. */
  readonly field: string;
  /** `conflict with "kubectl-client-side-apply" using v1`. */
  readonly message: string;
}

/** Merges an applied configuration into the live object and keeps the record of who owns what. */
export type ServerSideApply = (request: ApplyRequest) => ApplyOutcome;

export interface UpdateRequest {
  /** The stored object, with its managedFields; absent on create. */
  readonly live?: JsonObject;
  /** The object as it will be stored. Its managedFields, if any, replace the live ones (an empty list clears them). */
  readonly updated: JsonObject;
  readonly manager: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  readonly version?: WithSchema;
  readonly now: string;
}

/** Records a create, update or patch in managedFields and returns the object to store. */
export type TrackUpdate = (request: UpdateRequest) => JsonObject;
