import type { API_VERSION, Condition, DeletionPolicy, ObjectMeta, Statement } from "./instance-profile.ts";

/** The value of `kind`. */
export const CLASS_KIND = "InstanceProfileClass";

/** The resource name in URLs and RBAC rules. */
export const CLASS_PLURAL = "instanceprofileclasses";

/** The annotation that, with the value `"true"`, makes the class the default of objects that name none. */
export const DEFAULT_CLASS_ANNOTATION = "iam.instanceprofile.dev/is-default-class";

/** The AWS account that InstanceProfiles may use and the bounds of what they may grant, with defaults filled in. */
export interface InstanceProfileClass {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof CLASS_KIND;
  readonly metadata: ObjectMeta;
  readonly spec: InstanceProfileClassSpec;
  readonly status?: InstanceProfileClassStatus;
}

/**
 * The spec of a class. Anything that it does not name is not allowed. `roleNamePrefix`, `path`, `allowedResources` and `maximumAccess` may
 * use variables such as `{namespace}`.
 */
export interface InstanceProfileClassSpec {
  readonly account: ClassAccount;
  /** Names of namespaces that may use the class, with `*`; never empty. */
  readonly namespaces: readonly string[];
  /** The prefix of the names of role and instance profile. Unset: any name. */
  readonly roleNamePrefix?: string;
  /** The exact path of role and instance profile. Unset: any path. */
  readonly path?: string;
  /** The permissions boundary of every role. An object may name it or none. Unset: the object's own, or none. */
  readonly permissionsBoundaryArn?: string;
  /** Patterns; never empty. */
  readonly allowedActions: readonly string[];
  /** Patterns; they win over `allowedActions`. */
  readonly deniedActions: readonly string[];
  /** Whether an Allow statement may have `notActions`; its actions are then checked like any others. */
  readonly allowNotActions: boolean;
  /** Patterns; never empty. */
  readonly allowedResources: readonly string[];
  /** Whether an Allow statement may have `notResources`; its resources are then checked like any others. */
  readonly allowNotResources: boolean;
  /** The most that the statements of an object may allow together. Unset: what the fields above allow. */
  readonly maximumAccess?: MaximumAccess;
  /** Patterns of ARNs. */
  readonly allowedManagedPolicies: readonly string[];
  /** Whether an object may create managed policies of its own; what they grant is bounded as its other policies are. */
  readonly allowManagedPolicies: boolean;
  readonly allowedTrustServices: readonly string[];
  /** Whether an object may have trust statements; their content is not checked. */
  readonly allowTrustStatements: boolean;
  /** Patterns, with `*`, of the names of roles that objects may put into instance profiles without managing them; in any case, as in IAM. */
  readonly allowedExternalRoles: readonly string[];
  /** Whether an object may adopt existing entities. */
  readonly allowAdoption: boolean;
  /** The ids of the clusters that objects may adopt from. */
  readonly allowedAdoptFrom: readonly string[];
  /** Patterns, with `*`, of the regions that `instances` may name; empty: an object may have no `instances`. */
  readonly allowedInstanceRegions: readonly string[];
  /** The highest `maxSessionDurationSeconds` that an object may have. */
  readonly maxSessionDurationSeconds: number;
  /** The maximum number of objects of this class in one namespace. Unset: any number. */
  readonly maxPerNamespace?: number;
  /** The tags of every role and instance profile. An object must not give one of them another value. */
  readonly tags: Readonly<Record<string, string>>;
  /** Variables for the texts of objects and of the class. */
  readonly variables: Readonly<Record<string, string>>;
  /** Patterns, with `*`, of the tag keys that an object may set. A to Z are case-insensitive, as in IAM. */
  readonly allowedTagKeys: readonly string[];
  /** The deletion policy of objects that have none; one of `allowedDeletionPolicies`. */
  readonly deletionPolicy?: DeletionPolicy;
  /** Never empty. A single value applies to every object, whatever its spec says. */
  readonly allowedDeletionPolicies: readonly DeletionPolicy[];
  /** Whether the annotation `force-delete` of an object has an effect. */
  readonly allowForceDelete: boolean;
  /** What happens to an accepted object that violates the class: AWS stays unchanged, or is reduced to what the class allows. */
  readonly onViolation: "Keep" | "Strip";
}

/** A policy that bounds others. */
export interface MaximumAccess {
  /** 1 to 50 statements. */
  readonly statements: readonly Statement[];
}

/** The AWS account of the roles. */
export interface ClassAccount {
  /** 12 digits. */
  readonly id: string;
  readonly partition: Partition;
  /** The role that the controller assumes for every request. Unset: the controller's own credentials. */
  readonly roleArn?: string;
  readonly externalId?: string;
  /** The SQS queues of the account's drift events. Unset: only those of the operator. */
  readonly eventQueueUrls?: readonly string[];
}

/** The partition of an ARN, after `arn:`. */
export type Partition = "aws" | "aws-cn" | "aws-us-gov";

/** The last observed state of a class. Output only. */
export interface InstanceProfileClassStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  /** The number of InstanceProfiles of this class. */
  readonly objects?: number;
  /** The number of those that violate the class. */
  readonly violations?: number;
}
