import type { Json, JsonObject } from "../../../crd/contract.ts";
import { isObject } from "../../../crd/json.ts";
import { without } from "../json.ts";

/** The fields whose names differ between core/v1 and events.k8s.io/v1. */
const renamed: readonly (readonly [core: string, modern: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
];

/** Fields that core/v1 always writes, though they say nothing. */
const coreBlanks: JsonObject = {
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: "",
  reportingInstance: "",
};

/** Likewise for events.k8s.io/v1. */
const modernBlanks: JsonObject = {
  eventTime: null,
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
};

/** A stored (core) event as core/v1 shows it. */
export function asCoreEvent(stored: JsonObject): JsonObject {
  return { ...coreBlanks, ...stored, apiVersion: "v1" };
}

/** A stored (core) event as events.k8s.io/v1 shows it. */
export function asModernEvent(stored: JsonObject): JsonObject {
  return { ...modernBlanks, ...rename(stored, renamed), apiVersion: "events.k8s.io/v1" };
}

/** What is stored for a core/v1 event. */
export function fromCoreEvent(event: JsonObject): JsonObject {
  return withoutBlanks(event);
}

/** What is stored for an events.k8s.io/v1 event. */
export function fromModernEvent(event: JsonObject): JsonObject {
  const back = renamed.map(([core, modern]) => [modern, core] as const);
  return withoutBlanks({ ...rename(event, back), apiVersion: "v1" });
}

function rename(object: JsonObject, names: readonly (readonly [from: string, to: string])[]): JsonObject {
  const moved = names.flatMap(([from, to]): [string, Json][] => {
    const value = object[from];
    return value === undefined ? [] : [[to, value]];
  });
  return { ...without(object, ...names.map(([from]) => from)), ...Object.fromEntries(moved) };
}

function withoutBlanks(event: JsonObject): JsonObject {
  const isBlank = (value: Json): boolean =>
    value === null || value === "" || (isObject(value) && Object.keys(value).length === 0);
  const entries = Object.entries(event).filter(([, value]) => !isBlank(value));
  return Object.fromEntries(entries);
}
