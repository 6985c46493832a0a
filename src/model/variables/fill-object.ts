import type {
  InstanceProfile,
  InstanceProfileSpec,
  PolicyConditions,
  PolicySpec,
  Principals,
  Statement,
  Trust,
  TrustStatement,
} from "../../api/instance-profile.ts";
import { resourceField } from "../../api/policy-fields.ts";
import { literalSpecFields } from "../../api/spec-fields.ts";
import { literalPrincipalFields } from "../../api/trust-fields.ts";
import type { TextFault } from "../../api/variable-texts.ts";
import { nameKey } from "../naming.ts";
import type { Tags } from "../ownership.ts";
import { localService, type Place } from "../place.ts";
import { showValue } from "../policy/policy-elements.ts";
import { statementFieldPath } from "../policy/policy-spec.ts";
import { FilledTexts, INVALID_RESULT } from "./filled-texts.ts";
import { keepNames } from "./kept-names.ts";
import type { Variables } from "./template.ts";

/** What the variables of an object stand for. */
export interface ObjectContext {
  readonly place: Place;
  /** Empty: not known. */
  readonly clusterId: string;
  /** Those of the class, or for objects without a class those of the operator. */
  readonly variables: Variables;
  /** What is no fault, for a check without an account, or also without the classes. Default: everything is known. */
  readonly unknown?: "values" | "variables" | undefined;
}

/** The values of the variables of an object. Of the built-in ones, a class or an operator can set `region` alone. */
export function variablesOf(
  { metadata }: Pick<InstanceProfile, "metadata">,
  { place, clusterId, variables }: ObjectContext,
): Variables {
  const { accountId, partition, region } = place;
  const known = { region, ...variables, account: accountId, partition, cluster: clusterId || undefined };
  const own = { namespace: metadata.namespace, name: metadata.name };
  const all: Readonly<Record<string, string | undefined>> = { ...known, ...own };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/**
 * The object with the variables of its texts filled in, before anything judges it. What is wrong with the texts is in `faults`. Variables
 * are filled in in names, paths, ARNs, resources, values of conditions, principals and values of tags: never in actions, and not in a policy
 * that is written as a document.
 */
export function fillObject(object: InstanceProfile, context: ObjectContext): InstanceProfile {
  const variables = variablesOf(object, context);
  const texts = new FilledTexts(variables, context.unknown);
  const filled = filledSpec(object.spec, texts, context.place);
  const { spec, keptNames } = keepNames(object, filled);
  const faults = [
    ...texts.faults,
    ...sharedPolicyNames(spec.inlinePolicies),
    ...sharedPolicyNames(spec.managedPolicies),
  ];
  return {
    ...object,
    spec,
    place: context.place,
    variables,
    ...(faults.length > 0 && { faults }),
    ...(keptNames.length > 0 && { keptNames }),
  };
}

function filledSpec(spec: InstanceProfileSpec, texts: FilledTexts, { partition }: Place): InstanceProfileSpec {
  const { roleName, longName, path, policyArn, tagValue } = literalSpecFields;
  const { permissionsBoundaryArn: boundary, instanceProfilePath: profilePath } = spec;
  const name = texts.fill(spec.roleName, "spec.roleName", { literal: roleName });
  const profileName = spec.instanceProfileName;
  const tags = (field: "tags" | "roleTags" | "instanceProfileTags"): Tags =>
    mapValues(spec[field], (value, key) => texts.fill(value, `spec.${field}.${key}`, { literal: tagValue }));
  return {
    ...spec,
    roleName: name,
    // The default is the role's name, of which faults are known.
    instanceProfileName:
      profileName === spec.roleName ? name : texts.fill(profileName, "spec.instanceProfileName", { literal: longName }),
    path: texts.fill(spec.path, "spec.path", { literal: path }),
    ...(profilePath !== undefined && {
      instanceProfilePath: texts.fill(profilePath, "spec.instanceProfilePath", { literal: path }),
    }),
    inlinePolicies: spec.inlinePolicies.map((policy) => ({
      ...filledPolicy(policy, texts),
      name: policy.name === spec.roleName ? name : texts.fill(policy.name, namePath(policy), { literal: longName }),
    })),
    managedPolicies: spec.managedPolicies.map((policy) => ({
      ...filledPolicy(policy, texts),
      name: texts.fill(policy.name, namePath(policy), { literal: longName }),
      ...(policy.path !== undefined && {
        path: texts.fill(policy.path, policy.fieldPath.replace(/\.\w+$/, ".path"), { literal: path }),
      }),
    })),
    managedPolicyArns: spec.managedPolicyArns.map((arn, index) =>
      texts.fill(arn, `spec.managedPolicyArns[${index}]`, { literal: policyArn, isArn: true }),
    ),
    ...(boundary !== undefined && {
      permissionsBoundaryArn: texts.fill(boundary, "spec.permissionsBoundaryArn", { literal: policyArn, isArn: true }),
    }),
    trust: filledTrust(spec.trust, texts, partition),
    tags: tags("tags"),
    roleTags: tags("roleTags"),
    instanceProfileTags: tags("instanceProfileTags"),
  };
}

const RESOURCE = { literal: resourceField(), isArn: true };

function filledPolicy<T extends PolicySpec>(policy: T, texts: FilledTexts): T {
  if (policy.document !== undefined) return policy;
  const statements = policy.statements.map((statement, index): Statement => {
    const { resources, notResources, conditions, ...rest } = statement;
    const filled = (values: readonly string[], field: "resources" | "notResources"): readonly string[] =>
      values.map((value, i) => texts.fill(value, `${statementFieldPath(policy, index, field)}[${i}]`, RESOURCE));
    return {
      ...rest,
      ...(resources !== undefined && { resources: filled(resources, "resources") }),
      ...(notResources !== undefined && { notResources: filled(notResources, "notResources") }),
      ...conditionsOf(conditions, statementFieldPath(policy, index, "conditions"), texts),
    } as Statement;
  });
  return { ...policy, statements };
}

/** The field with the name of a policy. */
function namePath({ fieldPath }: PolicySpec): string {
  return fieldPath === "spec.statements" ? "spec.policyName" : fieldPath.replace(/\.\w+$/, ".name");
}

/** Faults of policies whose name is that of an earlier one, which only variables and derived names can cause: the parser compares texts. */
function sharedPolicyNames(policies: readonly PolicySpec[]): readonly TextFault[] {
  const firsts = new Map<string, PolicySpec>();
  return policies.flatMap((policy) => {
    const key = nameKey(policy.name);
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, policy);
      return [];
    }
    const path = namePath(policy);
    const message = `${path}: the name is ${showValue(policy.name)}, which is also that of ${first.fieldPath}; write another name.`;
    return [{ reason: INVALID_RESULT, path, message }];
  });
}

