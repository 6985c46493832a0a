import type { JsonObject } from "../../../crd/contract.ts";
import { condition, count, flag, keyed, kind, list, object, text, textMap, texts, time } from "./schema-parts.ts";

const reference = object("Names another object.", {
  apiVersion: text("API version of the object."),
  kind: text("Kind of the object."),
  namespace: text("Namespace of the object."),
  name: text("Name of the object."),
  uid: text("UID of the object."),
  resourceVersion: text("Version of the object."),
  fieldPath: text("The part of the object that is meant."),
});

export const namespace: JsonObject = kind("Namespace is a scope for names.", {
  spec: object("How the namespace should behave.", {
    finalizers: texts("Who must be done before the namespace is removed."),
  }),
  status: object("The state of the namespace.", {
    phase: text("Active or Terminating."),
    conditions: list("The state in detail.", condition, keyed("type")),
  }),
});

export const configMap: JsonObject = kind("ConfigMap holds configuration data.", {
  data: textMap("The data as text."),
  binaryData: textMap("The data as bytes.", { format: "byte" }),
  immutable: flag("Whether the data is fixed for good."),
});

const eventSource = object("Who reported the event.", {
  component: text("The component."),
  host: text("The node it runs on."),
});

const eventSeries = object("Data about repetitions.", {
  count: count("How often the event happened."),
  lastObservedTime: time("When it last happened."),
});

export const coreEvent: JsonObject = kind(
  "Event is a report of something that happened to an object.",
  {
    involvedObject: reference,
    reason: text("Why the event was made, as one CamelCase word."),
    message: text("What happened, for people."),
    source: eventSource,
    firstTimestamp: time("When it first happened."),
    lastTimestamp: time("When it last happened."),
    count: count("How often it happened."),
    type: text("Normal or Warning."),
    eventTime: time("When it happened."),
    series: { ...eventSeries, nullable: true },
    action: text("What was done or failed."),
    related: { ...reference, nullable: true },
    reportingComponent: text("The controller that reported the event."),
    reportingInstance: text("Which instance of the controller."),
  },
  ["metadata", "involvedObject"],
);

export const event: JsonObject = kind(
  "Event is a report of something that happened to an object.",
  {
    eventTime: time("When it first happened."),
    series: { ...eventSeries, nullable: true },
    reportingController: text("The controller that reported the event."),
    reportingInstance: text("Which instance of the controller."),
    action: text("What was done or failed."),
    reason: text("Why the event was made, as one CamelCase word."),
    regarding: reference,
    related: { ...reference, nullable: true },
    note: text("What happened, for people."),
    type: text("Normal or Warning."),
    deprecatedSource: eventSource,
    deprecatedFirstTimestamp: time("When it first happened, in the old form."),
    deprecatedLastTimestamp: time("When it last happened, in the old form."),
    deprecatedCount: count("How often it happened, in the old form."),
  },
  ["eventTime"],
);

export const lease: JsonObject = kind("Lease says who holds a role, and until when.", {
  spec: object("The terms of the lease.", {
    holderIdentity: text("Who holds the lease."),
    leaseDurationSeconds: count("How long after renewTime others must wait."),
    acquireTime: time("When the holder got the lease."),
    renewTime: time("When the holder last renewed the lease."),
    leaseTransitions: count("How often the lease changed hands."),
    strategy: text("How the holder is chosen when that is coordinated."),
    preferredHolder: text("Who should take the lease over."),
  }),
});
