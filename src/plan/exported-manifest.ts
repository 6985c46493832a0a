import { API_VERSION, KIND, type Statement } from "../api/instance-profile.ts";
import { nameKey, sameName } from "../model/naming.ts";
import type { ObservedInstanceProfile, ObservedRole } from "../model/observed-state.ts";
import { belongsToAws, TAG_PREFIX, type Tags } from "../model/ownership.ts";
import {
  buildPolicy,
  permissionsDocument,
  policyJson,
  readPolicy,
  samePolicy,
} from "../model/policy/policy-document.ts";
import type { JsonValue } from "../model/policy/policy-json.ts";
import { type ManifestStatement, statementsFrom, trustFrom } from "../model/policy/statements-of.ts";

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

/** Name and namespace of the object in the manifest. */
export interface ExportNames {
  readonly name: string;
  /** Undefined: the manifest has no namespace. */
  readonly namespace: string | undefined;
}

/**
 * The manifest that adopts a role and its instance profile unchanged. The caller must plan it to verify that nothing changes. Fields with
 * their default value are omitted.
 */
export function exportedManifest(
  role: ObservedRole,
  profile: ObservedInstanceProfile,
  { name, namespace }: ExportNames,
): ExportedManifest {
  const inline = inlinePolicyOf(role);
  const tags = tagsOf(role.tags, profile.tags);
  const spec = {
    roleName: role.roleName,
    ...(profile.instanceProfileName === role.roleName ? {} : { instanceProfileName: profile.instanceProfileName }),
    ...(role.path === "/" ? {} : { path: role.path }),
    ...(profile.path === role.path ? {} : { instanceProfilePath: profile.path }),
    ...(role.description === "" ? {} : { description: role.description }),
    ...inline.fields,
    ...(role.managedPolicyArns.length === 0 ? {} : { managedPolicyArns: role.managedPolicyArns }),
    ...(role.permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn: role.permissionsBoundaryArn }),
    ...(role.maxSessionDurationSeconds === 3600 ? {} : { maxSessionDurationSeconds: role.maxSessionDurationSeconds }),
    ...trustOf(role),
    ...tags.fields,
    adoptionPolicy: "IfExists",
  };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    manifest: { apiVersion: API_VERSION, kind: KIND, metadata, spec },
    notes: [...inline.notes, ...tags.notes],
  };
}

/** The manifest that adopts an instance profile and leaves its role to other clients. */
export function exportedExternal(
  { instanceProfileName, path, roleName, tags }: ObservedInstanceProfile,
  { name, namespace }: ExportNames,
): ExportedManifest {
  const { fields, notes } = tagsOf({}, tags);
  const spec = {
    roleName,
    role: { management: "External" },
    ...(instanceProfileName === roleName ? {} : { instanceProfileName }),
    ...(path === "/" ? {} : { path }),
    ...(fields.instanceProfileTags && { tags: fields.instanceProfileTags }),
    adoptionPolicy: "IfExists",
  };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { manifest: { apiVersion: API_VERSION, kind: KIND, metadata, spec }, notes };
}

interface InlinePart {
  readonly fields: { readonly policyName?: string; readonly statements?: readonly ManifestStatement[] };
  readonly notes: readonly ExportNote[];
}

/** A manifest has one inline policy. If there are several, the one with the role's name is preferred; the others stay unmanaged. */
function inlinePolicyOf(role: ObservedRole): InlinePart {
  const { roleName, inlinePolicyNames, inlinePolicyDocuments } = role;
  const byLikelihood = inlinePolicyNames.toSorted(
    (a, b) => Number(sameName(b, roleName)) - Number(sameName(a, roleName)),
  );
  const policies = byLikelihood.map((policyName) => ({
    policyName,
    statements: expressible(inlinePolicyDocuments[policyName] ?? ""),
  }));
  const chosen = policies.find(({ statements }) => statements !== undefined);
  const notes = policies
    .filter((policy) => policy !== chosen)
    .map(({ policyName, statements }) => {
      const why =
        statements === undefined ? "cannot be expressed in a manifest" : "is an additional one, and a manifest has one";
      const read = policyJson(readPolicy(inlinePolicyDocuments[policyName] ?? "", "permissions"));
      return {
        text: `inline policy ${policyName} ${why}; it stays on the role, unmanaged:`,
        document: read ?? inlinePolicyDocuments[policyName] ?? "",
      };
    });
  if (chosen?.statements === undefined) return { fields: {}, notes };
  const { policyName, statements } = chosen;
  return { fields: { ...(policyName === roleName ? {} : { policyName }), statements }, notes };
}

function expressible(text: string): readonly ManifestStatement[] | undefined {
  const current = readPolicy(text, "permissions");
  const statements = statementsFrom(policyJson(current));
  if (statements === undefined || statements.length === 0) return undefined;
  return samePolicy(
    buildPolicy(permissionsDocument(statements as unknown as readonly Statement[]), "permissions"),
    current,
  )
    ? statements
    : undefined;
}

/** The trust of the manifest; empty when it is the default. */
function trustOf({ trustPolicy }: ObservedRole): { readonly trust?: unknown } {
  const trust = trustFrom(policyJson(readPolicy(trustPolicy, "trust")));
  if (trust === undefined) return {};
  const { services, statements } = trust;
  if (services.join() === "ec2.amazonaws.com") return statements.length === 0 ? {} : { trust: { statements } };
  return { trust: statements.length === 0 ? { services } : { services, statements } };
}

interface TagPart {
  readonly fields: { readonly tags?: Tags; readonly roleTags?: Tags; readonly instanceProfileTags?: Tags };
  readonly notes: readonly ExportNote[];
}

/**
 * The tags of the manifest: those of both entities, and those that one of them has alone or with another value. Tags of AWS, such as those
 * of a CloudFormation stack, stay unmanaged.
 */
function tagsOf(role: Tags, profile: Tags): TagPart {
  const isShared = ([key, value]: readonly [string, string]): boolean => role[key] === value && profile[key] === value;
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
    notes: [...left(role, "role"), ...left(profile, "instance profile")],
  };
}

function isReserved(key: string): boolean {
  return belongsToAws(key) || nameKey(key).startsWith(TAG_PREFIX);
}
