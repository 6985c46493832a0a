import { isDeepStrictEqual } from "node:util";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { DEFAULT_SERVICES } from "../../../src/model/place.ts";
import { asWritten } from "../../support/builders.ts";
import type { ApiAnswer } from "./api-answer.ts";
import type { Manifest } from "./samples.ts";

/**
 * How the parser and an API server differ about a manifest; undefined when they do not. They agree when both refuse it
 * and the parser names every field that the API server names, or when both take it and fill in the same defaults.
 */
export function disagreement(manifest: Manifest, answer: ApiAnswer): string | undefined {
  const parsed = parse(manifest);
  if (typeof parsed === "string") {
    if (answer.outcome === "stored") return `the parser alone refuses it: ${parsed}`;
    const unnamed = answer.fields.filter((field) => !names(parsed, dotted(field)));
    return unnamed.length === 0 ? undefined : `the parser does not name ${unnamed.join(", ")}: ${parsed}`;
  }
  if (answer.outcome === "refused") return `the API server alone refuses it: ${answer.message}`;
  const stored = comparable(answer.stored["spec"]);
  const expected = withoutNames(asWritten(parsed.spec), stored);
  if (isDeepStrictEqual(plain(stored), plain(expected))) return undefined;
  return `they store different specs: ${JSON.stringify(stored)} and ${JSON.stringify(expected)}`;
}

/** Of fields of which exactly one is written, the parser names all after the element that lacks them; the API server, the first. */
function names(message: string, field: string): boolean {
  if (message.includes(field)) return true;
  const dot = field.lastIndexOf(".");
  const [, alternatives] = message.split(`${field.slice(0, dot)}: Invalid value: write exactly one of `);
  return (
    alternatives
      ?.split(";")[0]
      ?.split(" ")
      .includes(field.slice(dot + 1)) ?? false
  );
}

function parse(manifest: Manifest): InstanceProfile | string {
  try {
    return parseInstanceProfile(manifest);
  } catch (error) {
    return (error as Error).message;
  }
}

// CEL names an entry of a map as `tags[team]`, the rest of the API server and the parser as `tags.team`; the parser cuts
// long keys.
function dotted(field: string): string {
  return field.replace(/\[((?!\d+\])[^\]]*)\]/g, ".$1").slice(0, 60);
}

type Spec = Readonly<Record<string, unknown>>;

// The parser drops a sid that is empty; to the API server it is text like any other. The CRD has no default within the list of trust
// statements, which GitOps clients would report as a change, and none for the services, which the partition decides; the parser fills them in.
function comparable(spec: unknown): Spec {
  const text = JSON.stringify(spec, (key, value: unknown) => {
    if (key === "sid" && value === "") return undefined;
    const isTrustStatement = typeof value === "object" && value !== null && "principals" in value;
    return isTrustStatement ? { actions: ["sts:AssumeRole"], ...value } : value;
  });
  const { policyName, trust, ...rest } = JSON.parse(text) as Spec;
  const { services, ...trusted } = (trust ?? {}) as Spec;
  const isDefault = isDeepStrictEqual(services, DEFAULT_SERVICES);
  const others: Spec =
    trust === undefined
      ? rest
      : { ...rest, trust: { ...trusted, ...(services !== undefined && !isDefault && { services }) } };
  // The name of a policy that is not there.
  const isShort = Array.isArray(others["statements"]) && others["statements"].length > 0;
  return isShort && policyName !== undefined ? { ...others, policyName } : others;
}

// The parser resolves the names; the API server leaves them away when the manifest does.
function withoutNames(spec: object, stored: Spec): Spec {
  const entries = Object.entries(spec).filter(
    ([key]) => !["roleName", "instanceProfileName", "policyName"].includes(key) || Object.hasOwn(stored, key),
  );
  return Object.fromEntries(entries);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
