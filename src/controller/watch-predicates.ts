import { FORCE_DELETE_ANNOTATION, RECONCILE_AT_ANNOTATION } from "../api/instance-profile.ts";
import type { KubeObject } from "../engine/ports.ts";
import { FINALIZER } from "./finalizer.ts";
import type { Urgency } from "./urgency.ts";

/** What of an object's metadata can ask for a reconcile. */
interface Metadata {
  readonly uid?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * True when the difference between two versions of an object asks for a reconcile: a new spec, deletion, one of our
 * annotations, or the loss of our finalizer. Our own writes (status, the finalizer's arrival) do not, so a reconcile does
 * not wake itself. It compares states, not events: whatever was missed in between, the next difference shows it.
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

/** What of a status tells of what people have asked for. */
interface Answered {
  readonly observedGeneration?: number;
  readonly lastHandledReconcileAt?: string;
}

/**
 * How urgent an object is for a process that begins to work. What was changed while nobody looked, or has never been looked at,
 * goes before the many that are only listed, and after what is being changed now.
 */
export function urgencyAtStart(object: KubeObject): Urgency {
  const { generation, deletionTimestamp, annotations } = metadataOf(object);
  const { observedGeneration, lastHandledReconcileAt } = (object["status"] ?? {}) as Answered;
  const asked = annotations?.[RECONCILE_AT_ANNOTATION];
  const isAnswered = observedGeneration === generation && (asked === undefined || asked === lastHandledReconcileAt);
  return isAnswered && deletionTimestamp === undefined ? "resync" : "initialList";
}

function metadataOf(object: KubeObject): Metadata {
  return (object["metadata"] ?? {}) as Metadata;
}

function holds({ finalizers }: Metadata): boolean {
  return finalizers?.includes(FINALIZER) ?? false;
}
