import type { ServiceAccess } from "../model/access/service-access.ts";
import type { AccountQuotas } from "../model/account-quotas.ts";
import type { AccountPlace } from "../model/naming.ts";
import type {
  Absent,
  ObservedInstanceProfile,
  ObservedManagedPolicy,
  ObservedRole,
  RoleFacts,
} from "../model/observed-state.ts";
import type { Action, ActionOutcome } from "../plan/action.ts";

/**
 * Reads of IAM, one API action each (and its further pages).
 *
 * Guarantees: `absent` means that IAM said NoSuchEntity and nothing else. Names and ARNs come sorted.
 * Errors: a ControllerError whose disposition is decided; AccessDenied is `blocked`, never `absent`.
 * NoSuchEntity for the role itself in a list of its policies is a ConflictError: the role was just deleted, or has not
 * propagated yet.
 */
export interface IamReader {
  getRole(roleName: string, signal: AbortSignal): Promise<RoleFacts | Absent>;
  listRolePolicies(roleName: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The document as IAM returns it, percent-encoded; undefined when there is no such policy (or role). */
  getRolePolicy(roleName: string, policyName: string, signal: AbortSignal): Promise<string | undefined>;
  listAttachedRolePolicies(roleName: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The names of all instance profiles that hold the role, owned or not. */
  listInstanceProfilesForRole(roleName: string, signal: AbortSignal): Promise<readonly string[]>;
  getInstanceProfile(instanceProfileName: string, signal: AbortSignal): Promise<ObservedInstanceProfile | Absent>;
  getPolicy(policyArn: string, signal: AbortSignal): Promise<ManagedPolicyFacts | Absent>;
  /** The oldest first; empty when there is no such policy. */
  listPolicyVersions(policyArn: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The document as IAM returns it, percent-encoded; undefined when there is no such policy or version. */
  getPolicyVersion(policyArn: string, versionId: string, signal: AbortSignal): Promise<string | undefined>;
  /** What the policy is attached to, and what has it as its boundary; sorted. */
  listEntitiesForPolicy(policyArn: string, signal: AbortSignal): Promise<readonly PolicyUser[]>;
}

/** A managed policy as GetPolicy returns it. */
export interface ManagedPolicyFacts extends Omit<ObservedManagedPolicy, "document" | "versionIds" | "usedBy"> {
  /** How many users, groups and roles it is attached to. */
  readonly attachments: number;
  /** How many users and roles have it as their permissions boundary. */
  readonly boundaries: number;
}

/** A managed policy from the report of the account (GetAccountAuthorizationDetails): without tags. */
export interface ReportedPolicy extends Omit<ManagedPolicyFacts, "tags"> {
  readonly versionIds: readonly string[];
  readonly document: string;
}

/** A user, group or role that a managed policy is attached to. */
export interface PolicyUser {
  readonly kind: "role" | "user" | "group";
  readonly name: string;
}

/**
 * Reads managed policies.
 *
 * Guarantees: `false` means that IAM said NoSuchEntity and nothing else. Errors: as {@link IamReader}.
 */
export interface PolicyReader {
  policyExists(policyArn: string, signal: AbortSignal): Promise<boolean>;
}

/**
 * Reads what managed policies allow, for commands that a user runs: the controller has no permission for it.
 *
 * Errors: as {@link IamReader}.
 */
export interface ManagedPolicyReader {
  /** The document of the default version as IAM returns it, percent-encoded; undefined when there is no such policy. */
  document(policyArn: string, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Reads what a role has accessed, for commands that a user runs.
 *
 * Errors: as {@link IamReader}; BlockedError when IAM cannot make the report.
 */
export interface LastAccessedReader {
  /** Starts a report by service and action. Returns the id of its job. */
  start(roleArn: string, signal: AbortSignal): Promise<string>;
  /** The services that the role's policies allow something of; undefined while IAM makes the report. */
  result(jobId: string, roleArn: string, signal: AbortSignal): Promise<readonly ServiceAccess[] | undefined>;
}

/**
 * Writes to IAM: one action is one request, sent once. The work queue retries.
 *
 * Guarantees: NoSuchEntity on a delete, detach or removal is success, and the outcome says so. NoSuchEntity on any
 * other write is a ConflictError (just deleted, or not propagated yet), except for a managed policy or boundary that
 * does not exist, which is a BlockedError: an early retry does not help. EntityAlreadyExists is a ConflictError: the
 * next observation decides by the owner tags.
 * Errors: a ControllerError with IAM's message, without request ids.
 */
export interface IamWriter {
  /**
   * @param precondition called after any wait for the rate limit, right before the request is sent; if it raises,
   *   nothing is sent
   */
  perform(action: Action, signal: AbortSignal, precondition?: Precondition): Promise<ActionOutcome>;
}

/** Raises unless the precondition of a write still holds. */
export type Precondition = (signal: AbortSignal) => Promise<void>;

/** The fields of a role that only lists contain, not the report of the account. */
export type ListedRole = Pick<RoleFacts, "roleName" | "description" | "maxSessionDurationSeconds">;

/** A role with its policies, from the report of the account (GetAccountAuthorizationDetails). */
export type ReportedRole = Omit<ObservedRole, "description" | "maxSessionDurationSeconds">;

/** One page of the report of the account. */
export interface ReportPage {
  readonly roles: readonly ReportedRole[];
  readonly policies: readonly ReportedPolicy[];
}

/** An instance profile from a list: without tags. */
export type ListedInstanceProfile = Omit<ObservedInstanceProfile, "tags">;

/**
 * Reads of a whole account, some hundred entries a page: one request for each page of roles or profiles, owned or not, and more if AWS fails it.
 *
 * Errors: as {@link IamReader}. An incomplete list is an error, never a shorter list.
 */
export interface AccountReader {
  /** Every role of the account with its policies. */
  reportRoles(signal: AbortSignal): AsyncIterable<readonly ReportedRole[]>;
  /** As `reportRoles`, with every customer managed policy of the account in the same pages. */
  reportRolesAndPolicies(signal: AbortSignal): AsyncIterable<ReportPage>;
  listRoles(signal: AbortSignal): AsyncIterable<readonly ListedRole[]>;
  listInstanceProfiles(signal: AbortSignal): AsyncIterable<readonly ListedInstanceProfile[]>;
  getQuotas(signal: AbortSignal): Promise<AccountQuotas>;
}

/** The reader and the writer of IAM. */
export interface IamAccess {
  readonly reader: IamReader & PolicyReader;
  readonly writer: IamWriter;
}

/**
 * The priorities of requests, the most urgent first: `narrowing` for an edit that removes access, `change` for other
 * changes of existing objects, `bulk` for first creations and for what was pending at the start, `routine` for resyncs
 * and scans.
 */
export const URGENCIES = ["narrowing", "change", "bulk", "routine"] as const;

/** The priority of a request under a rate limit. */
export type Urgency = (typeof URGENCIES)[number];

/** A role with its tags. */
export interface TaggedRole extends Pick<ObservedRole, "roleName" | "tags"> {
  /** The instance profiles that hold the role, sorted. */
  readonly instanceProfileNames: readonly string[];
}

/**
 * Lists the roles and instance profiles of the account, for commands that do not know their names.
 *
 * Errors: a ControllerError whose disposition is decided. A list is complete or an error.
 */
export interface IamInventory {
  /** Names of the instance profiles under a path (`/` for all), sorted. */
  instanceProfileNames(pathPrefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Every role with its tags, sorted by name: one request for some hundreds. */
  taggedRoles(signal: AbortSignal): Promise<readonly TaggedRole[]>;
}

/** Says which account the credentials belong to. */
export interface AccountIdentity {
  /** The 12-digit account id by STS GetCallerIdentity. */
  accountId(signal: AbortSignal): Promise<string>;
  /** The account and its partition, by the same request. */
  place(signal: AbortSignal): Promise<AccountPlace>;
  /** Renews the credentials if they expire soon. Sends no request while they are valid. */
  renew(signal: AbortSignal): Promise<void>;
}

/** Namespaced name of one InstanceProfile object. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** JSON as the API server sends it. */
export type KubeObject = Readonly<Record<string, unknown>>;

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * The InstanceProfile objects of the cluster, live (not from the cache).
 *
 * Errors: ControllerErrors. A JSON patch whose `test` fails, and a 409, are ConflictErrors. A patch of an object that
 * is gone is a ConflictError too.
 */
export interface ObjectClient {
  get(key: ObjectKey, signal: AbortSignal): Promise<KubeObject | undefined>;
  patch(key: ObjectKey, operations: readonly PatchOperation[], signal: AbortSignal): Promise<KubeObject>;
  patchStatus(key: ObjectKey, operations: readonly PatchOperation[], signal: AbortSignal): Promise<KubeObject>;
}

/** What is known of a CRD. */
export interface CrdState {
  readonly isBeingDeleted: boolean;
  /** False: not read from the CRD itself, so that a recent deletion may not show. */
  readonly isConfirmed: boolean;
}

/** Reads a CRD, live. Errors: ControllerErrors. */
export interface CrdReader {
  /** `instanceprofiles.iam.instanceprofile.dev`. */
  readonly name: string;
  read(signal: AbortSignal): Promise<CrdState>;
}

/** The object that a Kubernetes Event concerns. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** A Kubernetes Event to publish. Notes name no secrets and no policy documents. */
export interface EventRecord {
  readonly type: "Normal" | "Warning";
  /** CamelCase: why; stable per cause. */
  readonly reason: string;
  /** CamelCase: what the controller did. */
  readonly action: string;
  readonly note: string;
  readonly regarding: ObjectReference;
}

/** Publishes events without ever failing or delaying the caller. */
export interface EventSink {
  emit(event: EventRecord): void;
}
