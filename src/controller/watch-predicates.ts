import { FORCE_DELETE_ANNOTATION, RECONCILE_AT_ANNOTATION } from "../api/instance-profile.ts";
import type { KubeObject } from "../engine/ports.ts";
import { narrowsAccess } from "../model/narrows-access.ts";
import { type Evidence, hasTrace } from "../model/ownership.ts";
import { FINALIZER } from "./finalizer.ts";
import type { Urgency } from "./urgency.ts";

/** The metadata that can trigger a reconcile. */
interface Metadata {
  readonly uid?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * True when the difference between two versions of an object triggers a reconcile: a new spec, a deletion, one of the
 * controller's annotations, or the removal of its finalizer. The controller's own writes (status, adding the finalizer)
 * do not trigger one. It compares states, not events, so that missed versions do not matter.
 */
export function shouldReconcile(before: KubeObject, after: KubeObject): boolean {
  const [a, b] = [metadataOf(before), metadataOf(after)];
  return (
    a.uid !== b.uid ||
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    a.annotations?.[RECONCILE_AT_ANNOTATION] !== b.annotations?.[RECONCILE_AT_ANNOTATION] ||
    a.annotations?.[FORCE_DELETE_ANNOTATION] !== b.annotations?.[FORCE_DELETE_ANNOTATION] ||
    (holds(a) && !holds(b))
  );
}

/**
 * The urgency of a change that {@link shouldReconcile}, or of a new object when there is no earlier version. Only what
 * the controller has written to status counts, because an author can write the rest.
 */
export function urgencyOfChange(before: KubeObject | undefined, after: KubeObject): Urgency {
  const [then, now] = [metadataOf(before ?? {}), metadataOf(after)];
  if (now.deletionTimestamp !== undefined) return "change";
  if (!hasTrace(statusOf(after))) return "creation";
  // Access counts as removed only if a reconcile of the earlier spec may have granted it.
  const wasReconciled = before !== undefined && statusOf(before).observedGeneration === then.generation;
  const isEdit = wasReconciled && then.uid === now.uid && then.generation !== now.generation;
  return isEdit && narrowsAccess(before["spec"], after["spec"]) ? "narrowing" : "change";
}

/** The parts of a status that say which changes were handled, and what the object has in AWS. */
interface Handled extends Evidence {
  readonly observedGeneration?: number;
  readonly lastHandledReconcileAt?: string;
}

/**
 * The urgency of an object at startup. Objects that were changed since their last reconcile, or never created, precede
 * unchanged objects, and follow objects that are changed now.
 */
export function urgencyAtStart(object: KubeObject): Urgency {
  const { generation, deletionTimestamp, annotations } = metadataOf(object);
  const { observedGeneration, lastHandledReconcileAt } = statusOf(object);
  const reconcileAt = annotations?.[RECONCILE_AT_ANNOTATION];
  const isHandled =
    observedGeneration === generation && (reconcileAt === undefined || reconcileAt === lastHandledReconcileAt);
  if (isHandled && deletionTimestamp === undefined) return "resync";
  return deletionTimestamp !== undefined || hasTrace(statusOf(object)) ? "initialList" : "initialCreation";
}

function statusOf(object: KubeObject): Handled {
  return (object["status"] ?? {}) as Handled;
}

function metadataOf(object: KubeObject): Metadata {
  return (object["metadata"] ?? {}) as Metadata;
}

function holds({ finalizers }: Metadata): boolean {
  return finalizers?.includes(FINALIZER) ?? false;
}