function conditionsOf(
  conditions: PolicyConditions | undefined,
  path: string,
  texts: FilledTexts,
): { readonly conditions?: PolicyConditions } {
  if (conditions === undefined) return {};
  const filled = mapValues(conditions, (keys, operator) =>
    mapValues(keys, (values, key) => values.map((value) => texts.fill(value, `${path}.${operator}.${key}`))),
  );
  return { conditions: filled };
}

function filledTrust(trust: Trust, texts: FilledTexts, partition: string | undefined): Trust {
  if (trust.document !== undefined) return trust;
  return {
    ...trust,
    services: trust.services.map((service, index) =>
      localService(
        texts.fill(service, `spec.trust.services[${index}]`, { literal: literalPrincipalFields.services }),
        partition,
      ),
    ),
    statements: trust.statements.map((statement, index): TrustStatement => {
      const path = `spec.trust.statements[${index}]`;
      const { conditions, principals, ...rest } = statement;
      return {
        ...rest,
        principals: filledPrincipals(principals, `${path}.principals`, texts),
        ...conditionsOf(conditions, `${path}.conditions`, texts),
      };
    }),
  };
}

function filledPrincipals(principals: Principals, path: string, texts: FilledTexts): Principals {
  const filled = (kind: "aws" | "services" | "federated"): Partial<Principals> => {
    const values = principals[kind];
    if (values === undefined) return {};
    const rules = { literal: literalPrincipalFields[kind], isArn: true };
    return { [kind]: values.map((value, index) => texts.fill(value, `${path}.${kind}[${index}]`, rules)) };
  };
  return { ...principals, ...filled("aws"), ...filled("services"), ...filled("federated") };
}

function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  convert: (value: T, key: string) => R,
): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, convert(value, key)]));
}
