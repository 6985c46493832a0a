import { policyDocumentField } from "../api/document-fields.ts";
import type { Fault, Field } from "../api/field.ts";
import { API_VERSION, KIND, type Statement, type Trust } from "../api/instance-profile.ts";
import { managedPoliciesField, statementsField } from "../api/policy-fields.ts";
import { trustField } from "../api/trust-fields.ts";
import { nameKey, placeInArn } from "../model/naming.ts";
import type { ObservedInstanceProfile, ObservedManagedPolicy, ObservedRole } from "../model/observed-state.ts";
import { belongsToAws, TAG_PREFIX, type Tags } from "../model/ownership.ts";
import { isEc2 } from "../model/place.ts";
import { buildPolicy, policyJson, readPolicy, samePolicy } from "../model/policy/policy-document.ts";
import type { JsonValue } from "../model/policy/policy-json.ts";
import { permissionsDocument, trustDocument } from "../model/policy/policy-spec.ts";
import { type ManifestStatement, statementsFrom, trustFrom } from "../model/policy/statements-of.ts";
import { isTemplateFree } from "../model/variables/template.ts";

/** A part of a role or instance profile that the manifest does not cover. */
export interface ExportNote {
  readonly text: string;
  /** The policy document that stays unmanaged. */
  readonly document?: JsonValue;
}

/** A manifest for an existing role, and notes on what the manifest does not cover. */
export interface ExportedManifest {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly notes: readonly ExportNote[];
}

/** A customer managed policy that becomes one of the object. */
export interface ExportedOwnPolicy extends ObservedManagedPolicy {
  readonly description: string;
}

/** Name and namespace of the object in the manifest. */
export interface ExportNames {
  readonly name: string;
  /** Undefined: the manifest has no namespace. */
  readonly namespace: string | undefined;
  /** The cluster that the object adopts from. Unset: it adopts what is unowned. */
  readonly adoptFrom?: string;
  /** `{account}` and the like in policies are variables, so that these are written as statements. */
  readonly hasVariables?: boolean;
}

/**
 * The manifest that adopts a role and its instance profile unchanged. The caller must plan it to verify that nothing changes. Fields with
 * their default value are omitted.
 *
 * @param managedPolicies those of the role that the object owns; the role attaches what a manifest cannot own
 */
export function exportedManifest(
  role: ObservedRole,
  profile: ObservedInstanceProfile,
  { name, namespace, adoptFrom, hasVariables = false }: ExportNames,
  managedPolicies: readonly ExportedOwnPolicy[] = [],
): ExportedManifest {
  const own = managedPolicies.filter(canBeOwned);
  const attached = role.managedPolicyArns.filter((arn) => !own.some((policy) => policy.arn === arn));
  const inline = inlinePoliciesOf(role, hasVariables);
  const trust = trustOf(role);
  const tags = tagsOf(role.tags, profile.tags, own);
  const spec = {
    roleName: role.roleName,
    ...(profile.instanceProfileName === role.roleName ? {} : { instanceProfileName: profile.instanceProfileName }),
    ...(role.path === "/" ? {} : { path: role.path }),
    ...(profile.path === role.path ? {} : { instanceProfilePath: profile.path }),
    ...(role.description === "" ? {} : { description: role.description }),
    ...inline.fields,
    ...(own.length === 0 ? {} : { managedPolicies: own.map((policy) => ownPolicyOf(policy, role, hasVariables)) }),
    ...(attached.length === 0 ? {} : { managedPolicyArns: attached }),
    ...(role.permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn: role.permissionsBoundaryArn }),
    ...(role.maxSessionDurationSeconds === 3600 ? {} : { maxSessionDurationSeconds: role.maxSessionDurationSeconds }),
    ...trust.fields,
    ...tags.fields,
    ...adoptionOf(adoptFrom),
  };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    manifest: { apiVersion: API_VERSION, kind: KIND, metadata, spec },
    notes: [...inline.notes, ...trust.notes, ...tags.notes],
  };
}

