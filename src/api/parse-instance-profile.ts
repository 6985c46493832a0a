import { oversizeIn, withBoundedPolicies } from "./bounded-object.ts";
import {
  API_VERSION,
  type InstanceProfile,
  type InstanceProfileSpec,
  type InstancesSpec,
  KIND,
  type PolicySpec,
  type TrustStatement,
} from "./instance-profile.ts";
import type { LooseInstances } from "./instances-fields.ts";
import { toStatement, withoutEmptySid } from "./policy-fields.ts";
import { readObject } from "./read-object.ts";
import { type LooseSpec, specField } from "./spec-fields.ts";
import { statusField } from "./status-fields.ts";

/**
 * Reads a manifest or an object of the API server, fills in the defaults and resolves the names. It repeats the schema of the CRD and
 * every CEL rule except those about changes, because an offline plan has no API server.
 *
 * Policies that IAM accepts in no account are not read: `oversize` describes them.
 *
 * Errors: those of {@link readObject}.
 */
export function parseInstanceProfile(value: unknown): InstanceProfile {
  const bounded = withBoundedPolicies(value);
  const oversize = oversizeIn(bounded);
  const { spec, ...object } = readObject(bounded, { kind: KIND, spec: specField, status: statusField });
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    ...object,
    spec: resolve(spec),
    ...(oversize.length > 0 && { oversize }),
  };
}

function resolve(loose: LooseSpec): InstanceProfileSpec {
  const { statements: _, policyName: __, instances, ...rest } = loose;
  return {
    ...rest,
    instanceProfileName: loose.instanceProfileName ?? loose.roleName,
    inlinePolicies: inlinePolicies(loose),
    trust: { ...loose.trust, statements: loose.trust.statements.map<TrustStatement>(withoutEmptySid) },
    ...(instances === undefined ? {} : { instances: toInstances(instances) }),
  };
}

/** `statements` and `policyName` are the short form of one policy. */
function inlinePolicies({ statements, policyName, roleName }: LooseSpec): readonly PolicySpec[] {
  if (statements.length === 0) return [];
  return [{ name: policyName ?? roleName, fieldPath: "spec.statements", statements: statements.map(toStatement) }];
}

function toInstances({ selector, ids, ...base }: LooseInstances): InstancesSpec {
  return selector === undefined ? { ...base, ids: ids ?? [] } : { ...base, selector };
}
