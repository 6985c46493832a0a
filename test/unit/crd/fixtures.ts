import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { CompiledVersion, FieldCause, JsonObject } from "../../../src/crd/contract.ts";
import { describeCause } from "../../../src/crd/field-cause.ts";

export type Schema = JsonObject;

export function text(more: Schema = {}): Schema {
  return { type: "string", ...more };
}

export function integer(more: Schema = {}): Schema {
  return { type: "integer", ...more };
}

/** A schema's rules; a plain text is a rule without a message. */
export function rules(...entries: readonly (string | Schema)[]): Schema {
  return { "x-kubernetes-validations": entries.map((entry) => (typeof entry === "string" ? { rule: entry } : entry)) };
}

/** A CRD of one version whose spec has the given properties. */
export function crdOf(properties: Schema, spec: Schema = {}, version: Schema = {}): JsonObject {
  const schema = { type: "object", properties: { spec: { type: "object", properties, ...spec } } };
  return crdWith(schema, version);
}

/** A CRD of one version with the whole schema given. */
export function crdWith(openAPIV3Schema: Schema, version: Schema = {}): JsonObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.test.example.com" },
    spec: {
      group: "test.example.com",
      scope: "Namespaced",
      names: { kind: "Widget", plural: "widgets" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema }, ...version }],
    },
  };
}

export function versionOf(crd: JsonObject): CompiledVersion {
  const [version] = compileCrd(crd).versions;
  if (version === undefined) {
    throw new Error("the CRD of the test has no version");
  }
  return version;
}

export function widget(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: "test.example.com/v1", kind: "Widget", metadata: { name: "w", ...metadata }, spec };
}

export function lines(causes: readonly FieldCause[]): readonly string[] {
  return causes.map(describeCause);
}

/** What a new object is refused for, after pruning and defaulting as in a request. */
export function refusals(version: CompiledVersion, spec: JsonObject): readonly string[] {
  return lines(version.validate(version.applyDefaults(version.prune(widget(spec)))));
}

/** What the change of an object from one spec to another is refused for. */
export function changeRefusals(version: CompiledVersion, before: JsonObject, after: JsonObject): readonly string[] {
  return lines(version.validate(widget(after), widget(before)));
}