/** The manifest that adopts an instance profile and leaves its role to other clients. */
export function exportedExternal(
  { instanceProfileName, path, roleName, tags }: ObservedInstanceProfile,
  { name, namespace, adoptFrom }: ExportNames,
): ExportedManifest {
  const { fields, notes } = tagsOf({}, tags);
  const spec = {
    roleName,
    role: { management: "External" },
    ...(instanceProfileName === roleName ? {} : { instanceProfileName }),
    ...(path === "/" ? {} : { path }),
    ...(fields.instanceProfileTags && { tags: fields.instanceProfileTags }),
    ...adoptionOf(adoptFrom),
  };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { manifest: { apiVersion: API_VERSION, kind: KIND, metadata, spec }, notes };
}

/** The field that adopts what exists. */
function adoptionOf(clusterId: string | undefined): object {
  return clusterId === undefined ? { adoptionPolicy: "IfExists" } : { adoptFrom: { clusterId } };
}

interface InlinePart {
  readonly fields: {
    readonly policyName?: string;
    readonly statements?: readonly ManifestStatement[];
    readonly inlinePolicies?: readonly ExportedPolicy[];
  };
  readonly notes: readonly ExportNote[];
}

/** A policy as statements, or as a document where statements say less than it. */
type PolicyContent = { readonly statements: readonly ManifestStatement[] } | { readonly document: JsonValue };

type ExportedPolicy = { readonly name: string } & PolicyContent;

/** True for a managed policy that an object can have as its own. */
export function canBeOwned({
  arn,
  description,
  document,
}: Pick<ExportedOwnPolicy, "arn" | "description" | "document">): boolean {
  const policy = { ...placeInArn(arn), description, document: policyJson(readPolicy(document ?? "", "permissions")) };
  return policy.document !== undefined && isTaken(managedPoliciesField, [policy]);
}

function ownPolicyOf(
  { arn, description, document = "" }: ExportedOwnPolicy,
  role: ObservedRole,
  hasVariables: boolean,
): Readonly<Record<string, unknown>> {
  const { name, path } = placeInArn(arn);
  return {
    name,
    ...(path === role.path ? {} : { path }),
    ...(description === "" ? {} : { description }),
    ...contentOf(document, hasVariables),
  };
}

/** Every inline policy; one alone in the short form. */
function inlinePoliciesOf(
  { roleName, inlinePolicyNames, inlinePolicyDocuments }: ObservedRole,
  hasVariables: boolean,
): InlinePart {
  const policies: ExportedPolicy[] = [];
  const notes: ExportNote[] = [];
  for (const name of inlinePolicyNames) {
    const text = inlinePolicyDocuments[name] ?? "";
    const content = contentOf(text, hasVariables);
    if (content !== undefined) policies.push({ name, ...content });
    else {
      const document = policyJson(readPolicy(text, "permissions")) ?? text;
      notes.push({ text: `inline policy ${name} cannot be read; it stays on the role, unmanaged:`, document });
    }
  }
  const [one, ...others] = policies;
  if (one === undefined) return { fields: {}, notes };
  if (others.length > 0 || "document" in one) return { fields: { inlinePolicies: policies }, notes };
  return { fields: { ...(one.name === roleName ? {} : { policyName: one.name }), statements: one.statements }, notes };
}

function contentOf(text: string, hasVariables: boolean): PolicyContent | undefined {
  const current = readPolicy(text, "permissions");
  const document = policyJson(current);
  const statements = statementsFrom(document);
  const isPlain = document !== undefined && (hasVariables || isTemplateFree(document));
  if (isPlain && statements !== undefined && statements.length > 0 && isTaken(statementsField, statements)) {
    const written = permissionsDocument(statements as unknown as readonly Statement[]);
    if (samePolicy(buildPolicy(written, "permissions"), current)) return { statements };
  }
  return document !== undefined && isTaken(policyDocumentField, document) ? { document } : undefined;
}

