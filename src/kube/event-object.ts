import type { EventRecord, KubeObject, ObjectKey, ObjectReference } from "../engine/ports.ts";
import { byteLength, firstBytes, messageText } from "../text/safe-text.ts";

/** The reporter of Events. */
export interface Reporter {
  /** A domain-prefixed name, as the API requires: `instanceprofile.dev/controller`. */
  readonly controller: string;
  /** Identifies this replica: the pod's name. */
  readonly instance: string;
}

/** Limits of events.k8s.io/v1, in bytes: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/events.go */
const MAX_NOTE_BYTES = 1_024;
const MAX_FIELD_BYTES = 128;
const MAX_NAME_LENGTH = 253;

/**
 * Builds the events.k8s.io/v1 object of the first occurrence. For repetitions only `series` is patched, because the API server
 * rejects changes of other fields.
 *
 * `sequence` distinguishes Events of the same millisecond.
 */
export function newEventObject(
  event: EventRecord,
  reporter: Reporter,
  nowMs: number,
  sequence: number,
): KubeObject & { readonly metadata: ObjectKey } {
  const { regarding } = event;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: metadataOf(regarding, nowMs, sequence),
    eventTime: microTime(nowMs),
    reportingController: reporter.controller,
    reportingInstance: truncate(reporter.instance, MAX_FIELD_BYTES),
    type: event.type,
    reason: truncate(event.reason, MAX_FIELD_BYTES),
    action: truncate(event.action, MAX_FIELD_BYTES),
    note: truncate(messageText(event.note, MAX_NOTE_BYTES), MAX_NOTE_BYTES),
    regarding,
  };
}

/** Builds the `series` field for repetitions; `count` includes the first occurrence and is at least 2. */
export function seriesField(count: number, observedAtMs: number): KubeObject {
  return { count, lastObservedTime: microTime(observedAtMs) };
}

/** Builds a unique name. */
function metadataOf(regarding: ObjectReference, nowMs: number, sequence: number): ObjectKey {
  const suffix = (BigInt(nowMs) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
  return {
    name: `${nameWithin(regarding.name, MAX_NAME_LENGTH - suffix.length - 1)}.${suffix}`,
    // Events about cluster-scoped objects live in `default`.
    namespace: regarding.namespace || "default",
  };
}

/** Truncates a name and strips a trailing `-` or `.`, with which a name must not end. */
function nameWithin(name: string, maxLength: number): string {
  return name.slice(0, maxLength).replace(/[^a-z0-9]+$/, "");
}

/** Formats a MicroTime: the API server requires six decimal places and rejects three. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace("Z", "000Z");
}

/** Truncates to `maxBytes` of UTF-8, with an ellipsis. */
function truncate(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  return `${firstBytes(text, maxBytes - byteLength(ELLIPSIS))}${ELLIPSIS}`;
}

const ELLIPSIS = "…";
