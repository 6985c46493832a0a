import { nameInArn, nameKey } from "../../model/naming.ts";
import type { JsonObject, JsonValue } from "../../model/policy/policy-json.ts";
import { type ClusterObject, clusterObjects, objectKey } from "./cluster-object.ts";
import { type Declarations, type DeclarationsDraft, emptyDraft, type Keys, profileOf, roleOf } from "./declared.ts";
import { inlineBlocks, member, memberAt, objectOr, textMapOf, textOf, textsOf } from "./json-access.ts";

/** The API groups of Crossplane's provider for IAM: objects of the cluster, and of namespaces (v2). */
export const CROSSPLANE_GROUPS: readonly string[] = ["iam.aws.upbound.io", "iam.aws.m.upbound.io"];

/** Reads the managed resources of Crossplane's provider for IAM, joined by references, selectors and external names. */
export function readCrossplane(documents: readonly JsonValue[]): Declarations {
  const resources = clusterObjects(documents, CROSSPLANE_GROUPS).map((object) => new ManagedResource(object));
  const draft = emptyDraft();
  for (const resource of resources) {
    const { kind, address } = resource.object;
    const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
    if (read !== undefined) read(resource, resources, draft);
    else draft.notes.push({ address, text: NOT_COVERED });
  }
  return draft;
}

const NOT_COVERED = "is of a kind that no manifest covers";

type Reader = (resource: ManagedResource, all: readonly ManagedResource[], draft: DeclarationsDraft) => void;

const READERS: Readonly<Record<string, Reader>> = {
  Role: readRole,
  RolePolicy: readRolePolicy,
  RolePolicyAttachment: readAttachment,
  UserPolicyAttachment: readOtherUse,
  GroupPolicyAttachment: readOtherUse,
  Policy: readPolicy,
  InstanceProfile: readInstanceProfile,
};

/** One managed resource with the fields of its `forProvider`. */
class ManagedResource {
  readonly object: ClusterObject;
  readonly #fields: JsonObject;

  constructor(object: ClusterObject) {
    this.object = object;
    const [first, later] = ["initProvider", "forProvider"].map((part) => objectOr(member(object.spec, part)));
    this.#fields = { ...first, ...later };
  }

  /** The name in AWS; the external name can also be `ROLE:POLICY` or an ARN. */
  get externalName(): string {
    const name = this.#externalName;
    return name.startsWith("arn:") ? nameInArn(name) : name.slice(name.indexOf(":") + 1);
  }

