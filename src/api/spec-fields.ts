import { list, map } from "./collection-fields.ts";
import type { Field, Rule } from "./field.ts";
import { type AdoptFrom, hasExternalRole, type InstanceProfileSpec, type RoleSpec } from "./instance-profile.ts";
import { instancesField, type LooseInstances, tagKeysHaveLength } from "./instances-fields.ts";
import { defaulted, object, optional, required } from "./object-fields.ts";
import {
  descriptionField,
  inlinePoliciesField,
  type LooseOwnPolicy,
  type LoosePolicy,
  type LooseStatement,
  managedPoliciesField,
  matches,
  NAME_ADVICE,
  pathField,
  policyNameField,
  statementsField,
} from "./policy-fields.ts";
import { choice, flag, integer, text } from "./scalar-fields.ts";
import { areDefaultServices, type LooseTrust, trustField } from "./trust-fields.ts";
import { orVariables, VARIABLE } from "./variable-texts.ts";

type ResolvedLater = "roleName" | "instanceProfileName" | "inlinePolicies" | "managedPolicies" | "trust" | "instances";

/** The spec of a manifest with defaults filled in, before names are resolved and pairs are distinguished. */
export interface LooseSpec extends Omit<InstanceProfileSpec, ResolvedLater> {
  readonly roleName?: string;
  readonly instanceProfileName?: string;
  readonly policyName?: string;
  readonly statements: readonly LooseStatement[];
  readonly inlinePolicies: readonly LoosePolicy[];
  readonly managedPolicies: readonly LooseOwnPolicy[];
  readonly trust: LooseTrust;
  readonly instances?: LooseInstances;
}

const NAME_CHARACTERS = "\\w+=,.@-";
const NAME = matches(`^${orVariables(NAME_CHARACTERS, "+")}$`, NAME_ADVICE);
const LITERAL_NAME = matches(`^[${NAME_CHARACTERS}]+$`, NAME_ADVICE);
const MANAGED_POLICY_ARN = "^arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/([\\x21-\\x7E]+/)?[\\w+=,.@-]+$";
const WRITTEN_POLICY_ARN =
  `^(arn:(aws(-[a-z]+)*|${VARIABLE}):iam::([0-9]{12}|aws|${VARIABLE}):policy/([\\x21-\\x7E]+/)?` +
  `${orVariables(NAME_CHARACTERS, "+")}|${VARIABLE}[\\x21-\\x7E]*)$`;
const TAG_CHARACTERS = "\\p{L}\\p{Z}\\p{N}_.:/=+\\-@";
const TAG_TEXT = `^[${TAG_CHARACTERS}]*$`;
/** IAM's maximum of 50, minus the eight of the controller's own that most entities can have. More of them block the plan: `quotaBlockers`. */
const MAX_TAGS = 42;
const tagKey = new RegExp(TAG_TEXT, "u");

const tagRules: readonly Rule<Readonly<Record<string, string>>>[] = [
  tagKeysHaveLength,
  {
    message: "tag keys that begin with iam.instanceprofile.dev/ are the controller's own; write another prefix",
    holds: (tags) => !Object.keys(tags).some((key) => key.startsWith("iam.instanceprofile.dev/")),
  },
  {
    message: "tag keys that begin with aws: are reserved by AWS; write another prefix",
    holds: (tags) => !Object.keys(tags).some((key) => asciiLower(key).startsWith("aws:")),
  },
  {
    message: "write letters, digits, spaces and any of _.:/=+-@ only in tag keys, as in cost-center",
    holds: (tags) => Object.keys(tags).every((key) => tagKey.test(key)),
  },
  {
    message: "IAM treats tag keys that differ only in case as the same; keep one of them",
    holds: (tags) => new Set(Object.keys(tags).map(asciiLower)).size === Object.keys(tags).length,
  },
];

const classNameField: Field<string> = text(
  { minLength: 1, maxLength: 253 },
  matches(
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "write the name of an InstanceProfileClass, lower case letters, digits, dots and dashes, as in team-a",
  ),
);

const managedPolicyArnsField: Field<readonly string[]> = list(
  policyArn(WRITTEN_POLICY_ARN, "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"),
  { maxItems: 50, listType: "set" },
);

const BOUNDARY_EXAMPLE = "arn:aws:iam::123456789012:policy/boundary";

/** A permissions boundary. */
export const permissionsBoundaryArnField: Field<string> = policyArn(MANAGED_POLICY_ARN, BOUNDARY_EXAMPLE);

function policyArn(pattern: string, example: string): Field<string> {
  return text(
    { minLength: 1, maxLength: 1024 },
    matches(pattern, `write the ARN of a managed policy, as in ${example}`),
  );
}

const tagValueField: Field<string> = tagValue(TAG_TEXT);

/** Tags. */
export const tagsField: Field<Readonly<Record<string, string>>> = tagsOf(tagValueField);

/** The user's tags, whose values may have variables. */
const writtenTagsField: Field<Readonly<Record<string, string>>> = tagsOf(
  tagValue(`^${orVariables(TAG_CHARACTERS, "*")}$`),
);

function tagValue(pattern: string): Field<string> {
  const message = "write letters, digits, spaces and any of _.:/=+-@ only in tag values";
  return text({ maxLength: 256 }, matches(pattern, message));
}

function tagsOf(value: Field<string>): Field<Readonly<Record<string, string>>> {
  return map(value, { maxProperties: MAX_TAGS }, ...tagRules);
}

