import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { CompiledVersion, JsonObject } from "../../../src/crd/contract.ts";
import { CLASS_CRD_FILE, CRD_FILE, documents, type Manifest } from "./samples.ts";

/** What an API server makes of a manifest that is created, or put in the place of a stored one. */
export type ApiAnswer =
  | { readonly outcome: "stored"; readonly stored: Manifest }
  /** `fields` are the paths of the answer's causes, in the API server's form; none for a strict decoding error. */
  | { readonly outcome: "refused"; readonly message: string; readonly fields: readonly string[] };

/** A strict create (or update of `old`) against the sandbox's schema module, without the server around it. */
export function sandboxAnswer(manifest: Manifest, old?: Manifest): ApiAnswer {
  const version = versionOf(manifest["kind"] === "InstanceProfileClass" ? CLASS_CRD_FILE : CRD_FILE);
  const object = structuredClone(manifest) as JsonObject;
  const unknown = version.unknownFields(object);
  if (unknown.length > 0) {
    const message = unknown.map((field) => `unknown field "${field}"`).join(", ");
    return { outcome: "refused", message: `strict decoding error: ${message}`, fields: [] };
  }
  const stored = version.applyDefaults(version.prune(object));
  const before = old === undefined ? undefined : version.applyDefaults(structuredClone(old) as JsonObject);
  const causes = version.validate(stored, before);
  if (causes.length === 0) return { outcome: "stored", stored };
  return {
    outcome: "refused",
    message: causes.map(({ field, message }) => `${field}: ${message}`).join(", "),
    fields: causes.map(({ field }) => field).filter((field) => field !== "<nil>"),
  };
}

const compiled = new Map<string, CompiledVersion>();

function versionOf(file: string): CompiledVersion {
  const known = compiled.get(file) ?? compileCrd(documents(file)[0] as JsonObject).versions[0];
  if (known === undefined) throw new Error(`${file} has no version`);
  compiled.set(file, known);
  return known;
}
