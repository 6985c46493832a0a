import { asciiLowerCase, type JsonObject } from "../model/policy/policy-json.ts";
import { list, map } from "./collection-fields.ts";
import { policyDocumentField } from "./document-fields.ts";
import type { Field, Rule } from "./field.ts";
import type { PolicyConditions, Statement, StatementBase } from "./instance-profile.ts";
import { eitherOf, object, optional, required } from "./object-fields.ts";
import { choice, patternText, text } from "./scalar-fields.ts";
import { orVariables } from "./variable-texts.ts";

/** A statement of a manifest, before the rule that exactly one of each pair is set. */
export interface LooseStatement extends StatementBase {
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly resources?: readonly string[];
  readonly notResources?: readonly string[];
}

/** A rule with a regular expression. The pattern must have the same meaning with JavaScript's `u` flag and in RE2. */
export function matches(pattern: string, message: string): Rule<string> {
  const expression = new RegExp(pattern, "u");
  return { message, holds: (value) => expression.test(value) };
}

/** The characters that IAM accepts in a policy: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const LATIN_1 = "^[\\t\\n\\r\\x20-\\xFF]*$";

const SID = "^[A-Za-z0-9]*$";
const SID_HINT = "IAM takes letters and digits only in a sid; write it as in ReadBuckets";

/** The id of a statement. */
export const sidField: Field<string> = patternText({ maxLength: 128, pattern: SID }, SID_HINT);

/** The effect of a statement. */
export const effectField: Field<"Allow" | "Deny"> = choice("Allow", "Deny");

const SERVICE_ADVICE = "write a service principal, as in ec2.amazonaws.com";
const SERVICE_PART = orVariables("a-z0-9-", "+");

/** A service principal. */
export const serviceField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", SERVICE_ADVICE),
);

/** A service principal that may use variables. */
export const writtenServiceField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches(`^${SERVICE_PART}(\\.${SERVICE_PART})+$`, SERVICE_ADVICE),
);

/**
 * What fits into the 10,240 characters that IAM takes. These bounds keep what IAM never takes out of etcd; the size of a policy, which is what
 * IAM bounds, is counted elsewhere.
 */
const [MAX_TEXT, MAX_ITEMS] = [10_240, 3000];

/** Condition operators, their keys, and the values of each. */
export const conditionsField: Field<PolicyConditions> = map(
  map(list(text({ maxLength: MAX_TEXT, pattern: LATIN_1 }), { minItems: 1, maxItems: MAX_ITEMS, listType: "atomic" }), {
    minProperties: 1,
    maxProperties: 1000,
  }),
  { minProperties: 1, maxProperties: 200 },
);

const ACTION = "^(\\*|[\\w*-]+:[\\w*?-]+)$";
const ACTION_HINT = "write service:Action, as in s3:GetObject or s3:Get*, or * for all";

/** An action or a pattern of actions, in a list that is not long. */
export const actionField: Field<string> = text({ minLength: 1, maxLength: 128 }, matches(ACTION, ACTION_HINT));

/** A resource can begin with a variable. */
const ARN = "^(\\*|(arn:|\\{)[\\t\\n\\r\\x20-\\xFF]*)$";
const ARN_HINT = "write an ARN, as in arn:aws:s3:::my-bucket/*, or * for every resource";

/** A resource or a pattern of resources, in a list that is not long. */
export function resourceField(...rules: readonly Rule<string>[]): Field<string> {
  return text(
    { minLength: 1, maxLength: 1024, pattern: LATIN_1 },
    {
      message: ARN_HINT,
      holds: (value) => value === "*" || value.startsWith("arn:"),
    },
    ...rules,
  );
}

const actionsField: Field<readonly string[]> = list(
  patternText({ minLength: 1, maxLength: MAX_TEXT, pattern: ACTION }, ACTION_HINT),
  { minItems: 1, maxItems: MAX_ITEMS, listType: "atomic" },
);

const resourcesField: Field<readonly string[]> = list(
  patternText({ minLength: 1, maxLength: MAX_TEXT, pattern: ARN }, ARN_HINT),
  { minItems: 1, maxItems: MAX_ITEMS, listType: "atomic" },
);

const statementField: Field<LooseStatement> = object<LooseStatement>(
  {
    sid: optional(sidField),
    effect: required(effectField),
    actions: optional(actionsField),
    notActions: optional(actionsField),
    resources: optional(resourcesField),
    notResources: optional(resourcesField),
    conditions: optional(conditionsField),
  },
  {
    message: "write exactly one of actions and notActions",
    holds: ({ actions, notActions }) => (actions === undefined) !== (notActions === undefined),
  },
  {
    message: "write exactly one of resources and notResources",
    holds: ({ resources, notResources }) => (resources === undefined) !== (notResources === undefined),
  },
);

