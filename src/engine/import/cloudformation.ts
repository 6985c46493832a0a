import { TerminalError } from "../../errors.ts";
import { nameKey, placeInArn } from "../../model/naming.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { isJsonObject, type JsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { didYouMean } from "../../text/did-you-mean.ts";
import {
  type Declarations,
  type DeclarationsDraft,
  emptyDraft,
  type Keys,
  profileOf,
  type Readable,
  roleOf,
} from "./declared.ts";
import { member, textOf } from "./json-access.ts";
import { type GivenValues, TemplateValues, UnresolvedError } from "./template-values.ts";

/**
 * Reads the IAM resources of a CloudFormation template. What an intrinsic function hides makes its resource a problem that names it.
 *
 * Errors: TerminalError for what is no template.
 *
 * @param template with short tags as objects, and every scalar as text
 */
export function readCloudFormation(template: JsonValue, given: GivenValues): Declarations {
  const resources = member(template, "Resources");
  if (!isJsonObject(template) || !isJsonObject(resources)) {
    throw new TerminalError("is not a CloudFormation template: it has no Resources", { reason: "NotTemplate" });
  }
  const asked = new Set<string>();
  const get = (key: string): string | undefined => {
    asked.add(key);
    return given.get(key);
  };
  const [draft, values] = [emptyDraft(), new TemplateValues(template, { get })];
  for (const [id, resource] of Object.entries(resources)) readResource(id, resource, { resources, values }, draft);
  for (const key of given.keys()) if (!asked.has(key)) refuseUnknown(key, template, resources);
  return draft;
}

/** Nothing has asked for the value. The template may still know its name. */
function refuseUnknown(key: string, template: JsonObject, resources: JsonObject): void {
  const declared = member(template, "Parameters");
  const parameters = isJsonObject(declared) ? Object.keys(declared) : [];
  const known = [...parameters, ...Object.keys(resources)];
  if (key.startsWith("AWS::") || known.includes(key.replace(/\..*$/s, ""))) return;
  const message = `has neither a parameter nor a resource ${showValue(key)}${didYouMean(key, known)}, which --parameter sets`;
  throw new TerminalError(message, { reason: "NotTemplate" });
}

interface Template {
  readonly resources: JsonObject;
  readonly values: TemplateValues;
}

function readResource(id: string, resource: JsonValue, template: Template, draft: DeclarationsDraft): void {
  const type = textOf(member(resource, "Type")) ?? "";
  const address = addressOf(id, type);
  try {
    if (id.startsWith("Fn::")) throw new UnresolvedError("cannot be resolved without CloudFormation");
    const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
    const isRead = read !== undefined && isIncluded(resource, address, template, draft);
    if (isRead) read(new Properties(id, type, resource, template), draft);
  } catch (error) {
    if (!(error instanceof UnresolvedError)) throw error;
    const text = `cannot be resolved: ${error.message}`;
    if (type === ROLE) draft.roles.push({ address, keys: [logicalKey(id)], role: { why: text } });
    else draft.problems.push({ address, text });
  }
}

/** Whether the resource is part of the stack. */
function isIncluded(resource: JsonValue, address: string, { values }: Template, draft: DeclarationsDraft): boolean {
  const condition = textOf(member(resource, "Condition"));
  if (condition === undefined || values.holds(condition)) return true;
  draft.notes.push({ address, text: `is not part of the stack: its condition ${condition} does not hold` });
  return false;
}

const ROLE = "AWS::IAM::Role";
const MANAGED_POLICY = "AWS::IAM::ManagedPolicy";

type Reader = (properties: Properties, draft: DeclarationsDraft) => void;

const READERS: Readonly<Record<string, Reader>> = {
  [ROLE]: readRole,
  "AWS::IAM::InstanceProfile": readInstanceProfile,
  "AWS::IAM::Policy": (properties, draft) => readPolicy(properties, properties.list("Roles"), draft),
  "AWS::IAM::RolePolicy": (properties, draft) => readPolicy(properties, [properties.raw("RoleName")], draft),
  [MANAGED_POLICY]: readManagedPolicy,
};

function addressOf(id: string, type: string): string {
  return type === "" ? id : `${id} (${type})`;
}

/** Roles without an explicit name are found by their logical id. */
function logicalKey(id: string): string {
  return `logical id ${id}`;
}

function namedKey(name: string): string {
  return `name ${nameKey(name)}`;
}

/** The properties of one resource. Its methods raise UnresolvedError. */
class Properties {
  readonly id: string;
  readonly address: string;
  readonly #properties: JsonValue | undefined;
  readonly #resources: JsonObject;
  readonly #values: TemplateValues;

  constructor(id: string, type: string, resource: JsonValue, { resources, values }: Template) {
    this.id = id;
    this.address = addressOf(id, type);
    this.#properties = member(resource, "Properties");
    this.#resources = resources;
    this.#values = values;
  }

