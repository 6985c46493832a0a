import type { Place } from "../model/place.ts";
import type { JsonObject } from "../model/policy/policy-json.ts";
import type { OversizePolicy } from "../model/policy/policy-size.ts";
import type { InstancesSpec, InstancesStatus } from "./instances.ts";
import type { KeptName, TextFault } from "./variable-texts.ts";

/** The API group of every kind of this controller, and the prefix of its annotations, finalizers and AWS tags. */
export const API_GROUP = "iam.instanceprofile.dev";

/** The value of `apiVersion`. */
export const API_VERSION = "iam.instanceprofile.dev/v1beta1";

/** The value of `kind`. */
export const KIND = "InstanceProfile";

/** The resource name in URLs and RBAC rules. */
export const PLURAL = "instanceprofiles";

/** The annotation that requests a reconcile with each new value. `status.lastHandledReconcileAt` has the last value that was handled. */
export const RECONCILE_AT_ANNOTATION = "iam.instanceprofile.dev/reconcile-at";

/** The annotation that, with the value `"true"`, forces a deletion that is blocked. */
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
  /** RFC 3339; set once the object is in deletion. */
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
}

/** One role, its policies, and the instance profile that provides it to EC2, with defaults filled in. */
export interface InstanceProfile {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ObjectMeta;
  readonly spec: InstanceProfileSpec;
  readonly status?: InstanceProfileStatus;
  /** Policies that IAM accepts in no account; `spec` denies everything instead. Unset if there are none. */
  readonly oversize?: readonly OversizePolicy[];
  /** The names in `spec` that neither the manifest nor status gives, so that the prefix of a class changes them. Unset if there are none. */
  readonly derivedNames?: readonly DerivedName[];
  /** Where the role is; unset before the variables of the texts are filled in. */
  readonly place?: Place;
  /** The values of its variables; unset before they are filled in. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What is wrong with texts that use variables. While there is anything, nothing is written. Unset: nothing. */
  readonly faults?: readonly TextFault[];
  /** Names that AWS has and that the variables no longer give. Unset: none. */
  readonly keptNames?: readonly KeptName[];
  /** The controller runs with `--dry-run`: `spec.mode` is `DryRun` here, whatever the manifest says, and a strip waits too. */
  readonly isDryRun?: true;
}

/** Where an object adopts from. */
export interface AdoptFrom {
  /** The cluster id in the owner tags. That of the object's own cluster has no effect. */
  readonly clusterId: string;
}

/** Who manages the role. */
export interface RoleSpec {
  /** `External`: the role exists, others manage it, and the object only puts it into its instance profile. */
  readonly management: "Managed" | "External";
  /** Never in a manifest: the class does not allow the external role, so it is taken out of the instance profile. */
  readonly isRevoked?: true;
}

/** True when the object does not manage its role. Several objects may name one such role. */
export function hasExternalRole({ role }: Pick<InstanceProfileSpec, "role">): boolean {
  return role?.management === "External";
}

/** A name that is derived from the object's namespace and name. */
export type DerivedName = "roleName" | "instanceProfileName";

/** The desired state in AWS. Fields with a constant default are always set; names are resolved. */
export interface InstanceProfileSpec {
  /** The InstanceProfileClass that bounds this object. Unset: the default class, if there is one. */
  readonly className?: string;
  /** The recorded name, or else a derived one, when the manifest names none. */
  readonly roleName: string;
  /** `roleName` when the manifest names none. */
  readonly instanceProfileName: string;
  /** Unset: as `management: Managed`. */
  readonly role?: RoleSpec;
  /** Of the role, and of the instance profile without `instanceProfilePath`. Starts and ends with a slash. */
  readonly path: string;
  readonly instanceProfilePath?: string;
  /** Of the role. */
  readonly description?: string;
  /** The inline policies of the role, that of `statements` first. No two names are equal in lower case. */
  readonly inlinePolicies: readonly PolicySpec[];
  /** Managed policies of the object itself. No two names are equal in lower case: IAM's names are unique whatever the path. */
  readonly managedPolicies: readonly OwnPolicySpec[];
  /** A set: the order means nothing. */
  readonly managedPolicyArns: readonly string[];
  readonly permissionsBoundaryArn?: string;
  /** 3600..43200. */
  readonly maxSessionDurationSeconds: number;
  readonly trust: Trust;
  /** On the role and on the instance profile, beside the controller's own tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** On the role alone. A key, in any case, wins over the same key of `tags`. */
  readonly roleTags: Readonly<Record<string, string>>;
  /** On the instance profile alone. A key, in any case, wins over the same key of `tags`. */
  readonly instanceProfileTags: Readonly<Record<string, string>>;
  /** Whether an existing unowned role or instance profile is adopted. */
  readonly adoptionPolicy: "Never" | "IfExists";
  /** The cluster whose object of the same namespace and name hands over what it has in AWS. Unset: none. */
  readonly adoptFrom?: AdoptFrom;
  /** Unset: `Delete` for what the controller created, `Retain` for what it adopted. */
  readonly deletionPolicy?: DeletionPolicy;
  /** What to do about policies on the role that the spec does not name. */
  readonly unmanagedPolicies: "Report" | "Remove";
  readonly mode: "Enforce" | "DryRun";
  /** While true, the controller does not change AWS. */
  readonly suspend: boolean;
  readonly instances?: InstancesSpec;
}

