import { BUILT_IN_VARIABLES, LEFT_BRACE } from "../model/variables/template.ts";
import { list, map } from "./collection-fields.ts";
import type { Field, Rule } from "./field.ts";
import type { ClassAccount, InstanceProfileClassSpec, InstanceProfileClassStatus } from "./instance-profile-class.ts";
import { defaulted, lenientObject, object, optional, required } from "./object-fields.ts";
import {
  actionField,
  type LooseStatement,
  matches,
  maximumStatementsField,
  resourceField,
  serviceField,
} from "./policy-fields.ts";
import { choice, flag, integer, text } from "./scalar-fields.ts";
import { clusterIdField, permissionsBoundaryArnField, tagsField } from "./spec-fields.ts";
import { conditionsField, generationField } from "./status-fields.ts";
import { orVariables } from "./variable-texts.ts";

const eventQueueUrlField: Field<string> = text(
  { minLength: 1, maxLength: 256 },
  matches(
    "^https://(sqs(-fips)?\\.[a-z]{2}(-[a-z]+)+-[0-9]+\\.(amazonaws\\.com(\\.cn)?|api\\.aws)|vpce-[a-z0-9-]+\\.sqs(-fips)?\\.[a-z]{2}(-[a-z]+)+-[0-9]+\\.vpce\\.amazonaws\\.com(\\.cn)?)/[0-9]{12}/[A-Za-z0-9_-]{1,80}$",
    "write the URL of an SQS queue, as in https://sqs.us-east-1.amazonaws.com/123456789012/drift-events",
  ),
);

const accountField: Field<ClassAccount> = object<ClassAccount>(
  {
    id: required(
      text(
        { minLength: 12, maxLength: 12 },
        matches("^[0-9]{12}$", "write the 12 digits of an AWS account, in quotes"),
      ),
    ),
    partition: defaulted(choice("aws", "aws-cn", "aws-us-gov"), "aws"),
    roleArn: optional(
      text(
        { minLength: 1, maxLength: 1024 },
        matches(
          "^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/([\\x21-\\x7E]+/)?[\\w+=,.@-]+$",
          "write the ARN of a role, as in arn:aws:iam::123456789012:role/instance-profile-controller",
        ),
      ),
    ),
    externalId: optional(
      text(
        { minLength: 2, maxLength: 1224 },
        matches(
          "^[\\w+=,.@:/-]*$",
          "write letters, digits and any of _+=,.@:/- only, as STS takes them in an external id",
        ),
      ),
    ),
    eventQueueUrls: optional(list(eventQueueUrlField, { maxItems: 20, listType: "set" })),
  },
  {
    message: "roleArn is in another account or partition; write a role of the account in id",
    fieldPath: ".roleArn",
    holds: ({ id, partition, roleArn }) =>
      roleArn === undefined || roleArn.startsWith(`arn:${partition}:iam::${id}:role/`),
  },
  {
    message: "an external id requires a role to assume; write roleArn too, or remove externalId",
    fieldPath: ".externalId",
    holds: ({ roleArn, externalId }) => externalId === undefined || roleArn !== undefined,
  },
  {
    message: "a queue is in another account or partition; write queues of the account in id",
    fieldPath: ".eventQueueUrls",
    holds: ({ id, partition, eventQueueUrls = [] }) =>
      eventQueueUrls.every(
        (url) =>
          url.includes(`/${id}/`) &&
          url.includes(".cn-") === (partition === "aws-cn") &&
          url.includes(".com.cn/") === (partition === "aws-cn") &&
          url.includes(".us-gov-") === (partition === "aws-us-gov"),
      ),
  },
);

const namespaceField: Field<string> = text(
  { minLength: 1, maxLength: 63 },
  matches("^[a-z0-9*-]+$", "write the name of a namespace, or a pattern such as team-a-*"),
);

const prefixField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches(
    `^${orVariables("\\w+=,.@-", "+")}$`,
    "write letters, digits, any of _+=,.@- and variables only, as in {namespace}-",
  ),
);

const pathField: Field<string> = text(
  { minLength: 1, maxLength: 512 },
  matches(
    `^/(${orVariables("\\x21-\\x7A\\x7C\\x7E", "+")}/)?$`,
    "write a path that begins and ends with a slash, with variables as the only text in braces, as in /{namespace}/",
  ),
);

/** AWS replaces policy variables when it evaluates a policy. The controller cannot. */
const noVariables: Rule<string> = {
  message: "policy variables have no meaning here; write *, or variables such as {namespace}",
  holds: (value) => !value.includes("$" + "{"),
};

const managedPolicyField: Field<string> = text(
  { minLength: 1, maxLength: 1024 },
  matches(
    "^arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/[\\x21-\\x7E]+$",
    "write the ARN of a managed policy, with * and ? only after policy/, as in arn:aws:iam::aws:policy/AmazonSSM*",
  ),
);

const rolePatternField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches(
    "^([\\w+=,.@*-]|\\{namespace\\}|\\{cluster\\})+$",
    "write the name of a role, or a pattern such as {namespace}-*: letters, digits, any of _+=,.@- and *, {namespace} and {cluster}",
  ),
);

const regionPatternField: Field<string> = text(
  { minLength: 1, maxLength: 32 },
  matches("^[a-z0-9*-]+$", "write the name of a region, or a pattern such as eu-*"),
);

