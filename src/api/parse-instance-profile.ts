import { TerminalError } from "../errors.ts";
import { type Fault, type Field, quote } from "./field.ts";
import {
  API_VERSION,
  type InstanceProfile,
  type InstanceProfileSpec,
  type InstanceProfileStatus,
  type InstancesSpec,
  KIND,
  type Statement,
  type TrustStatement,
} from "./instance-profile.ts";
import type { LooseInstances } from "./instances-fields.ts";
import { metadataField } from "./metadata-fields.ts";
import type { LooseStatement } from "./policy-fields.ts";
import { type LooseSpec, specField } from "./spec-fields.ts";
import { statusField } from "./status-fields.ts";

/** More faults than this are counted, not shown, so that the message fits into a condition. */
const MAX_SHOWN_FAULTS = 50;

/**
 * Reads a manifest or an object of the API server, fills in the defaults and resolves the names. It repeats the CRD's
 * schema and every CEL rule but those about changes, because a plan made offline has no API server.
 *
 * Errors: TerminalError with reason `InvalidSpec` whose message lists every fault as `path: problem`, in the API
 * server's words; nothing else, whatever the value. A status that is not one is dropped: nothing is decided from it.
 */
export function parseInstanceProfile(value: unknown): InstanceProfile {
  const faults: Fault[] = [];
  const root = readRoot(value, faults);
  if (root === undefined || faults.length > 0) throw invalid(value, faults);
  return root;
}

function readRoot(value: unknown, faults: Fault[]): InstanceProfile | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.push({
      path: "<document>",
      problem: "Invalid value: write an object with apiVersion, kind, metadata and spec",
    });
    return undefined;
  }
  checkConstant(value, "apiVersion", API_VERSION, faults);
  checkConstant(value, "kind", KIND, faults);
  const metadata = readPart(metadataField, value, "metadata", faults);
  const spec = readPart(specField, value, "spec", faults);
  if (metadata === undefined || spec === undefined || faults.length > 0) return undefined;
  const status = readStatus(value);
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata,
    spec: resolve(spec),
    ...(status === undefined ? {} : { status }),
  };
}

function checkConstant(root: object, name: string, expected: string, faults: Fault[]): void {
  const found = property(root, name);
  if (found === expected) return;
  const shown = typeof found === "string" ? `Invalid value: ${quote(found)}` : "Required value";
  faults.push({ path: name, problem: `${shown}: write ${expected}` });
}

function readPart<T>(field: Field<T>, root: object, name: string, faults: Fault[]): T | undefined {
  const found = property(root, name);
  if (found !== undefined && found !== null) return field.read(found, name, faults);
  faults.push({ path: name, problem: "Required value" });
  return undefined;
}

function readStatus(root: object): InstanceProfileStatus | undefined {
  const found = property(root, "status");
  return found === undefined ? undefined : statusField.read(found, "status", []);
}

function property(root: object, name: string): unknown {
  return Object.hasOwn(root, name) ? Reflect.get(root, name) : undefined;
}

function resolve(loose: LooseSpec): InstanceProfileSpec {
  const { statements, instances, ...rest } = loose;
  return {
    ...rest,
    instanceProfileName: loose.instanceProfileName ?? loose.roleName,
    policyName: loose.policyName ?? loose.roleName,
    statements: statements.map(withoutEmptySid).map(toStatement),
    trust: { ...loose.trust, statements: loose.trust.statements.map<TrustStatement>(withoutEmptySid) },
    ...(instances === undefined ? {} : { instances: toInstances(instances) }),
  };
}

// IAM knows no difference between an empty sid and none.
function withoutEmptySid<T extends { readonly sid?: string }>(statement: T): T {
  if (statement.sid !== "") return statement;
  const { sid: _, ...rest } = statement;
  return rest as T;
}

// The rules of statementsField have left exactly one of each pair; `?? []` is for the compiler.
function toStatement({ actions, notActions, resources, notResources, ...base }: LooseStatement): Statement {
  const what = notActions === undefined ? { actions: actions ?? [] } : { notActions };
  const where = notResources === undefined ? { resources: resources ?? [] } : { notResources };
  return { ...base, ...what, ...where };
}

function toInstances({ selector, ids, ...base }: LooseInstances): InstancesSpec {
  return selector === undefined ? { ...base, ids: ids ?? [] } : { ...base, selector };
}

function invalid(value: unknown, faults: readonly Fault[]): TerminalError {
  const shown = faults.slice(0, MAX_SHOWN_FAULTS).map(({ path, problem }) => `${path}: ${problem}`);
  const hidden = faults.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  return new TerminalError(`${title(value)} is invalid: ${shown.join("; ")}`, { reason: "InvalidSpec" });
}

function title(value: unknown): string {
  const metadata = typeof value === "object" && value !== null ? property(value, "metadata") : undefined;
  const name = typeof metadata === "object" && metadata !== null ? property(metadata, "name") : undefined;
  return typeof name === "string" ? `InstanceProfile ${quote(name)}` : "InstanceProfile";
}