/** One policy of a spec, in whichever form the manifest has it. */
export interface PolicySpec {
  readonly name: string;
  /** The field that holds it: `spec.statements`, `spec.inlinePolicies[2].statements` or `spec.inlinePolicies[2].document`. */
  readonly fieldPath: string;
  /** What it says, also when it is written as a document; never empty. */
  readonly statements: readonly Statement[];
  /** The document as the author wrote it; unset when the manifest has statements. Its statements are those of `statements`, in order. */
  readonly document?: JsonObject;
}

/** A customer managed policy that the object creates, and deletes again. */
export interface OwnPolicySpec extends PolicySpec {
  /** Unset: the path of the role. */
  readonly path?: string;
  /** At its creation. */
  readonly description?: string;
}

/** Whether the entities in AWS are deleted with the Kubernetes object. */
export type DeletionPolicy = "Delete" | "Retain";

/** Condition operator to condition key to values; never an empty list. */
export type PolicyConditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Exactly one of the pair. */
type StatementActions =
  | { readonly actions: readonly string[]; readonly notActions?: never }
  | { readonly notActions: readonly string[]; readonly actions?: never };

/** Exactly one of the pair. */
type StatementResources =
  | { readonly resources: readonly string[]; readonly notResources?: never }
  | { readonly notResources: readonly string[]; readonly resources?: never };

/** The fields of a statement besides its actions and resources. */
export interface StatementBase {
  /** Never the empty string. */
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  readonly conditions?: PolicyConditions;
}

/** One statement of a policy of the role; lists are never empty. */
export type Statement = StatementBase & StatementActions & StatementResources;

/** The principals that may assume the role: at least one service or one statement. */
export interface Trust {
  /** Service principals, a set; together they are one Allow statement for `sts:AssumeRole`. */
  readonly services: readonly string[];
  /** Statements beside the one for `services`. */
  readonly statements: readonly TrustStatement[];
  /** The whole document as the author wrote it; unset when the manifest has services and statements. They say what it says. */
  readonly document?: JsonObject;
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

/** The last observed state and what the controller did. Output only. */
export interface InstanceProfileStatus {
  /** The generation that the rest of the status is about; -1 until the first reconcile. */
  readonly observedGeneration?: number;
  /** The AWS account. */
  readonly accountId?: string;
  /** The class that accepted the object; written before anything in AWS. */
  readonly class?: AcceptedClass;
  readonly role?: AwsObjectReference;
  readonly instanceProfile?: AwsObjectReference;
  /** The managed policies of the object itself, sorted by ARN; unset when there are none. */
  readonly managedPolicies?: readonly NamedArn[];
  /** The id of the cluster that has adopted what the object had in AWS; unset: none. */
  readonly handedOverTo?: string;
  readonly conditions?: readonly Condition[];
  /** The pending or blocked actions, one line each, truncated. With mode DryRun, what they grant comes first. */
  readonly plan?: readonly string[];
  /** Policies on the role that the spec does not name, truncated. */
  readonly unmanagedPolicies?: readonly string[];
  readonly instances?: InstancesStatus;
  /** The last use of the role's credentials that IAM knows. Unset: IAM knows none. */
  readonly lastUsed?: LastUse;
  /** RFC 3339: when the controller last verified that AWS matches the spec. A check without a change updates it about once an hour. */
  readonly lastVerifiedTime?: string;
  /** The last value of the reconcile-at annotation that was handled. */
  readonly lastHandledReconcileAt?: string;
}

/** A use of credentials of a role. */
export interface LastUse {
  /** RFC 3339, whole seconds. */
  readonly time: string;
  /** Unset: IAM names none. */
  readonly region?: string;
}

/** The record of an acceptance: only the controller writes status, so it is evidence where metadata and spec are not. */
export interface AcceptedClass {
  readonly name: string;
  /** The AWS account of the class when it accepted the object. */
  readonly accountId: string;
  /** RFC 3339 with milliseconds; later than that of every object that the class had accepted in the namespace before. */
  readonly acceptedTime: string;
  /** The class's `deletionPolicy`. This and the next two are those of the class as last observed, and apply after it is deleted. */
  readonly deletionPolicy?: DeletionPolicy;
  /** The class's; unset: `Delete` alone. */
  readonly allowedDeletionPolicies?: readonly DeletionPolicy[];
  /** The class's; unset: false. */
  readonly allowForceDelete?: boolean;
}

/** An entity in AWS. */
export interface AwsObjectReference {
  /**
   * The name that the object uses, whether or not the entity exists. Once there is a trace of the object in AWS, it does not change. The
   * controller always writes it.
   */
  readonly name?: string;
  /** Unset: the object has no such entity. */
  readonly arn?: string;
  /** The unique id (`AROA…`, `AIPA…`); set with `arn`. */
  readonly id?: string;
}

/** The name and the ARN of an entity in AWS. */
export interface NamedArn {
  readonly name: string;
  readonly arn: string;
}

/** A condition as in metav1.Condition; observedGeneration is required. */
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
