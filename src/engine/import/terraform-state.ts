import { nameKey } from "../../model/naming.ts";
import type { JsonValue } from "../../model/policy/policy-json.ts";
import {
  type Declarations,
  type DeclarationsDraft,
  emptyDraft,
  type Keys,
  profileOf,
  type Readable,
  roleOf,
} from "./declared.ts";
import { inlineBlocks, member, textMapOf, textOf, textsOf } from "./json-access.ts";
import { type StateResource, stateResources } from "./terraform-resources.ts";

/** The declarations of a Terraform state, and its addresses by configuration address. */
export interface TerraformDeclarations {
  readonly declarations: Declarations;
  /** Configuration address, as `removed` blocks take it, to the addresses of all instances. */
  readonly instances: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the IAM resources of a Terraform state: `terraform.tfstate` (version 4) or the output of `terraform show -json`. Nothing that
 * Terraform marks as sensitive is read.
 *
 * Errors: TerminalError for another format.
 */
export function readTerraformState(state: JsonValue): TerraformDeclarations {
  const resources = stateResources(state).filter(({ type }) => Object.hasOwn(READERS, type));
  const accounts = accountsOf(resources);
  const draft = emptyDraft();
  for (const resource of resources) {
    if (resource.isDeposed) {
      const text = "is an old object that Terraform still has to delete; run terraform apply first";
      draft.problems.push({ address: resource.address, text });
    } else READERS[resource.type]?.(new Attributes(resource, accounts.get(resource.provider)), draft);
  }
  const byConfiguration = Map.groupBy(resources, ({ configAddress }) => configAddress);
  return {
    declarations: draft,
    instances: new Map([...byConfiguration].map(([key, all]) => [key, all.map(({ address }) => address)])),
  };
}

/** The account of each provider configuration, by the ARNs of its resources. Configurations with several accounts are left out. */
function accountsOf(resources: readonly StateResource[]): ReadonlyMap<string, string> {
  const found = new Map<string, Set<string>>();
  for (const { provider, attributes } of resources) {
    const account = accountIn(textOf(member(attributes, "arn")));
    if (account !== undefined) found.set(provider, (found.get(provider) ?? new Set()).add(account));
  }
  return new Map(
    [...found].flatMap(([provider, [first = "", ...more]]) => (more.length === 0 ? [[provider, first]] : [])),
  );
}

function accountIn(arn: string | undefined): string | undefined {
  return /^arn:[^:]+:iam::(\d{12}):/.exec(arn ?? "")?.[1];
}

/** The attributes of one resource. */
class Attributes {
  readonly address: string;
  readonly #resource: StateResource;
  readonly #account: string | undefined;

  constructor(resource: StateResource, account: string | undefined) {
    this.address = resource.address;
    this.#resource = resource;
    this.#account = accountIn(textOf(member(resource.attributes, "arn"))) ?? account;
  }

  /** The value, unless Terraform marks it as sensitive. Required ones are always in a state. */
  text(name: string): string {
    return textOf(this.value(name)) ?? "";
  }

  value(name: string): JsonValue | undefined {
    return this.#resource.sensitive.has(name) ? undefined : member(this.#resource.attributes, name);
  }