const tagKeyPatternField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches(
    "^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@*]*$",
    "write a tag key, or a pattern such as team-*: letters, digits, spaces and any of _.:/=+-@ and *",
  ),
  {
    message:
      "no object can set tag keys that begin with iam.instanceprofile.dev/ or aws:, so a class cannot allow them",
    holds: (pattern) => !/^(iam\.instanceprofile\.dev\/|aws:)/i.test(pattern),
  },
);

const variableName = /^[A-Za-z]\w{0,62}$/;
const reserved: ReadonlySet<string> = new Set([...BUILT_IN_VARIABLES, LEFT_BRACE].filter((name) => name !== "region"));

/** The variables of a class. */
export const variablesField: Field<Readonly<Record<string, string>>> = map(
  text(
    { maxLength: 512 },
    matches("^[\\x20-\\x23\\x25-\\x29\\x2B-\\x3E\\x40-\\x7E]*$", "write printable ASCII without *, ? and $"),
  ),
  { maxProperties: 50 },
  {
    message: "write names of 1 to 63 letters, digits and _ that begin with a letter, as in bucketPrefix",
    holds: (variables) => Object.keys(variables).every((name) => variableName.test(name)),
  },
  {
    message: "account, cluster, leftBrace, name, namespace and partition have their meaning; write other names",
    holds: (variables) => !Object.keys(variables).some((name) => reserved.has(name)),
  },
);

/** Like the rule of the CRD, which has no regular expression for it. */
function usesKnownVariables(field: "roleNamePrefix" | "path"): Rule<LooseClassSpec> {
  return {
    message: `${field} uses a variable that does not exist; add it to variables, or write one such as {namespace}`,
    fieldPath: `.${field}`,
    holds: ({ [field]: value = "", variables }) =>
      value
        .split("{")
        .filter((part) => part.includes("}"))
        .map((part) => part.slice(0, part.indexOf("}")))
        .every((word) => BUILT_IN_VARIABLES.includes(word) || Object.hasOwn(variables, word)),
  };
}

/** A class as its manifest has it. */
export interface LooseClassSpec extends Omit<InstanceProfileClassSpec, "maximumAccess"> {
  readonly maximumAccess?: { readonly statements: readonly LooseStatement[] };
}

/** Every field of the spec of a class with its bounds and rules. It is equivalent to the CRD, for use without an API server. */
export const classSpecField: Field<LooseClassSpec> = object<LooseClassSpec>(
  {
    account: required(accountField),
    namespaces: required(list(namespaceField, { minItems: 1, maxItems: 100, listType: "set" })),
    roleNamePrefix: optional(prefixField),
    path: optional(pathField),
    permissionsBoundaryArn: optional(permissionsBoundaryArnField),
    allowedActions: required(list(actionField, { minItems: 1, maxItems: 200, listType: "set" })),
    deniedActions: defaulted(list(actionField, { maxItems: 200, listType: "set" }), []),
    allowNotActions: defaulted(flag(), false),
    allowedResources: defaulted(list(resourceField(noVariables), { minItems: 1, maxItems: 100, listType: "set" }), [
      "*",
    ]),
    allowNotResources: defaulted(flag(), false),
    maximumAccess: optional(
      object<{ readonly statements: readonly LooseStatement[] }>({ statements: required(maximumStatementsField) }),
    ),
    allowedManagedPolicies: defaulted(list(managedPolicyField, { maxItems: 100, listType: "set" }), []),
    allowManagedPolicies: defaulted(flag(), false),
    allowedTrustServices: defaulted(list(serviceField, { minItems: 1, maxItems: 20, listType: "set" }), [
      "ec2.amazonaws.com",
    ]),
    allowTrustStatements: defaulted(flag(), false),
    allowedExternalRoles: defaulted(list(rolePatternField, { maxItems: 100, listType: "set" }), []),
    allowAdoption: defaulted(flag(), false),
    allowedAdoptFrom: defaulted(list(clusterIdField, { maxItems: 50, listType: "set" }), []),
    allowedInstanceRegions: defaulted(list(regionPatternField, { maxItems: 50, listType: "set" }), []),
    maxSessionDurationSeconds: defaulted(integer({ format: "int32", minimum: 3600, maximum: 43_200 }), 3600),
    maxPerNamespace: optional(integer({ format: "int32", minimum: 1, maximum: 10_000 })),
    tags: defaulted(tagsField, {}),
    variables: defaulted(variablesField, {}),
    allowedTagKeys: defaulted(list(tagKeyPatternField, { maxItems: 100, listType: "set" }), []),
    deletionPolicy: optional(choice("Delete", "Retain")),
    allowedDeletionPolicies: defaulted(
      list(choice("Delete", "Retain"), { minItems: 1, maxItems: 2, listType: "set" }),
      ["Delete"],
    ),
    allowForceDelete: defaulted(flag(), false),
    onViolation: defaulted(choice("Keep", "Strip"), "Keep"),
  },
  {
    message: "deletionPolicy is not in allowedDeletionPolicies; add it there, or remove deletionPolicy",
    fieldPath: ".deletionPolicy",
    holds: ({ deletionPolicy, allowedDeletionPolicies }) =>
      deletionPolicy === undefined || allowedDeletionPolicies.includes(deletionPolicy),
  },
  usesKnownVariables("roleNamePrefix"),
  usesKnownVariables("path"),
);

const countField: Field<number> = integer({ format: "int32", minimum: 0 });

/** Every field of the status of a class, with the bounds of the CRD. */
export const classStatusField: Field<InstanceProfileClassStatus> = lenientObject<InstanceProfileClassStatus>({
  observedGeneration: optional(generationField),
  conditions: optional(conditionsField),
  objects: optional(countField),
  violations: optional(countField),
});
