import type { FieldCause, JsonObject } from "../../../crd/contract.ts";
import { invalid, required } from "../../../crd/field-cause.ts";
import { numberMember, objectMember, sameJson, stringMember } from "../../../crd/json.ts";
import { metaOf, objectAt } from "../json.ts";
import { qualifiedNameProblems } from "../storage/object-names.ts";

const shortTextLimit = 128;
const noteLimit = 1024;

/** The fields that events.k8s.io/v1 never lets change, by their core names. */
const immutable: readonly string[] = [
  "involvedObject",
  "reason",
  "message",
  "source",
  "firstTimestamp",
  "lastTimestamp",
  "count",
  "type",
  "eventTime",
  "action",
  "related",
  "reportingComponent",
  "reportingInstance",
];

/**
 * What is wrong with an event in its stored (core) shape. Events with an eventTime are of the new kind and must say who reports
 * them; events.k8s.io/v1 also refuses the fields of the old kind and all changes but those of the series.
 */
export function eventCauses(event: JsonObject, old: JsonObject | undefined, apiVersion: string): readonly FieldCause[] {
  const isModernRequest = apiVersion === "events.k8s.io/v1";
  const reporter = isModernRequest ? "reportingController" : "reportingComponent";
  const isModern = stringMember(event, "eventTime") !== "";
  const causes = [...namespaceCauses(event, isModern), ...(isModern ? reporterCauses(event, reporter) : [])];
  if (!isModernRequest) return causes;
  return [...causes, ...(old === undefined ? creationCauses(event) : updateCauses(event, old))];
}

function namespaceCauses(event: JsonObject, isModern: boolean): readonly FieldCause[] {
  const namespace = stringMember(metaOf(event), "namespace");
  const involved = stringMember(objectAt(event, "involvedObject"), "namespace");
  const clusterHomes = isModern ? ["default", "kube-system"] : ["", "default"];
  const fits = involved === "" ? clusterHomes.includes(namespace) : isModern || involved === namespace;
  return fits ? [] : [invalid("involvedObject.namespace", involved, "does not match event.namespace")];
}

function reporterCauses(event: JsonObject, reporter: string): readonly FieldCause[] {
  const name = stringMember(event, "reportingComponent");
  return [
    ...(name === "" ? [required(reporter)] : []),
    ...qualifiedNameProblems(name).map((problem) => invalid(reporter, name, problem)),
    ...textCauses(event, "reportingInstance", shortTextLimit, true),
    ...textCauses(event, "action", shortTextLimit, true),
    ...textCauses(event, "reason", shortTextLimit, true),
    ...textCauses(event, "message", noteLimit, false),
  ];
}

function textCauses(event: JsonObject, field: string, limit: number, isRequired: boolean): readonly FieldCause[] {
  const value = stringMember(event, field);
  if (value === "") return isRequired ? [required(field)] : [];
  return Buffer.byteLength(value) > limit ? [invalid(field, "", `can have at most ${limit} characters`)] : [];
}

function creationCauses(event: JsonObject): readonly FieldCause[] {
  const type = stringMember(event, "type");
  const stale = ["firstTimestamp", "lastTimestamp", "count"].filter((key) => (event[key] ?? 0) !== 0);
  const source = objectAt(event, "source");
  const hasSource = stringMember(source, "component") !== "" || stringMember(source, "host") !== "";
  return [
    ...seriesCauses(event),
    ...(stringMember(event, "eventTime") === "" ? [required("eventTime")] : []),
    ...(type === "Normal" || type === "Warning" ? [] : [invalid("type", "", `has invalid value: ${type}`)]),
    ...[...stale, ...(hasSource ? ["source"] : [])].map((key) => invalid(key, "", "needs to be unset")),
  ];
}

function updateCauses(event: JsonObject, old: JsonObject): readonly FieldCause[] {
  const series = sameJson(event["series"], old["series"]) ? [] : seriesCauses(event);
  const changed = immutable.filter((key) => !sameJson(event[key], old[key]));
  return [...series, ...changed.map((key) => invalid(modernName(key), event[key] ?? "", "field is immutable"))];
}

function modernName(key: string): string {
  return key === "reportingComponent" ? "reportingController" : key;
}

function seriesCauses(event: JsonObject): readonly FieldCause[] {
  const series = objectMember(event, "series");
  if (series === undefined) return [];
  return [
    ...((numberMember(series, "count") ?? 0) < 2 ? [invalid("series.count", "", "should be at least 2")] : []),
    ...(stringMember(series, "lastObservedTime") === "" ? [required("series.lastObservedTime")] : []),
  ];
}
