import type { ObservedInstances, ProfileUsers } from "./instances/instance.ts";
import type { Tags } from "./ownership.ts";

/** An entity that was read and does not exist. A failed read is an error instead. */
export interface Absent {
  readonly presence: "absent";
}

/** The only value of {@link Absent}. */
export const ABSENT: Absent = { presence: "absent" };

/** A role as GetRole returns it. */
export interface RoleFacts {
  readonly presence: "present";
  readonly roleName: string;
  /** Right after creation IAM may return the unique id instead of an ARN. */
  readonly arn: string;
  /** `AROA…`. A role that was deleted and created again has another id. */
  readonly roleId: string;
  /** RFC 3339; unset: unknown. */
  readonly createdTime?: string;
  readonly path: string;
  readonly description: string;
  readonly maxSessionDurationSeconds: number;
  readonly permissionsBoundaryArn: string | undefined;
  readonly tags: Tags;
  /** The trust policy as IAM returns it, percent-encoded or not. */
  readonly trustPolicy: string;
  /** The last use of its credentials, which IAM shows hours later. Unset when IAM knows none, and in ListRoles. */
  readonly lastUsed?: {
    /** RFC 3339, whole seconds. */
    readonly at: string;
    readonly region: string | undefined;
  };
}

/** A role with its policies. */
export interface ObservedRole extends RoleFacts {
  /** Every inline policy's name, sorted. */
  readonly inlinePolicyNames: readonly string[];
  /** Documents as IAM returns them, of the inline policies whose content affects the plan. */
  readonly inlinePolicyDocuments: Readonly<Record<string, string>>;
  /** Attached managed policies, sorted. */
  readonly managedPolicyArns: readonly string[];
  /** The instance profiles that hold it, sorted; undefined if they were not read. */
  readonly instanceProfileNames?: readonly string[];
}

/** An instance profile as GetInstanceProfile returns it. */
export interface ObservedInstanceProfile {
  readonly presence: "present";
  readonly instanceProfileName: string;
  readonly arn: string;
  /** `AIPA…` */
  readonly id: string;
  /** RFC 3339; unset: unknown. */
  readonly createdTime?: string;
  readonly path: string;
  readonly tags: Tags;
  /** IAM allows one role at most. */
  readonly roleName: string | undefined;
}

/** A customer managed policy that the object owns, or names. */
export interface ObservedManagedPolicy {
  readonly presence: "present";
  readonly arn: string;
  /** `ANPA…` */
  readonly policyId: string;
  /** RFC 3339; unset: unknown. */
  readonly createdTime?: string;
  /** Unset: unknown. */
  readonly description?: string;
  readonly tags: Tags;
  /** The document of the default version as IAM returns it; undefined when the plan does not depend on it. */
  readonly document: string | undefined;
  readonly defaultVersionId: string;
  /** The oldest first; empty when the plan does not depend on them. */
  readonly versionIds: readonly string[];
  /** What else the policy is attached to, or is the permissions boundary of, as messages name it. */
  readonly usedBy: readonly string[];
}

/** The observed state of one InstanceProfile object in AWS. Plain JSON. */
export interface ObservedState {
  readonly role: ObservedRole | Absent;
  readonly instanceProfile: ObservedInstanceProfile | Absent;
  /** The managed policies that the object names, or has named, as far as they exist; sorted by ARN. Unset when there are none. */
  readonly managedPolicies?: readonly ObservedManagedPolicy[];
  /** Unset when the object does not select, and never associated, any instance. */
  readonly instances?: ObservedInstances;
  /** What uses an instance profile that the object may adopt; unset for any other profile. */
  readonly adoptedUsers?: ProfileUsers;
}
