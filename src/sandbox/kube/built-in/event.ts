import type { Json, JsonObject } from "../../../crd/contract.ts";
import { numberMember, objectMember, stringMember } from "../../../crd/json.ts";
import type { TableColumn } from "../endpoint.ts";
import { metaOf, objectAt } from "../json.ts";
import type { SelectableFields } from "../query/field-selector.ts";
import { plainColumn } from "../tables/table-columns.ts";
import { ageOf } from "../time.ts";
import { type Behaviour, plainRules } from "./behaviour.ts";
import { eventCauses } from "./event-rules.ts";
import { asCoreEvent, asModernEvent, fromCoreEvent, fromModernEvent } from "./event-shape.ts";

type TextOf = (object: JsonObject) => string;

/** Both shapes are one collection. */
const storage = "/events";

const commonFields: SelectableFields = { reason: text("reason"), type: text("type") };

/** Events as core/v1 serves them, which is how they are stored: `kubectl describe` and `kubectl get events` read these. */
export const coreEventBehaviour: Behaviour = {
  storage,
  rules: {
    ...plainRules,
    createOnUpdate: true,
    microTimes: microTimesOf,
    validate: (object) => eventCauses(object, undefined, "v1"),
  },
  columns: eventColumns((object) => object),
  fields: {
    ...referenceFields("involvedObject"),
    ...commonFields,
    reportingComponent: text("reportingComponent"),
    source: sourceOf,
  },
  fromStored: asCoreEvent,
  toStored: fromCoreEvent,
};

/** Events as events.k8s.io/v1 serves them: what a controller of today writes. */
export const modernEventBehaviour: Behaviour = {
  ...coreEventBehaviour,
  rules: {
    ...coreEventBehaviour.rules,
    invalidGroup: "",
    validate: (object, old) =>
      eventCauses(fromModernEvent(object), old === undefined ? undefined : fromModernEvent(old), "events.k8s.io/v1"),
  },
  columns: eventColumns(fromModernEvent),
  fields: {
    ...referenceFields("regarding"),
    ...commonFields,
    reportingController: text("reportingController"),
  },
  fromStored: asModernEvent,
  toStored: fromModernEvent,
};

function text(key: string): TextOf {
  return (object) => stringMember(object, key);
}

function sourceOf(object: JsonObject): string {
  const component = stringMember(objectAt(object, "source"), "component");
  return component === "" ? stringMember(object, "reportingComponent") : component;
}

/** `component, host`, or `controller, instance` of an event of the new kind. */
function reporterOf(event: JsonObject): string {
  const source = objectAt(event, "source");
  const isOld = stringMember(source, "component") !== "";
  const [who, where] = isOld
    ? [stringMember(source, "component"), stringMember(source, "host")]
    : [stringMember(event, "reportingComponent"), stringMember(event, "reportingInstance")];
  return where === "" ? who : `${who}, ${where}`;
}

function referenceFields(reference: string): SelectableFields {
  const keys = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
  return Object.fromEntries(
    keys.map((key): [string, TextOf] => [
      `${reference}.${key}`,
      (object) => stringMember(objectAt(object, reference), key),
    ]),
  );
}

function microTimesOf(object: JsonObject): readonly (Json | undefined)[] {
  return [object["eventTime"], objectAt(object, "series")["lastObservedTime"]];
}

function eventColumns(asStored: (object: JsonObject) => JsonObject): readonly TableColumn[] {
  const column = (name: string, cell: (event: JsonObject, nowMs: number) => Json, priority = 0): TableColumn =>
    plainColumn(name, (object, nowMs) => cell(asStored(object), nowMs), priority);
  return [
    column("Last Seen", (event, nowMs) => ageOf(lastSeen(event), nowMs)),
    column("Type", text("type")),
    column("Reason", text("reason")),
    column("Object", objectOf),
    column("Subobject", (event) => stringMember(objectAt(event, "involvedObject"), "fieldPath"), 1),
    column("Source", reporterOf, 1),
    column("Message", (event) => stringMember(event, "message").trim()),
    column("First Seen", (event, nowMs) => ageOf(firstSeen(event), nowMs), 1),
    column("Count", countOf, 1),
    column("Name", (event) => stringMember(metaOf(event), "name"), 1),
  ];
}

function objectOf(event: JsonObject): string {
  const reference = objectAt(event, "involvedObject");
  const [kind, name] = [stringMember(reference, "kind").toLowerCase(), stringMember(reference, "name")];
  return name === "" ? kind : `${kind}/${name}`;
}

function firstSeen(event: JsonObject): string {
  return stringMember(event, "firstTimestamp") || stringMember(event, "eventTime");
}

function lastSeen(event: JsonObject): string {
  const observed = stringMember(objectAt(event, "series"), "lastObservedTime");
  return observed || stringMember(event, "lastTimestamp") || firstSeen(event);
}

/** A single event of the new kind counts as one, though its count is absent. */
function countOf(event: JsonObject): number {
  const series = objectMember(event, "series");
  return (series === undefined ? numberMember(event, "count") : numberMember(series, "count")) ?? 1;
}
