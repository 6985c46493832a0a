import { sameName } from "../../model/naming.ts";
import { type Evidence, hasTrace, isRetained, type Owner, TAG_KEYS, type Tags } from "../../model/ownership.ts";
import type { SelectedRole } from "../observe/account-snapshot.ts";
import type { KubeObject, ObjectKey } from "../ports.ts";

/**
 * Why a role with the owner tags of this cluster is an orphan:
 * - `ObjectGone`: no object has the namespace and name of the tags.
 * - `OtherAccount`: the object exists, and its status names another AWS account.
 * - `OtherRole`: the object exists and names another role: it was re-created, or the tags are forged.
 * - `NotResumed`: the object exists and names the role, but has created nothing in AWS: it was re-created, and is
 *   suspended, a dry run, or blocked. Its class does not apply to the role.
 */
export type OrphanKind = "ObjectGone" | "OtherAccount" | "OtherRole" | "NotResumed";

/** A role in AWS that has the owner tags of the cluster, but that no object manages. */
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
  readonly namespaces: readonly string[] | undefined;
}

/**
 * Kubernetes namespaces; a tag with any other value was not written by this controller. The same holds for names and
 * uids.
 */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME_LENGTH = 253;
const UID = /^[-A-Za-z0-9]{1,128}$/;
const ROLE_ARN = /^arn:[^:]*:iam::(\d{12}):role\//;

/**
 * The owner that the tags name, if a role with these tags can be an orphan: an object of this cluster within the
 * watched scope. Undefined for an adopted role, which stays when its object is deleted, and for a retained one.
 */
export function orphanOwner(tags: Tags, { clusterId, namespaces: watched }: WatchedScope): Owner | undefined {
  const { [TAG_KEYS.namespace]: namespace = "", [TAG_KEYS.name]: name = "", [TAG_KEYS.uid]: uid = "" } = tags;
  if (clusterId === "" || tags[TAG_KEYS.clusterId] !== clusterId) return undefined;
  if (tags[TAG_KEYS.adopted] === "true" || isRetained(tags)) return undefined;
  if (!isNamespace(namespace) || name.length > MAX_NAME_LENGTH || !NAME.test(name)) return undefined;
  if (watched !== undefined && !watched.includes(namespace)) return undefined;
  return { clusterId, namespace, name, uid: UID.test(uid) ? uid : "" };
}

/**
 * The role as an orphan, decided by the object that its tags name, if any. Undefined when the object manages the role,
 * also if it was re-created under the same name and resumes the role, or is not reconciled yet; and while IAM does not
 * return the role's ARN yet.
 */
export function orphanOf(role: SelectedRole, object: KubeObject | undefined, scope: WatchedScope): Orphan | undefined {
  const owner = orphanOwner(role.tags, scope);
  const accountId = ROLE_ARN.exec(role.arn)?.[1];
  if (owner === undefined || accountId === undefined) return undefined;
  const { roleName, roleId, arn } = role;
  const found = { owner, role: { roleName, roleId, arn }, accountId };
  if (object === undefined) return { ...found, kind: "ObjectGone" };
  const { status } = object as ObjectFacts;
  const isSeenOnly = isSeenByDryRun(owner, object as ObjectFacts);
  if (status?.role?.arn === arn && !isSeenOnly) return undefined;
  if (status?.accountId !== undefined && status.accountId !== accountId) return { ...found, kind: "OtherAccount" };
  if (!sameName(nameOf(object as ObjectFacts), roleName)) return { ...found, kind: "OtherRole" };
  const isReconciled = (status?.observedGeneration ?? -1) >= 0;
  return isReconciled && (isSeenOnly || !hasTrace(status)) ? { ...found, kind: "NotResumed" } : undefined;
}

/**
 * True for a dry run whose status shows the role of an earlier object of the same name: it writes nothing, so the tags
 * still name the earlier object.
 */
function isSeenByDryRun(owner: Owner, { metadata, spec, status }: ObjectFacts): boolean {
  const isSuccessor = owner.uid !== "" && owner.uid !== metadata?.uid;
  return isSuccessor && spec?.mode === "DryRun" && status?.class === undefined;
}

function nameOf({ spec, status }: ObjectFacts): string | undefined {
  return spec?.roleName ?? status?.role?.name;
}

/** True for a valid name of a namespace. Anyone with the permission can write tags. */
export function isNamespace(text: string): boolean {
  return NAMESPACE.test(text);
}

/** The fields of an object that say which role and account it manages. */
interface ObjectFacts {
  readonly metadata?: { readonly uid?: string };
  readonly spec?: { readonly roleName?: string; readonly mode?: string };
  readonly status?: Evidence & { readonly observedGeneration?: number };
}

/** The object that the owner tags name. */
export function objectKeyOf({ namespace, name }: Owner): ObjectKey {
  return { namespace, name };
}
