import type { ObservedInstanceProfile, ObservedRole } from "../../model/observed-state.ts";
import type { Tags } from "../../model/ownership.ts";

/**
 * Keys by which declarations refer to each other, the most exact first. They are equal if and only if the entity is the same; what they look
 * like depends on the tool.
 */
export type Keys = readonly string[];

/** A text that the input has, or why it cannot be read. */
export type Readable = string | Unreadable;

/** Why a part of the input cannot be read, as the end of a sentence about it: `is marked as sensitive`. */
export interface Unreadable {
  readonly why: string;
}

/** A role as another tool declares it, with the policies of the same declaration. */
export interface DeclaredRole {
  readonly address: string;
  readonly keys: Keys;
  /** `why`: it cannot be read. */
  readonly role: ObservedRole | Unreadable;
  /** The input does not have the name, because the tool generates one. */
  readonly isNameGenerated?: boolean;
}

/** An instance profile as another tool declares it. */
export interface DeclaredProfile {
  readonly address: string;
  readonly profile: ObservedInstanceProfile;
  readonly roleKeys: Keys;
  readonly isNameGenerated?: boolean;
  /** `{account}` and the like in its texts, and those of its role, are variables. */
  readonly usesVariables?: boolean;
  /** Where the tool's own object is in Kubernetes. */
  readonly object?: { readonly name: string; readonly namespace: string | undefined };
}

/** An inline policy that is declared apart from its role. */
export interface DeclaredPolicy {
  readonly address: string;
  readonly roleKeys: Keys;
  readonly policyName: string;
  readonly document: Readable;
}

/** A managed policy on a role. */
export interface DeclaredAttachment {
  readonly address: string;
  readonly roleKeys: Keys;
  /** Its ARN, or the key of a declared policy. */
  readonly policy: Readable;
}

/** A declaration that belongs to a role and adds nothing to it. */
export interface DeclaredCompanion {
  readonly address: string;
  readonly roleKeys: Keys;
}

/** A customer managed policy. */
export interface DeclaredManagedPolicy {
  readonly address: string;
  /** Its ARN; another key when the input does not have it. */
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly document: Readable;
  readonly tags: Tags;
  readonly isNameGenerated?: boolean;
}

/** A remark on a declaration, as a sentence that starts with its address. */
export interface Remark {
  readonly address: string;
  readonly text: string;
}

/** What a file, a stack or a cluster declares for roles of EC2 instances. */
export interface Declarations {
  readonly roles: readonly DeclaredRole[];
  readonly profiles: readonly DeclaredProfile[];
  readonly policies: readonly DeclaredPolicy[];
  readonly attachments: readonly DeclaredAttachment[];
  readonly managedPolicies: readonly DeclaredManagedPolicy[];
  /** The ARNs or keys of managed policies that users and groups have too. */
  readonly otherUses: readonly string[];
  readonly companions: readonly DeclaredCompanion[];
  /** What cannot be read. */
  readonly problems: readonly Remark[];
  /** What can be read and has no place in a manifest. */
  readonly notes: readonly Remark[];
}

/** {@link Declarations} while a reader collects them. */
export type DeclarationsDraft = { readonly [List in keyof Declarations]: Declarations[List][number][] };

/** No declarations yet. */
export function emptyDraft(): DeclarationsDraft {
  return {
    roles: [],
    profiles: [],
    policies: [],
    attachments: [],
    managedPolicies: [],
    otherUses: [],
    companions: [],
    problems: [],
    notes: [],
  };
}

type Named<Name extends string> = Readonly<Record<Name, string>>;

/** A role with IAM's defaults for what is not declared. */
export function roleOf(declared: Partial<ObservedRole> & Named<"roleName" | "trustPolicy">): ObservedRole {
  const { roleName, path = "/" } = declared;
  return {
    presence: "present",
    arn: `arn:aws:iam::*:role${path}${roleName}`,
    roleId: "",
    path,
    description: "",
    maxSessionDurationSeconds: 3600,
    permissionsBoundaryArn: undefined,
    tags: {},
    inlinePolicyNames: Object.keys(declared.inlinePolicyDocuments ?? {}).sort(),
    inlinePolicyDocuments: {},
    managedPolicyArns: [],
    ...declared,
  };
}

/** An instance profile with IAM's defaults for what is not declared. */
export function profileOf(
  declared: Partial<ObservedInstanceProfile> & Named<"instanceProfileName">,
): ObservedInstanceProfile {
  const { instanceProfileName, path = "/" } = declared;
  return {
    presence: "present",
    arn: `arn:aws:iam::*:instance-profile${path}${instanceProfileName}`,
    id: "",
    path,
    tags: {},
    roleName: undefined,
    ...declared,
  };
}
