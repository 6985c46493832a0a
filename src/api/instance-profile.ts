import type { OversizePolicy } from "../model/policy/policy-size.ts";

/** The API group of every kind of this controller, and the prefix of its annotations, finalizers and AWS tags. */
export const API_GROUP = "iam.instanceprofile.dev";

/** Group and version, as written in `apiVersion`. */
export const API_VERSION = "iam.instanceprofile.dev/v1beta1";

/** The kind, as written in `kind`. */
export const KIND = "InstanceProfile";

/** The resource name in URLs and RBAC rules. */
export const PLURAL = "instanceprofiles";

/** Any value not seen before asks for a verification now; `status.lastHandledReconcileAt` answers with that value. */
export const RECONCILE_AT_ANNOTATION = "iam.instanceprofile.dev/reconcile-at";

/** `"true"` lets deletion pass what blocks it. */
export const FORCE_DELETE_ANNOTATION = "iam.instanceprofile.dev/force-delete";

/** The part of Kubernetes metadata that the controller reads. */
export interface ObjectMeta {
  readonly name: string;
  /** `default` when a manifest that was never in a cluster names none. */
  readonly namespace: string;
  /** Empty for a manifest that was never in a cluster. */
  readonly uid: string;
  /** 0 for a manifest that was never in a cluster. */
  readonly generation: number;
  /** Empty for a manifest that was never in a cluster. */
  readonly resourceVersion: string;
  /** RFC 3339; there once deletion was asked for. */
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
}

/** One role, its policies, and the instance profile that hands it to EC2: what a user brings, defaults filled in. */
export interface InstanceProfile {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ObjectMeta;
  readonly spec: InstanceProfileSpec;
  readonly status?: InstanceProfileStatus;
  /** Policies that IAM takes in no account; `spec` denies everything in their place. Unset where there are none. */
  readonly oversize?: readonly OversizePolicy[];
}

/** What should be true in AWS. Fields with a constant default are always there; names are resolved. */
export interface InstanceProfileSpec {
  /** The InstanceProfileClass that bounds this object. Unset: the default class, if there is one. */
  readonly className?: string;
  readonly roleName: string;
  /** `roleName` when the manifest names none. */
  readonly instanceProfileName: string;
  /** Of the role and of the instance profile. Starts and ends with a slash. */
  readonly path: string;
  /** Of the role. */
  readonly description?: string;
  /** The inline policy's name; `roleName` when the manifest names none. */
  readonly policyName: string;
  /** The inline policy. Empty (only beside `managedPolicyArns`): the role has no inline policy of ours. */
  readonly statements: readonly Statement[];
  /** A set: the order means nothing. */
  readonly managedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
  /** 3600..43200. */
  readonly maxSessionDurationSeconds: number;
  readonly trust: Trust;
  /** On the role and on the instance profile, beside the controller's own tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whether a role or profile that exists and is nobody's may be taken over. */
  readonly adoptionPolicy: "Never" | "IfExists";
  /** Unset: `Delete` for what the controller made, `Retain` for what it adopted. */
  readonly deletionPolicy?: DeletionPolicy;
  /** What to do about policies on the role that the spec does not name. */
  readonly unmanagedPolicies: "Report" | "Remove";
  readonly mode: "Enforce" | "DryRun";
  /** While true, AWS is left alone. */
  readonly suspend: boolean;
  readonly instances?: InstancesSpec;
}

/** Whether the AWS objects go when the Kubernetes object goes. */
export type DeletionPolicy = "Delete" | "Retain";

/** Condition operator to condition key to values; never an empty list. */
export type PolicyConditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Either of the pair, never both, never none. */
type StatementActions =
  | { readonly actions: readonly string[]; readonly notActions?: never }
  | { readonly notActions: readonly string[]; readonly actions?: never };

/** Either of the pair, never both, never none. */
type StatementResources =
  | { readonly resources: readonly string[]; readonly notResources?: never }
  | { readonly notResources: readonly string[]; readonly resources?: never };

/** What a statement has besides its actions and resources. */
export interface StatementBase {
  /** Never the empty string. */
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  readonly conditions?: PolicyConditions;
}

/** One statement of the inline policy; lists are never empty. */
export type Statement = StatementBase & StatementActions & StatementResources;

/** Who may assume the role: at least one service or one statement. */
export interface Trust {
  /** Service principals, a set; together they are one Allow statement for `sts:AssumeRole`. */
  readonly services: readonly string[];
  /** Statements beside the one for `services`. */
  readonly statements: readonly TrustStatement[];
}

