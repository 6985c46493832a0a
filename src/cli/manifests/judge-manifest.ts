import { oversizeIn, withBoundedPolicies } from "../../api/bounded-object.ts";
import { type InstanceProfile, KIND } from "../../api/instance-profile.ts";
import { parseInstanceProfile } from "../../api/parse-instance-profile.ts";
import { InvalidObjectError } from "../../api/read-object.ts";
import { hintIn } from "../../api/scalar-fields.ts";
import { compileCrd } from "../../crd/compile-crd.ts";
import type { CompiledVersion, Json, JsonObject } from "../../crd/contract.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import type { Finding } from "../../plan/lint/finding.ts";
import { didYouMean } from "../../text/did-you-mean.ts";
import { readShippedCrd } from "./crd-file.ts";
import type { Manifest } from "./manifests.ts";
import { pastedPolicies } from "./pasted-policy.ts";

/** A manifest as the API server would judge it. */
export interface SchemaVerdict {
  /** Undefined when the API server would reject the manifest. */
  readonly object: InstanceProfile | undefined;
  /** Why the API server would reject the manifest, and which policies are too large for IAM. */
  readonly findings: readonly Finding[];
}

/** Where a fault of the object as a whole is. */
const WHOLE_OBJECT = "the whole object";

/** The compiled CRD, cached in the process: compiling it takes longer than checking a manifest. */
let shippedVersions: readonly CompiledVersion[] | undefined;

function versionOf(value: Manifest["value"]): {
  readonly versions: readonly CompiledVersion[];
  readonly version?: CompiledVersion | undefined;
} {
  shippedVersions ??= compileCrd(readShippedCrd()).versions;
  const version = shippedVersions.find(({ name }) => String(value["apiVersion"]).endsWith(`/${name}`));
  return { versions: shippedVersions, version };
}

/** The manifest without the fields that the API server sets by default. */
export function withoutDefaults<T extends Manifest["value"]>(value: T): T {
  return (versionOf(value).version?.withoutDefaults(value as unknown as JsonObject) as T | undefined) ?? value;
}

/** Checks a manifest against the schema and the rules of the CRD. */
export function judgeManifest({ value }: Pick<Manifest, "value">): SchemaVerdict {
  if (value["kind"] !== KIND)
    return rejected([invalid("kind", `unknown kind${didYouMean(String(value["kind"]), [KIND])}`)]);
  const { version, versions } = versionOf(value);
  if (version === undefined) {
    const known = versions.map(({ name }) => name).join(", ");
    return rejected([invalid("apiVersion", `unknown version; must be one of: ${known}`)]);
  }
  const bounded = withBoundedPolicies(value);
  const object = version.applyDefaults(structuredClone(bounded) as JsonObject);
  const oversize = oversizeFindings(bounded);
  const faults = withPastedPolicies(value, [
    ...version.unknownFields(object).map((path) => unknownField(path, version.schema)),
    ...version.validate(object).map(({ field, message }) => readable(field, message)),
  ]);
  if (faults.length > 0) return rejected([...oversize, ...faults]);
  try {
    return { object: parseInstanceProfile(value), findings: oversize };
  } catch (error) {
    if (!(error instanceof InvalidObjectError)) throw error;
    return rejected([...oversize, ...error.faults.map(({ path, problem }) => invalid(path, problem))]);
  }
}

/** Replaces what the schema says of policies in IAM's JSON with one hint for each. */
function withPastedPolicies(value: Manifest["value"], faults: readonly Finding[]): readonly Finding[] {
  const pasted = pastedPolicies(value["spec"] as JsonValue | undefined);
  if (pasted.length === 0) return faults;
  const isWithin = (path: string): boolean =>
    path === WHOLE_OBJECT ||
    pasted.some((hint) => path.startsWith(hint.path) && /^(?:[.[]|$)/.test(path.slice(hint.path.length)));
  return [...pasted, ...faults.filter(({ path }) => !isWithin(path))];
}

/** An error in a manifest. */
export function invalid(path: string, message: string): Finding {
  return { rule: "invalid", severity: "error", path, message };
}

function rejected(findings: readonly Finding[]): SchemaVerdict {
  return { object: undefined, findings };
}

/** Policies above IAM's size limits. They are not checked any further. */
function oversizeFindings(bounded: object): readonly Finding[] {
  return oversizeIn(bounded).map(({ field, message }) => ({
    ...invalid(field, message.slice(`${field}: `.length)),
    rule: "policy-size",
  }));
}

/**
 * Replaces the API server's placeholder field `<nil>`, which stands for "more errors can follow" and for a policy that has both of
 * `statements` and `document`, or none.
 */
export function readable(field: string, message: string): Finding {
  const [, place, found] =
    /^Invalid value: "": "([^"]+)" (must validate one and only one schema .*)$/.exec(message) ?? [];
  if (place !== undefined) return invalid(place, `${found}: write exactly one of statements and document`);
  return field === "<nil>"
    ? invalid(WHOLE_OBJECT, message.replace(/^Invalid value: null: /, ""))
    : invalid(field, hintIn(message));
}

/** Suggests a field of the same object, also for the spelling of IAM's JSON: `Effect`, `Action`. */
export function unknownField(path: string, schema: JsonObject): Finding {
  const [, parent = "", name = path] = /^(.*)\.([^.]*)$/.exec(path) ?? [];
  const message = `unknown field "${path}"${didYouMean(name, fieldsAt(schema, parent))}`;
  return { ...invalid(path, message), rule: "unknown-field" };
}

function fieldsAt(schema: JsonObject, path: string): readonly string[] {
  let node: Json | undefined = schema;
  for (const step of path.match(/[^.[\]]+/g) ?? []) {
    node = /^\d+$/.test(step) ? member(node, "items") : member(member(node, "properties"), step);
  }
  return Object.keys(member(node, "properties") ?? {});
}

function member(node: Json | undefined, name: string): Json | undefined {
  const isObject = typeof node === "object" && node !== null && !Array.isArray(node);
  return isObject && Object.hasOwn(node, name) ? node[name] : undefined;
}