/** True for what the parser of manifests takes in the field. */
function isTaken(field: Field<unknown>, value: unknown): boolean {
  const faults: Fault[] = [];
  field.read(value, "", faults);
  return faults.length === 0;
}

interface TrustPart {
  readonly fields: { readonly trust?: unknown };
  readonly notes: readonly ExportNote[];
}

/** The trust of the manifest; no field when it is the default. */
function trustOf({ trustPolicy }: ObservedRole): TrustPart {
  const current = readPolicy(trustPolicy, "trust");
  const document = policyJson(current);
  const trust = trustFrom(document);
  if (
    trust !== undefined &&
    document !== undefined &&
    isTemplateFree(document) &&
    isTaken(trustField, trust) &&
    samePolicy(buildPolicy(trustDocument(trust), "trust"), current)
  ) {
    return { fields: shortTrust(trust), notes: [] };
  }
  if (document !== undefined && isTaken(trustField, { document }))
    return { fields: { trust: { document } }, notes: [] };
  const text = "the trust policy cannot be read, and the manifest would replace it:";
  return { fields: {}, notes: [{ text, document: document ?? trustPolicy }] };
}

function shortTrust({ services, statements }: Trust): TrustPart["fields"] {
  const [service, ...others] = services;
  if (service !== undefined && isEc2(service) && others.length === 0)
    return statements.length === 0 ? {} : { trust: { statements } };
  return { trust: statements.length === 0 ? { services } : { services, statements } };
}

interface TagPart {
  readonly fields: { readonly tags?: Tags; readonly roleTags?: Tags; readonly instanceProfileTags?: Tags };
  readonly notes: readonly ExportNote[];
}

/**
 * The tags of the manifest: those of all entities, and those that the role or the instance profile has alone or with another value. Tags of
 * AWS, such as those of a CloudFormation stack, stay unmanaged, and so do those of a managed policy alone.
 */
function tagsOf(role: Tags, profile: Tags, policies: readonly ExportedOwnPolicy[] = []): TagPart {
  const all = [role, profile, ...policies.map(({ tags }) => tags)];
  const isShared = ([key, value]: readonly [string, string]): boolean => all.every((tags) => tags[key] === value);
  const own = (tags: Tags): (readonly [string, string])[] => Object.entries(tags).filter(([key]) => !isReserved(key));
  const part = (field: keyof TagPart["fields"], tags: readonly (readonly [string, string])[]): TagPart["fields"] =>
    tags.length === 0 ? {} : { [field]: Object.fromEntries([...tags].sort()) };
  const left = (tags: Tags, what: string): readonly ExportNote[] =>
    Object.entries(tags)
      .filter(([key]) => belongsToAws(key))
      .sort()
      .map(([key, value]) => ({
        text: `tag ${key}=${value} of the ${what} is reserved by AWS; it stays there, unmanaged`,
      }));
  return {
    fields: {
      ...part("tags", own(role).filter(isShared)),
      ...part(
        "roleTags",
        own(role).filter((tag) => !isShared(tag)),
      ),
      ...part(
        "instanceProfileTags",
        own(profile).filter((tag) => !isShared(tag)),
      ),
    },
    notes: [
      ...left(role, "role"),
      ...left(profile, "instance profile"),
      ...policies.flatMap(({ arn, tags }) => {
        const what = `managed policy ${placeInArn(arn).name}`;
        const others = own(tags).filter((tag) => !isShared(tag));
        return [
          ...left(tags, what),
          ...others.sort().map(([key, value]) => ({ text: `tag ${key}=${value} of ${what} stays there, unmanaged` })),
        ];
      }),
    ],
  };
}

function isReserved(key: string): boolean {
  return belongsToAws(key) || nameKey(key).startsWith(TAG_PREFIX);
}