/** A whole statement of the trust policy. */
export interface TrustStatement {
  /** Never the empty string. */
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  /** `["sts:AssumeRole"]` when the manifest names none. */
  readonly actions: readonly string[];
  readonly principals: Principals;
  readonly conditions?: PolicyConditions;
}

/** At least one of the four; lists are never empty. */
export interface Principals {
  /** IAM's `AWS`: account ids, ARNs, unique ids, or `*`. */
  readonly aws?: readonly string[];
  /** IAM's `Service`. */
  readonly services?: readonly string[];
  /** IAM's `Federated`: identity provider ARNs or domains. */
  readonly federated?: readonly string[];
  /** IAM's `CanonicalUser`. */
  readonly canonicalUsers?: readonly string[];
}

/** Which instances carry the profile: by tags or by id, never both. */
export type InstancesSpec = InstancesSpecBase &
  (
    | { readonly selector: InstanceSelector; readonly ids?: never }
    | { readonly ids: readonly string[]; readonly selector?: never }
  );

/** Where to look and what to do about another profile. */
export interface InstancesSpecBase {
  readonly region: string;
  readonly onConflict: "Keep" | "Replace";
}

/** Every tag must match; never empty. */
export interface InstanceSelector {
  readonly matchTags: Readonly<Record<string, string>>;
}

/** What the controller last saw and did. Output only: nothing is decided from it but transitions. */
export interface InstanceProfileStatus {
  /** The generation that the rest of the status is about; -1 until the controller has looked. */
  readonly observedGeneration?: number;
  /** The AWS account. */
  readonly accountId?: string;
  /** The class that accepted the object; written before anything in AWS is. */
  readonly class?: AcceptedClass;
  readonly role?: AwsObjectReference;
  readonly instanceProfile?: AwsObjectReference;
  readonly conditions?: readonly Condition[];
  /** Pending or blocked actions, one line each, bounded. */
  readonly plan?: readonly string[];
  /** Policies on the role that the spec does not name, bounded. */
  readonly unmanagedPolicies?: readonly string[];
  readonly instances?: InstancesStatus;
  /** RFC 3339: when AWS was last seen to match after a change, a repair or a request; quiet checks do not move it. */
  readonly lastVerifiedTime?: string;
  /** The last value of the reconcile-at annotation that was acted on. */
  readonly lastHandledReconcileAt?: string;
}

/** The record of an acceptance: only the controller writes status, so it is evidence where metadata and spec are not. */
export interface AcceptedClass {
  readonly name: string;
  /** The AWS account of the class when it accepted the object. */
  readonly accountId: string;
  /** RFC 3339 with milliseconds; later than that of every object that the class had accepted in the namespace before. */
  readonly acceptedTime: string;
  /** The class's `deletionPolicy`. This and the next two are the class as last seen, and hold once it is gone. */
  readonly deletionPolicy?: DeletionPolicy;
  /** The class's; unset: `Delete` alone. */
  readonly allowedDeletionPolicies?: readonly DeletionPolicy[];
  /** The class's; unset: false. */
  readonly allowForceDelete?: boolean;
}

/** How AWS names what was made. */
export interface AwsObjectReference {
  readonly arn: string;
  /** The unique id (`AROA…`, `AIPA…`). */
  readonly id: string;
}

/** Counts over the matching instances; those in conflict and those refused are neither associated nor pending. */
export interface InstancesStatus {
  readonly matched: number;
  readonly associated: number;
  readonly pending: number;
  /** Instances that cannot have the profile, and why, one line each, bounded; left out when there are none. */
  readonly conflicts?: readonly string[];
  /** Instances that AWS did not let the controller write to, and its words, one line each, bounded; left out when none. */
  readonly refused?: readonly string[];
  /** Left out before the controller has recorded that the object claims these instances. */
  readonly claim?: InstancesClaim;
}

/** The record of a claim on instances: only the controller writes status, so it is evidence where metadata and spec are not. */
export interface InstancesClaim {
  /** RFC 3339 with milliseconds; later than that of every claim on instances of the region that was recorded before. */
  readonly time: string;
  /** The uid of the object, the region, and the tags or ids, as JSON. */
  readonly selection: string;
}

/** A condition as in metav1.Condition, with the generation it is about. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** RFC 3339; moves only when `status` does. */
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}