  /** Why the resource cannot be read: the names of those attributes that are sensitive. */
  hidden(...names: readonly string[]): string | undefined {
    const found = names.filter((name) => this.#resource.sensitive.has(name));
    if (found.length === 0) return undefined;
    return `cannot be read: Terraform marks ${found.join(" and ")} as sensitive`;
  }

  readable(name: string): Readable {
    const why = this.hidden(name);
    return why === undefined ? this.text(name) : { why };
  }

  /** What AWS has: with the provider's default tags. */
  tags(): Readonly<Record<string, string>> {
    return textMapOf(this.value("tags_all") ?? this.value("tags"));
  }

  /** By the name alone when the account of the resource is not known. */
  roleKeys(roleName: string): Keys {
    return [this.#account === undefined ? nameKey(roleName) : `${this.#account}/${nameKey(roleName)}`];
  }

  /** A role is found by its account and name, and by the name alone. */
  ownKeys(roleName: string): Keys {
    return [...new Set([...this.roleKeys(roleName), nameKey(roleName)])];
  }
}

type Reader = (attributes: Attributes, draft: DeclarationsDraft) => void;

const READERS: Readonly<Record<string, Reader>> = {
  aws_iam_role: readRole,
  aws_iam_role_policy: readRolePolicy,
  aws_iam_instance_profile: readInstanceProfile,
  aws_iam_policy: readPolicy,
  aws_iam_role_policy_attachment: (attributes, draft) => readAttachment(attributes, [attributes.text("role")], draft),
  aws_iam_policy_attachment: readSharedAttachment,
  aws_iam_user_policy_attachment: (attributes, draft) => void draft.otherUses.push(attributes.text("policy_arn")),
  aws_iam_group_policy_attachment: (attributes, draft) => void draft.otherUses.push(attributes.text("policy_arn")),
  aws_iam_user: (attributes, draft) => void draft.otherUses.push(attributes.text("permissions_boundary")),
  aws_iam_role_policies_exclusive: readExclusive,
  aws_iam_role_policy_attachments_exclusive: readExclusive,
};

const ROLE_ATTRIBUTES = [
  ...["name", "path", "description", "assume_role_policy", "max_session_duration", "permissions_boundary"],
  ...["tags", "tags_all", "managed_policy_arns"],
];

function readRole(given: Attributes, draft: DeclarationsDraft): void {
  const { address } = given;
  const roleName = given.text("name");
  const keys = given.ownKeys(roleName);
  const why = given.hidden(...ROLE_ATTRIBUTES);
  if (why !== undefined) {
    draft.roles.push({ address, keys, role: { why } });
    return;
  }
  const boundary = textOf(given.value("permissions_boundary"));
  const inlinePolicyDocuments = inlineBlocks(given.value("inline_policy"));
  const hiddenInline = given.hidden("inline_policy");
  if (hiddenInline !== undefined) draft.problems.push({ address, text: hiddenInline });
  const role = roleOf({
    roleName,
    trustPolicy: given.text("assume_role_policy"),
    arn: given.text("arn"),
    roleId: given.text("unique_id"),
    path: given.text("path") || "/",
    description: given.text("description"),
    maxSessionDurationSeconds: Number(given.value("max_session_duration") ?? 3600),
    ...(boundary === undefined ? {} : { permissionsBoundaryArn: boundary }),
    tags: given.tags(),
    inlinePolicyDocuments,
    managedPolicyArns: textsOf(given.value("managed_policy_arns")),
  });
  draft.roles.push({ address, keys, role });
}

function readRolePolicy(given: Attributes, draft: DeclarationsDraft): void {
  const { address } = given;
  const text = given.hidden("role", "name");
  if (text !== undefined) draft.problems.push({ address, text });
  else {
    const roleKeys = given.roleKeys(given.text("role"));
    draft.policies.push({ address, roleKeys, policyName: given.text("name"), document: given.readable("policy") });
  }
}

function readInstanceProfile(given: Attributes, draft: DeclarationsDraft): void {
  const { address } = given;
  const text = given.hidden("name", "path", "role", "tags", "tags_all");
  if (text !== undefined) {
    draft.problems.push({ address, text });
    return;
  }
  const roleName = textOf(given.value("role"));
  const profile = profileOf({
    instanceProfileName: given.text("name"),
    arn: given.text("arn"),
    id: given.text("unique_id"),
    path: given.text("path") || "/",
    tags: given.tags(),
    roleName,
  });
  draft.profiles.push({ address, profile, roleKeys: roleName === undefined ? [] : given.roleKeys(roleName) });
}

function readPolicy(given: Attributes, draft: DeclarationsDraft): void {
  draft.managedPolicies.push({
    address: given.address,
    key: given.text("arn"),
    name: given.text("name"),
    path: given.text("path") || "/",
    description: given.text("description"),
    document: given.readable("policy"),
    tags: given.tags(),
  });
}

function readAttachment(given: Attributes, roles: readonly string[], draft: DeclarationsDraft): void {
  const { address } = given;
  const text = given.hidden("role", "roles");
  if (text !== undefined) {
    draft.problems.push({ address, text });
    draft.otherUses.push(given.text("policy_arn"));
    return;
  }
  for (const role of roles) {
    draft.attachments.push({ address, roleKeys: given.roleKeys(role), policy: given.readable("policy_arn") });
  }
}

function readSharedAttachment(given: Attributes, draft: DeclarationsDraft): void {
  const { address } = given;
  readAttachment(given, textsOf(given.value("roles")), draft);
  const others = ["users", "groups"].filter((name) => textsOf(given.value(name)).length > 0);
  const text = `also attaches its policy to ${others.join(" and ")}, which no manifest covers`;
  if (others.length === 0) return;
  draft.notes.push({ address, text });
  draft.otherUses.push(given.text("policy_arn"));
}

function readExclusive(given: Attributes, draft: DeclarationsDraft): void {
  draft.companions.push({ address: given.address, roleKeys: given.roleKeys(given.text("role_name")) });
  const text = "removes policies that it does not name; unmanagedPolicies: Remove does so in a manifest";
  draft.notes.push({ address: given.address, text });
}
