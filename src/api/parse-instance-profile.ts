import { TerminalError } from "../errors.ts";
import { derivedRoleName, withNames } from "../model/naming.ts";
import { hasTrace } from "../model/ownership.ts";
import { DEFAULT_SERVICES } from "../model/place.ts";
import { statementsFrom, trustFrom } from "../model/policy/statements-of.ts";
import { oversizeIn, withBoundedPolicies } from "./bounded-object.ts";
import {
  API_VERSION,
  type DerivedName,
  type InstanceProfile,
  type InstanceProfileSpec,
  KIND,
  type ObjectMeta,
  type OwnPolicySpec,
  type PolicySpec,
  type Statement,
  type Trust,
  type TrustStatement,
} from "./instance-profile.ts";
import type { InstancesSpec } from "./instances.ts";
import type { LooseInstances } from "./instances-fields.ts";
import { type LooseOwnPolicy, type LoosePolicy, toStatement, withoutEmptySid } from "./policy-fields.ts";
import { readObject } from "./read-object.ts";
import { type LooseSpec, specField } from "./spec-fields.ts";
import { statusField } from "./status-fields.ts";
import type { LooseTrust } from "./trust-fields.ts";

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
  return withRecordedNames({
    apiVersion: API_VERSION,
    kind: KIND,
    ...object,
    spec: resolve(spec, object.metadata),
    ...(oversize.length > 0 && { oversize }),
    ...(spec.roleName === undefined && { derivedNames: derivedIn(spec) }),
  });
}

/**
 * The object with the names that status has had since the object has a trace in AWS, in place of derived ones. Only the controller writes
 * status.
 */
export function withRecordedNames(object: InstanceProfile): InstanceProfile {
  const recorded = hasTrace(object.status) ? object.status?.role?.name : undefined;
  return recorded === undefined ? object : withGivenName(object, recorded);
}

/** The object with this name in place of derived ones. */
export function withGivenName(object: InstanceProfile, name: string): InstanceProfile {
  const { derivedNames = [], ...rest } = object;
  return { ...rest, spec: withNames(object.spec, derivedNames, name) };
}

function derivedIn({ instanceProfileName }: LooseSpec): readonly DerivedName[] {
  return instanceProfileName === undefined ? ["roleName", "instanceProfileName"] : ["roleName"];
}

function resolve(loose: LooseSpec, metadata: ObjectMeta): InstanceProfileSpec {
  const { statements: _, policyName: __, inlinePolicies: ___, instances, ...rest } = loose;
  const roleName = loose.roleName ?? derivedRoleName(metadata);
  return {
    ...rest,
    roleName,
    instanceProfileName: loose.instanceProfileName ?? roleName,
    inlinePolicies: inlinePolicies(loose, roleName),
    managedPolicies: loose.managedPolicies.map(toOwnPolicy),
    trust: toTrust(loose.trust),
    ...(instances === undefined ? {} : { instances: toInstances(instances) }),
  };
}

/** `statements` and `policyName` are the short form of one policy. */
function inlinePolicies(loose: LooseSpec, roleName: string): readonly PolicySpec[] {
  const { statements, policyName } = loose;
  const short: PolicySpec = {
    name: policyName ?? roleName,
    fieldPath: "spec.statements",
    statements: statements.map(toStatement),
  };
  return [
    ...(statements.length === 0 ? [] : [short]),
    ...loose.inlinePolicies.map((policy, index) => toPolicy(policy, `spec.inlinePolicies[${index}]`)),
  ];
}

/** A policy of a list in the manifest. */
function toPolicy({ name, statements = [], document }: LoosePolicy, path: string): PolicySpec {
  if (document === undefined) {
    return { name, fieldPath: `${path}.statements`, statements: statements.map(toStatement) };
  }
  const said = readable(statementsFrom(document), `${path}.document`) as unknown as readonly Statement[];
  return { name, fieldPath: `${path}.document`, statements: said, document };
}

function toTrust({ document, services = DEFAULT_SERVICES, statements }: LooseTrust): Trust {
  if (document === undefined) return { services, statements: statements.map<TrustStatement>(withoutEmptySid) };
  return { ...readable(trustFrom(document), "spec.trust.document"), document };
}

/**
 * What the document says as statements. The field refuses every document that cannot be read so; if one ever passes, it must not be taken for
 * a document that says nothing, which each class allows.
 */
function readable<T>(read: T | undefined, path: string): T {
  if (read !== undefined) return read;
  throw new TerminalError(`${path}: Invalid value: it cannot be read as statements`, { reason: "InvalidSpec" });
}

function toOwnPolicy({ path, description, ...policy }: LooseOwnPolicy, index: number): OwnPolicySpec {
  return {
    ...toPolicy(policy, `spec.managedPolicies[${index}]`),
    ...(path !== undefined && { path }),
    ...(description !== undefined && { description }),
  };
}

function toInstances({ selector, ids, ...base }: LooseInstances): InstancesSpec {
  return selector === undefined ? { ...base, ids: ids ?? [] } : { ...base, selector };
}