  raw(name: string): JsonValue {
    return member(this.#properties, name) ?? null;
  }

  text(name: string): string | undefined {
    return this.#values.text(member(this.#properties, name));
  }

  /** The items of a list, each unresolved, unless a function makes the list as a whole. */
  list(name: string): readonly JsonValue[] {
    const raw = this.raw(name);
    return Array.isArray(raw) ? raw : this.items(name);
  }

  /** A policy document as JSON text. */
  document(value: JsonValue | undefined): string {
    return JSON.stringify(this.#values.resolve(value ?? null) ?? {});
  }

  /** The name that the resource has: its own, or the one that the command line gives; undefined: CloudFormation generates it. */
  physicalName(property: string): string | undefined {
    return this.#values.given(this.id) ?? this.text(property);
  }

  tags(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.items("Tags").flatMap((tag) => {
        const key = textOf(member(tag, "Key"));
        return key === undefined ? [] : [[key, textOf(member(tag, "Value")) ?? ""]];
      }),
    );
  }

  /** The items of a list. */
  items(name: string): readonly JsonValue[] {
    return listOf(this.#values.resolve(this.raw(name)) ?? []).filter((item) => item !== null);
  }

  resolved(value: JsonValue): JsonValue | undefined {
    return this.#values.resolve(value);
  }

  /** The ARN of a managed policy, or why there is none: CloudFormation generates the name. */
  managedPolicy(value: JsonValue): Readable | undefined {
    const id = textOf(member(value, "Ref"));
    const resource = id === undefined ? undefined : member(this.#resources, id);
    const isGenerated =
      textOf(member(resource, "Type")) === MANAGED_POLICY &&
      this.#values.given(id ?? "") === undefined &&
      member(member(resource, "Properties"), "ManagedPolicyName") === undefined;
    return isGenerated ? generatedPolicy(id ?? "") : this.#values.text(value);
  }

  /** The keys of a role, and its name if the template has it. */
  role(value: JsonValue): { readonly keys: Keys; readonly name?: string } | undefined {
    const id = textOf(member(value, "Ref"));
    if (id !== undefined && textOf(member(member(this.#resources, id), "Type")) === ROLE)
      return { keys: [logicalKey(id)] };
    const name = this.#values.text(value);
    return name === undefined ? undefined : { keys: [namedKey(name)], name };
  }
}

function readRole(given: Properties, draft: DeclarationsDraft): void {
  const { id, address } = given;
  const name = given.physicalName("RoleName");
  const boundary = given.text("PermissionsBoundary");
  const attached = given.list("ManagedPolicyArns").flatMap((raw) => given.managedPolicy(raw) ?? []);
  const policies = given.items("Policies").flatMap((policy) => {
    const policyName = textOf(member(policy, "PolicyName"));
    return policyName === undefined ? [] : [[policyName, JSON.stringify(member(policy, "PolicyDocument"))] as const];
  });
  const role = roleOf({
    roleName: name ?? id,
    trustPolicy: given.document(given.raw("AssumeRolePolicyDocument")),
    path: given.text("Path") ?? "/",
    description: given.text("Description") ?? "",
    maxSessionDurationSeconds: Number(given.text("MaxSessionDuration") ?? 3600),
    ...(boundary === undefined ? {} : { permissionsBoundaryArn: boundary }),
    tags: given.tags(),
    inlinePolicyDocuments: Object.fromEntries(policies),
  });
  const keys = [logicalKey(id), ...(name === undefined ? [] : [namedKey(name)])];
  draft.roles.push({ address, keys, role, ...(name === undefined && { isNameGenerated: true }) });
  for (const policy of attached) draft.attachments.push({ address, roleKeys: [logicalKey(id)], policy });
}

function readInstanceProfile(given: Properties, draft: DeclarationsDraft): void {
  const name = given.physicalName("InstanceProfileName");
  const [first = null] = given.list("Roles");
  const role = first === null ? undefined : given.role(first);
  draft.profiles.push({
    address: given.address,
    profile: profileOf({
      instanceProfileName: name ?? given.id,
      path: given.text("Path") ?? "/",
      roleName: role?.name,
    }),
    roleKeys: role?.keys ?? [],
    usesVariables: true,
    ...(name === undefined && { isNameGenerated: true }),
  });
}

function readPolicy(given: Properties, roles: readonly JsonValue[], draft: DeclarationsDraft): void {
  const { address } = given;
  const [policyName, document] = [given.text("PolicyName") ?? given.id, given.document(given.raw("PolicyDocument"))];
  for (const raw of roles) {
    const role = given.role(raw);
    if (role !== undefined) draft.policies.push({ address, roleKeys: role.keys, policyName, document });
  }
  noteOthers(given, draft);
}

/** Why a managed policy without a name is not attached. */
function generatedPolicy(id: string): Readable {
  return {
    why: `attaches ${id}, which has no ManagedPolicyName, so CloudFormation has generated its name: give its ARN with --parameter ${id}=ARN`,
  };
}

function readManagedPolicy(given: Properties, draft: DeclarationsDraft): void {
  const { address, id } = given;
  const physical = given.physicalName("ManagedPolicyName");
  // What CloudFormation shows as the physical id of a managed policy is its ARN.
  const place = physical?.startsWith("arn:") ? placeInArn(physical) : undefined;
  const name = place?.name ?? physical;
  const roles = given.list("Roles").flatMap((raw) => given.role(raw) ?? []);
  const document = given.document(given.raw("PolicyDocument"));
  const arn = name === undefined ? undefined : textOf(given.resolved({ Ref: id }));
  draft.managedPolicies.push({
    address,
    key: arn ?? logicalKey(id),
    name: name ?? id,
    path: place?.path ?? given.text("Path") ?? "/",
    description: given.text("Description") ?? "",
    document,
    tags: given.tags(),
    ...(name === undefined && { isNameGenerated: true }),
  });
  for (const { keys } of roles) draft.attachments.push({ address, roleKeys: keys, policy: arn ?? generatedPolicy(id) });
  if (noteOthers(given, draft)) draft.otherUses.push(arn ?? logicalKey(id));
}

/** Notes the users and groups of a policy. True if it has any. */
function noteOthers(given: Properties, draft: DeclarationsDraft): boolean {
  const others = ["Users", "Groups"].filter((name) => given.list(name).length > 0);
  if (others.length === 0) return false;
  const text = `is also for ${others.join(" and ").toLowerCase()}, which no manifest covers`;
  draft.notes.push({ address: given.address, text });
  return true;
}
