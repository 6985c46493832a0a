import type { API_VERSION, Condition, DeletionPolicy, ObjectMeta } from "./instance-profile.ts";

/** The kind, as written in `kind`. */
export const CLASS_KIND = "InstanceProfileClass";

/** The resource name in URLs and RBAC rules. */
export const CLASS_PLURAL = "instanceprofileclasses";

/** `"true"` makes the class the one of objects that name none. */
export const DEFAULT_CLASS_ANNOTATION = "iam.instanceprofile.dev/is-default-class";

/** Which AWS account InstanceProfiles may use and what they may grant: what an administrator brings, defaults filled in. */
export interface InstanceProfileClass {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof CLASS_KIND;
  readonly metadata: ObjectMeta;
  readonly spec: InstanceProfileClassSpec;
  readonly status?: InstanceProfileClassStatus;
}

/**
 * What is not named is not allowed. `{namespace}` and `{cluster}` in `roleNamePrefix`, `path` and `allowedResources` stand
 * for the object's namespace and the cluster's id.
 */
export interface InstanceProfileClassSpec {
  readonly account: ClassAccount;
  /** Names of namespaces that may use the class, with `*`; never empty. */
  readonly namespaces: readonly string[];
  /** Of role and instance profile. Unset: any name. */
  readonly roleNamePrefix?: string;
  /** Of role and instance profile, exactly. Unset: any path. */
  readonly path?: string;
  /** Put on every role; an object may name it or none, but no other. Unset: the object's own, or none. */
  readonly permissionsBoundaryArn?: string;
  /** Patterns; never empty. */
  readonly allowedActions: readonly string[];
  /** Patterns; they win over `allowedActions`. */
  readonly deniedActions: readonly string[];
  /** Whether an Allow statement may have `notActions`; its actions are then judged like any others. */
  readonly allowNotActions: boolean;
  /** Patterns; never empty. */
  readonly allowedResources: readonly string[];
  /** Whether an Allow statement may have `notResources`; its resources are then judged like any others. */
  readonly allowNotResources: boolean;
  /** Patterns of ARNs. */
  readonly allowedManagedPolicies: readonly string[];
  readonly allowedTrustServices: readonly string[];
  /** Whether an object may have trust statements of its own; nothing in them is judged. */
  readonly allowTrustStatements: boolean;
  /** Whether an object may take over what exists. */
  readonly allowAdoption: boolean;
  /** Patterns, with `*`, of the regions that `instances` may name; empty: an object may have no `instances`. */
  readonly allowedInstanceRegions: readonly string[];
  /** The highest `maxSessionDurationSeconds` that an object may have. */
  readonly maxSessionDurationSeconds: number;
  /** Objects of this class in one namespace. Unset: any number. */
  readonly maxPerNamespace?: number;
  /** On every role and instance profile; an object may not set one of them to anything else. */
  readonly tags: Readonly<Record<string, string>>;
  /** Patterns, with `*`, of the tag keys that an object may set itself; A to Z match in either case, as in IAM. */
  readonly allowedTagKeys: readonly string[];
  /** Of objects that have none; one of `allowedDeletionPolicies`. */
  readonly deletionPolicy?: DeletionPolicy;
  /** Never empty. Where there is one only, it holds for every object, whatever its spec says. */
  readonly allowedDeletionPolicies: readonly DeletionPolicy[];
  /** Whether the annotation `force-delete` of an object has an effect. */
  readonly allowForceDelete: boolean;
  /** What becomes of an object that was accepted and no longer fits: left as it is, or cut down to what fits. */
  readonly onViolation: "Keep" | "Strip";
}

/** Where the roles are. */
export interface ClassAccount {
  /** 12 digits. */
  readonly id: string;
  readonly partition: Partition;
  /** Assumed for every call. Unset: the controller's own credentials. */
  readonly roleArn?: string;
  readonly externalId?: string;
}

/** What an ARN begins with, after `arn:`. */
export type Partition = "aws" | "aws-cn" | "aws-us-gov";

/** What the controller last saw. Output only. */
export interface InstanceProfileClassStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  /** InstanceProfiles of this class. */
  readonly objects?: number;
  /** Of those, how many do not fit it. */
  readonly violations?: number;
}
