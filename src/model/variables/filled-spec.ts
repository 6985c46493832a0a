import type { Fault, Field } from "../../api/field.ts";
import type {
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
import { didYouMean } from "../../text/did-you-mean.ts";
import { nameKey } from "../naming.ts";
import type { Tags } from "../ownership.ts";
import { localService, type Place } from "../place.ts";
import { showValue } from "../policy/policy-elements.ts";
import { statementFieldPath } from "../policy/policy-spec.ts";
import { BUILT_IN_VARIABLES, fillIn, leftoverIn, leftoverMessage, type Variables } from "./template.ts";

/** The reason of a text that has template text of another tool. */
export const UNFILLED_TEMPLATE = "UnfilledTemplate";
/** The reason of a text that uses a variable that does not exist or has no value yet. */
const UNKNOWN_VARIABLE = "UnknownVariable";
/** The reason of a text that is not valid once its variables are filled in. */
const INVALID_RESULT = "InvalidValue";

/** What a text must be once its variables are filled in. */
interface TextRules {
  /** Unset: anything that the schema accepts. */
  readonly literal?: Field<string>;
  /** True where `<words>` cannot be meant. */
  readonly isArn?: boolean;
}

/** Fills in the variables of the texts of one object, and collects what is wrong with them. */
export class FilledTexts {
  readonly faults: TextFault[] = [];
  readonly #variables: Variables;
  readonly #tolerated: "values" | "variables" | undefined;

  /** @param tolerated `values`: a variable without a value yet is no fault; `variables`: nor is one that is not known */
  constructor(variables: Variables, tolerated?: "values" | "variables") {
    this.#variables = variables;
    this.#tolerated = tolerated;
  }

  /** The text with its variables filled in. */
  fill(written: string, path: string, { literal, isArn = false }: TextRules = {}): string {
    // Nearly all texts.
    if (!/[{$<%]/.test(written)) return written;
    const leftover = leftoverIn(written, isArn);
    if (leftover !== undefined) this.#add(UNFILLED_TEMPLATE, path, leftoverMessage(leftover));
    const { text, unknown, pending } = fillIn(written, this.#variables);
    if (this.#tolerated !== "variables") {
      for (const word of unknown) this.#add(UNKNOWN_VARIABLE, path, this.#unknownMessage(word));
    }
    if (this.#tolerated === undefined && pending.length > 0) this.#add(UNKNOWN_VARIABLE, path, pendingMessage(pending));
    // A text with gaps cannot be checked yet.
    if (unknown.length + pending.length === 0 && literal !== undefined) this.#checkResult(text, path, literal);
    return text;
  }

  #checkResult(text: string, path: string, literal: Field<string>): void {
    const faults: Fault[] = [];
    literal.read(text, path, faults);
    const [fault] = faults;
    if (fault === undefined) return;
    const problem = fault.problem.replace(/^Invalid value: (?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?: )?/, "");
    this.#add(INVALID_RESULT, path, `with its variables filled in it is ${showValue(text)}: ${problem}`);
  }

  #unknownMessage(word: string): string {
    const known = [...BUILT_IN_VARIABLES, ...Object.keys(this.#variables)];
    return (
      `{${word}} is no variable${didYouMean(word, known)}; write one of ${[...new Set(known)].sort().join(", ")}, ` +
      `or {leftBrace}${word}} for the text itself`
    );
  }

  #add(reason: string, path: string, message: string): void {
    this.faults.push({ reason, path, message: `${path}: ${message}.` });
  }
}

function pendingMessage(words: readonly string[]): string {
  return `{${words.join("} and {")}} ${words.length === 1 ? "has" : "have"} no value yet`;
}

/** The spec with the variables of its texts filled in. */
export function filledSpec(spec: InstanceProfileSpec, texts: FilledTexts, { partition }: Place): InstanceProfileSpec {
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
export function sharedPolicyNames(policies: readonly PolicySpec[]): readonly TextFault[] {
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