  get #externalName(): string {
    return textOf(member(this.object.annotations, "crossplane.io/external-name")) ?? this.object.name;
  }

  get key(): string {
    return objectKey(this.object.kind, this.object.name, this.object.namespace);
  }

  get policyKey(): string {
    const arn = textOf(memberAt(this.object.status, "atProvider", "arn"));
    return arn ?? (this.#externalName.startsWith("arn:") ? this.#externalName : this.key);
  }

  text(field: string): string | undefined {
    return textOf(this.value(field));
  }

  value(field: string): JsonValue | undefined {
    return member(this.#fields, field);
  }

  tags(): Readonly<Record<string, string>> {
    return textMapOf(this.value("tags"));
  }

  /** The one object to which `<field>Ref` or `<field>Selector` refers; undefined when the field has neither, or there is none. */
  referred(field: string, kind: string, all: readonly ManagedResource[]): ManagedResource | undefined {
    const name = textOf(member(this.value(`${field}Ref`), "name"));
    const namespace = textOf(member(this.value(`${field}Ref`), "namespace")) ?? this.object.namespace;
    const candidates = all.filter(({ object }) => object.kind === kind);
    if (name !== undefined) return candidates.find(({ key }) => key === objectKey(kind, name, namespace));
    const selector = this.value(`${field}Selector`);
    const found = selector === undefined ? [] : candidates.filter((candidate) => this.#selects(selector, candidate));
    return found.length === 1 ? found[0] : undefined;
  }

  #selects(selector: JsonValue, { object }: ManagedResource): boolean {
    const labels = Object.entries(textMapOf(member(selector, "matchLabels")));
    const isSibling =
      member(selector, "matchControllerRef") !== true ||
      (object.controllerUid !== undefined && object.controllerUid === this.object.controllerUid);
    const isNear = object.namespace === this.object.namespace;
    return isSibling && isNear && labels.every(([key, value]) => member(object.labels, key) === value);
  }

  /** The keys of its role: that of the object to which it refers, or the role's name. */
  roleKeys(all: readonly ManagedResource[]): { readonly keys: Keys; readonly name: string | undefined } {
    const role = this.referred("role", "Role", all);
    const name = role?.externalName ?? this.text("role");
    return { keys: role === undefined ? keysOf(name) : [role.key], name };
  }
}

function keysOf(name: string | undefined): Keys {
  return name === undefined ? [] : [nameKey(name)];
}

function readRole(resource: ManagedResource, _all: readonly ManagedResource[], draft: DeclarationsDraft): void {
  const boundary = resource.text("permissionsBoundary");
  const role = roleOf({
    roleName: resource.externalName,
    trustPolicy: resource.text("assumeRolePolicy") ?? "",
    path: resource.text("path") ?? "/",
    description: resource.text("description") ?? "",
    maxSessionDurationSeconds: Number(resource.value("maxSessionDuration") ?? 3600),
    ...(boundary === undefined ? {} : { permissionsBoundaryArn: boundary }),
    tags: resource.tags(),
    inlinePolicyDocuments: inlineBlocks(resource.value("inlinePolicy")),
    managedPolicyArns: textsOf(resource.value("managedPolicyArns")),
  });
  draft.roles.push({ address: resource.object.address, keys: [resource.key, nameKey(resource.externalName)], role });
}

function readRolePolicy(resource: ManagedResource, all: readonly ManagedResource[], draft: DeclarationsDraft): void {
  const { address } = resource.object;
  const { keys } = resource.roleKeys(all);
  const document = resource.text("policy") ?? { why: "has no policy" };
  draft.policies.push({ address, roleKeys: keys, policyName: resource.externalName, document });
}

function readAttachment(resource: ManagedResource, all: readonly ManagedResource[], draft: DeclarationsDraft): void {
  const { address } = resource.object;
  const { keys } = resource.roleKeys(all);
  const policy = resource.referred("policyArn", "Policy", all)?.policyKey ?? resource.text("policyArn");
  draft.attachments.push({
    address,
    roleKeys: keys,
    policy: policy ?? { why: "attaches a policy that is not in the input" },
  });
}

function readOtherUse(resource: ManagedResource, all: readonly ManagedResource[], draft: DeclarationsDraft): void {
  const policy = resource.referred("policyArn", "Policy", all)?.policyKey ?? resource.text("policyArn");
  if (policy !== undefined) draft.otherUses.push(policy);
  draft.notes.push({ address: resource.object.address, text: NOT_COVERED });
}

function readPolicy(resource: ManagedResource, _all: readonly ManagedResource[], draft: DeclarationsDraft): void {
  draft.managedPolicies.push({
    address: resource.object.address,
    key: resource.policyKey,
    name: resource.externalName,
    path: resource.text("path") ?? "/",
    description: resource.text("description") ?? "",
    document: resource.text("policy") ?? { why: "has no policy" },
    tags: resource.tags(),
  });
}

function readInstanceProfile(
  resource: ManagedResource,
  all: readonly ManagedResource[],
  draft: DeclarationsDraft,
): void {
  const { address, name, namespace } = resource.object;
  const role = resource.roleKeys(all);
  draft.profiles.push({
    address,
    profile: profileOf({
      instanceProfileName: resource.externalName,
      path: resource.text("path") ?? "/",
      tags: resource.tags(),
      roleName: role.name,
    }),
    roleKeys: role.keys,
    object: { name, namespace },
  });
}
