/** Any JSON value. */
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

/** A kind's schema as server-side apply and OpenAPI read it. */
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
  /** With the schema's defaults set, and with nulls dropped where the API server drops them. The object stays as it is. */
  applyDefaults(object: JsonObject): JsonObject;
  /** Without the fields that {@link applyDefaults} sets to the same value. The object stays as it is. */
  withoutDefaults(object: JsonObject): JsonObject;
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
