import { sameName } from "../../model/naming.ts";
import { isRetained, type Owner, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import { type Evidence, hasTrace } from "../../model/trace.ts";
import type { SelectedRole } from "../observe/account-snapshot.ts";
import type { KubeObject, ObjectKey } from "../ports.ts";

/**
 * Why a role that bears the owner tags of this cluster is an orphan:
 * - `ObjectGone`: no object has the namespace and name of the tags.
 * - `OtherAccount`: the object is there, and its status says that it lives in another AWS account.
 * - `OtherRole`: the object is there, and names another role: it was re-created, or the tags are forged.
 * - `NotResumed`: the object is there and names the role, and has nothing of its own in AWS: it was re-created, and is suspended, a dry run,
 *   or blocked. Its class does not reach the role.
 */
export type OrphanKind = "ObjectGone" | "OtherAccount" | "OtherRole" | "NotResumed";

/** A role in AWS that no object of the cluster answers for. */
export interface Orphan {
  readonly kind: OrphanKind;
  readonly owner: Owner;
  readonly role: Pick<SelectedRole, "roleName" | "roleId" | "arn">;
  readonly accountId: string;
}

/** The part of a cluster that a controller watches. */
export interface WatchedScope {
  readonly clusterId: string;
  /** Undefined: every namespace. */
  readonly namespace: string | undefined;
}

/** Kubernetes names and uids: whatever else stands in a tag, this controller has not written it. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME_LENGTH = 253;
const UID = /^[-A-Za-z0-9]{1,128}$/;
const ROLE_ARN = /^arn:[^:]*:iam::(\d{12}):role\//;

/**
 * The owner that the tags name, if an orphan may have them: an object of this cluster and within the scope. Undefined for what was
 * adopted, which stays when its object goes, and for what was retained on purpose.
 */
export function orphanOwner(tags: Tags, { clusterId, namespace: watched }: WatchedScope): Owner | undefined {
  const { [TAG_KEYS.namespace]: namespace = "", [TAG_KEYS.name]: name = "", [TAG_KEYS.uid]: uid = "" } = tags;
  if (clusterId === "" || tags[TAG_KEYS.clusterId] !== clusterId) return undefined;
  if (tags[TAG_KEYS.adopted] === "true" || isRetained(tags)) return undefined;
  if (!isNamespace(namespace) || name.length > MAX_NAME_LENGTH || !NAME.test(name)) return undefined;
  if (watched !== undefined && namespace !== watched) return undefined;
  return { clusterId, namespace, name, uid: UID.test(uid) ? uid : "" };
}

/**
 * The role as an orphan, judged by the object that its tags name, or by there being none. Undefined when the object answers for the role,
 * also one that was re-created under the same name and resumes it, or was not reconciled yet; and while IAM does not show the role's ARN yet.
 */
export function orphanOf(role: SelectedRole, object: KubeObject | undefined, scope: WatchedScope): Orphan | undefined {
  const owner = orphanOwner(role.tags, scope);
  const accountId = ROLE_ARN.exec(role.arn)?.[1];
  if (owner === undefined || accountId === undefined) return undefined;
  const { roleName, roleId, arn } = role;
  const found = { owner, role: { roleName, roleId, arn }, accountId };
  if (object === undefined) return { ...found, kind: "ObjectGone" };
  const { spec, status } = object as ObjectFacts;
  const isSeenOnly = isSeenByDryRun(owner, object as ObjectFacts);
  if (status?.role?.arn === arn && !isSeenOnly) return undefined;
  if (status?.accountId !== undefined && status.accountId !== accountId) return { ...found, kind: "OtherAccount" };
  if (!sameName(spec?.roleName, roleName)) return { ...found, kind: "OtherRole" };
  const isReconciled = (status?.observedGeneration ?? -1) >= 0;
  return isReconciled && (isSeenOnly || !hasTrace(status)) ? { ...found, kind: "NotResumed" } : undefined;
}

/**
 * True for a dry run that shows the role of an object of the same name in its status: it writes nothing, so the tags still name the object
 * before it.
 */
function isSeenByDryRun(owner: Owner, { metadata, spec, status }: ObjectFacts): boolean {
  const isSuccessor = owner.uid !== "" && owner.uid !== metadata?.uid;
  return isSuccessor && spec?.mode === "DryRun" && status?.class === undefined;
}

/** True for what may be the name of a namespace: tags are written by whoever has the permission. */
export function isNamespace(text: string): boolean {
  return NAMESPACE.test(text);
}

/** What of an object tells where it lives. */
interface ObjectFacts {
  readonly metadata?: { readonly uid?: string };
  readonly spec?: { readonly roleName?: string; readonly mode?: string };
  readonly status?: Evidence & { readonly observedGeneration?: number };
}

/** The object that the owner tags name. */
export function objectKeyOf({ namespace, name }: Owner): ObjectKey {
  return { namespace, name };
}