/** What texts of the spec must be once their variables are filled in. */
export const literalSpecFields: Readonly<
  Record<"roleName" | "longName" | "path" | "policyArn" | "tagValue", Field<string>>
> = {
  roleName: text({ minLength: 1, maxLength: 64 }, LITERAL_NAME),
  longName: text({ minLength: 1, maxLength: 128 }, LITERAL_NAME),
  path: pathField,
  policyArn: permissionsBoundaryArnField,
  tagValue: tagValueField,
};

const roleField: Field<Pick<RoleSpec, "management">> = object<Pick<RoleSpec, "management">>({
  management: defaulted(choice("Managed", "External"), "Managed"),
});

const NO_SPACE = TAG_CHARACTERS.replace("\\p{Z}", "");

/** The pattern of a cluster id: what a tag value may be, without spaces that no output shows. */
export const CLUSTER_ID: string = `^[${NO_SPACE}]([${TAG_CHARACTERS}]*[${NO_SPACE}])?$`;

/** A cluster id, as in an owner tag. */
export const clusterIdField: Field<string> = text(
  { minLength: 1, maxLength: 256 },
  matches(CLUSTER_ID, "write a cluster id: letters, digits, any of _.:/=+-@, and spaces between them only"),
);

const trustDefault = { statements: [] };

/** The fields that a role of others must not have here. */
const OF_THE_ROLE =
  "statements, policyName, inlinePolicies, managedPolicyArns, managedPolicies, permissionsBoundaryArn, trust, description, " +
  "maxSessionDurationSeconds, roleTags and unmanagedPolicies";

function writesRole(spec: LooseSpec): boolean {
  const { policyName, permissionsBoundaryArn, description, trust } = spec;
  return (
    spec.statements.length + spec.inlinePolicies.length > 0 ||
    trust.document !== undefined ||
    spec.managedPolicyArns.length + spec.managedPolicies.length > 0 ||
    [policyName, permissionsBoundaryArn, description].some((field) => field !== undefined) ||
    spec.maxSessionDurationSeconds !== 3600 ||
    !areDefaultServices(trust) ||
    trust.statements.length > 0 ||
    Object.keys(spec.roleTags).length > 0 ||
    spec.unmanagedPolicies !== "Report"
  );
}

/** Every field of the spec with its bounds and rules. It is equivalent to the CRD, for use without an API server. */
export const specField: Field<LooseSpec> = object<LooseSpec>(
  {
    className: optional(classNameField),
    roleName: optional(text({ minLength: 1, maxLength: 64 }, NAME)),
    instanceProfileName: optional(text({ minLength: 1, maxLength: 128 }, NAME)),
    role: optional(roleField),
    path: defaulted(pathField, "/"),
    instanceProfilePath: optional(pathField),
    description: optional(descriptionField),
    policyName: optional(policyNameField),
    statements: defaulted(statementsField, []),
    inlinePolicies: defaulted(inlinePoliciesField, []),
    managedPolicyArns: defaulted(managedPolicyArnsField, []),
    managedPolicies: defaulted(managedPoliciesField, []),
    permissionsBoundaryArn: optional(policyArn(WRITTEN_POLICY_ARN, BOUNDARY_EXAMPLE)),
    maxSessionDurationSeconds: defaulted(integer({ format: "int32", minimum: 3600, maximum: 43_200 }), 3600),
    trust: defaulted(trustField, trustDefault),
    tags: defaulted(writtenTagsField, {}),
    roleTags: defaulted(writtenTagsField, {}),
    instanceProfileTags: defaulted(writtenTagsField, {}),
    adoptionPolicy: defaulted(choice("Never", "IfExists"), "Never"),
    adoptFrom: optional(object<AdoptFrom>({ clusterId: required(clusterIdField) })),
    deletionPolicy: optional(choice("Delete", "Retain")),
    unmanagedPolicies: defaulted(choice("Report", "Remove"), "Report"),
    mode: defaulted(choice("Enforce", "DryRun"), "Enforce"),
    suspend: defaulted(flag(), false),
    instances: optional(instancesField),
  },
  {
    message: `an external role is read and never written; leave ${OF_THE_ROLE} out, or let this object manage the role`,
    fieldPath: ".role",
    holds: (spec) => !hasExternalRole(spec) || !writesRole(spec),
  },
  {
    message: "write the name of the external role",
    fieldPath: ".roleName",
    holds: (spec) => !hasExternalRole(spec) || spec.roleName !== undefined,
  },
  {
    message:
      "one of inlinePolicies has the name of the policy of statements: policyName, or roleName when unset; write another",
    fieldPath: ".inlinePolicies",
    holds: ({ statements, policyName, roleName, inlinePolicies }) =>
      statements.length === 0 ||
      !inlinePolicies.some(({ name }) => asciiLower(name) === asciiLower(policyName ?? roleName ?? "")),
  },
  roomFor("roleTags"),
  roomFor("instanceProfileTags"),
);

/** IAM's limit is for each entity, and `tags` are on both. */
function roomFor(field: "roleTags" | "instanceProfileTags"): Rule<LooseSpec> {
  return {
    message: `tags and ${field} are more than ${MAX_TAGS} together, and IAM has room for that many; remove some`,
    fieldPath: `.${field}`,
    holds: (spec) => Object.keys(spec.tags).length + Object.keys(spec[field]).length <= MAX_TAGS,
  };
}

// Like lowerAscii in CEL: only A to Z.
function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