/** The sids of a policy must be unique; statements without a sid, or with an empty one, do not count. */
export const sidsAreUnique: Rule<readonly { readonly sid?: string }[]> = {
  message: "two statements have the same sid; write another sid or leave it out",
  holds(statements) {
    const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== undefined && sid !== "");
    return new Set(sids).size === sids.length;
  },
};

/** No more statements fit into a policy. */
const MAX_STATEMENTS = 250;

/** The statements of one policy in the short form. */
export const statementsField: Field<readonly LooseStatement[]> = list(
  statementField,
  { maxItems: MAX_STATEMENTS, listType: "atomic" },
  sidsAreUnique,
);

/** What a name in IAM is. */
export const NAME_ADVICE =
  "write letters, digits and any of _+=,.@- only, as in app-server; render templates of other tools before";

/** A policy of a manifest, before the rule that it has either statements or a document. */
export interface LoosePolicy {
  readonly name: string;
  readonly statements?: readonly LooseStatement[];
  readonly document?: JsonObject;
}

/** The name of a policy. */
export const policyNameField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches(`^${orVariables("\\w+=,.@-", "+")}$`, NAME_ADVICE),
);

const statementsOfSeveralField: Field<readonly LooseStatement[]> = list(
  statementField,
  { minItems: 1, maxItems: MAX_STATEMENTS, listType: "atomic" },
  // To compare each Sid with each other in each policy costs more than CEL may.
  { ...sidsAreUnique, isParserOnly: true },
);

const policyField: Field<LoosePolicy> = eitherOf(
  "statements",
  "document",
  object<LoosePolicy>({
    name: required(policyNameField),
    statements: optional(statementsOfSeveralField),
    document: optional(policyDocumentField),
  }),
);

/** A path in IAM. */
export const pathField: Field<string> = text(
  { minLength: 1, maxLength: 512 },
  matches("^/([\\x21-\\x7E]+/)?$", "write a path that begins and ends with a slash and has no spaces, as in /team-a/"),
);

/** A description in IAM. */
export const descriptionField: Field<string> = text(
  { maxLength: 1000 },
  matches(
    "^[\\t\\n\\r\\x20-\\x7E\\xA1-\\xFF]*$",
    "IAM takes Latin-1 characters only here; write plain letters, straight quotes and simple dashes",
  ),
);

/** A managed policy of a manifest. */
export interface LooseOwnPolicy extends LoosePolicy {
  readonly path?: string;
  readonly description?: string;
}

const ownPolicyField: Field<LooseOwnPolicy> = eitherOf(
  "statements",
  "document",
  object<LooseOwnPolicy>({
    name: required(policyNameField),
    path: optional(pathField),
    description: optional(descriptionField),
    statements: optional(statementsOfSeveralField),
    document: optional(policyDocumentField),
  }),
);

/** The managed policies of the object itself. */
export const managedPoliciesField: Field<readonly LooseOwnPolicy[]> = list(
  ownPolicyField,
  { maxItems: 20, listType: "map", listMapKeys: ["name"] },
  {
    message: "IAM treats policy names that differ only in case as the same, whatever their paths; write another name",
    holds: (policies) => new Set(policies.map(({ name }) => asciiLowerCase(name))).size === policies.length,
  },
);

/** The inline policies beside the one in the short form. */
export const inlinePoliciesField: Field<readonly LoosePolicy[]> = list(
  policyField,
  { maxItems: 150, listType: "map", listMapKeys: ["name"] },
  {
    message: "IAM treats policy names that differ only in case as the same; write another name",
    holds: (policies) => new Set(policies.map(({ name }) => asciiLowerCase(name))).size === policies.length,
  },
);

/** The statements that bound those of an object. */
export const maximumStatementsField: Field<readonly LooseStatement[]> = list(
  statementField,
  { minItems: 1, maxItems: 50, listType: "atomic" },
  sidsAreUnique,
);

/** To IAM, an empty sid is the same as none. */
export function withoutEmptySid<T extends { readonly sid?: string }>(statement: T): T {
  if (statement.sid !== "") return statement;
  const { sid: _, ...rest } = statement;
  return rest as T;
}

/** The statement without an empty sid. The rules of a statement ensure exactly one of each pair; `?? []` is for the compiler. */
export function toStatement(loose: LooseStatement): Statement {
  const { actions, notActions, resources, notResources, ...base } = withoutEmptySid(loose);
  const what = notActions === undefined ? { actions: actions ?? [] } : { notActions };
  const where = notResources === undefined ? { resources: resources ?? [] } : { notResources };
  return { ...base, ...what, ...where };
}
