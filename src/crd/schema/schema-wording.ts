import type { FieldCause, Json } from "../contract.ts";
import { invalid, notSupported, required, tooLong, tooMany, typeInvalid } from "../field-cause.ts";
import { isObject, listMember, numberMember, stringMember, stringsMember } from "../json.ts";
import { enforcedFormat } from "./formats.ts";
import { admittedTypes } from "./json-schema.ts";
import { type Failures, nothing, type Place, type Verdict, verdict } from "./schema-place.ts";

function goType(value: Json): string {
  if (value === null) {
    return "null";
  }
  if (Array.isArray(value)) {
    return "array";
  }
  return typeof value === "number" ? (Number.isInteger(value) ? "integer" : "number") : typeof value;
}

function body(place: Place, complaint: string): string {
  return `${place.name} in body ${complaint}`;
}

/** A scalar whose node has a format is told to be of that format, not of the type. */
function wanted(place: Place): string {
  const format = stringMember(place.source, "format");
  const scalar = typeof place.value === "number" || typeof place.value === "boolean" || isObject(place.value);
  return format !== "" && scalar ? format : admittedTypes(place.source).join(",");
}

function goFormat(value: Json): string {
  return typeof value !== "number" ? "" : Number.isInteger(value) ? "int64" : "float64";
}

export function typeVerdict(place: Place, failures: Failures): Verdict {
  const declared = admittedTypes(place.source).length > 0 || stringMember(place.source, "format") !== "";
  if (!failures.has(place, "type")) {
    return verdict(declared ? 2 : 0);
  }
  const expected = wanted(place);
  const found = admittedTypes(place.source).join(",") === expected ? goType(place.value) : goFormat(place.value);
  return verdict(
    1,
    typeInvalid(place.name, found, body(place, `must be of type ${expected}: ${JSON.stringify(found)}`)),
  );
}

function stringCause(place: Place, failures: Failures): FieldCause | undefined {
  if (failures.has(place, "maxLength")) {
    return tooLong(place.name, numberMember(place.source, "maxLength") ?? 0);
  }
  if (failures.has(place, "minLength")) {
    const least = numberMember(place.source, "minLength");
    return invalid(place.name, place.value, body(place, `should be at least ${least} chars long`));
  }
  if (failures.has(place, "pattern")) {
    const pattern = stringMember(place.source, "pattern");
    return invalid(place.name, place.value, body(place, `should match '${pattern}'`));
  }
  return undefined;
}

/** The first broken limit of a string, and its format besides. */
export function stringVerdict(place: Place, failures: Failures): Verdict {
  if (typeof place.value !== "string") {
    return nothing;
  }
  const causes: FieldCause[] = [];
  const first = stringCause(place, failures);
  if (first !== undefined) {
    causes.push(first);
  }
  if (failures.has(place, "format")) {
    const format = stringMember(place.source, "format");
    const detail = body(place, `must be of type ${format}: ${JSON.stringify(place.value)}`);
    causes.push(typeInvalid(place.name, place.value, detail));
  }
  return verdict(stringMember(place.source, "format") === "" ? 1 : 2, ...causes);
}

const comparisons: Readonly<Record<string, string>> = {
  maximum: "less than or equal to",
  exclusiveMaximum: "less than",
  minimum: "greater than or equal to",
  exclusiveMinimum: "greater than",
};

/** Go compares an integer with the integer part of the limit, and prints that. */
function limit(place: Place, keyword: string): number {
  const bound = numberMember(place.source, keyword.endsWith("aximum") ? "maximum" : "minimum") ?? 0;
  return Number.isInteger(place.value) ? Math.trunc(bound) : bound;
}

export function numberVerdict(place: Place, failures: Failures): Verdict {
  const value = place.value;
  if (typeof value !== "number") {
    return nothing;
  }
  const causes: FieldCause[] = [];
  const type = stringMember(place.source, "type");
  const format = enforcedFormat(type, stringMember(place.source, "format"));
  if (failures.has(place, "format") || (type === "integer" && failures.has(place, "type"))) {
    const what = `of type ${type} ${format === "" ? "(default format)" : `with format ${format}`}`;
    causes.push(invalid("", "", `Checked value must be ${what} in ${place.name}`));
  }
  if (failures.has(place, "multipleOf")) {
    const factor = numberMember(place.source, "multipleOf");
    causes.push(invalid(place.name, value, body(place, `should be a multiple of ${factor}`)));
  }
  for (const keyword of ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]) {
    if (failures.has(place, keyword)) {
      const complaint = `should be ${comparisons[keyword]} ${limit(place, keyword)}`;
      causes.push(invalid(place.name, value, body(place, complaint)));
    }
  }
  return verdict(2, ...causes);
}

export function enumVerdict(place: Place, failures: Failures): Verdict {
  if (!failures.has(place, "enum")) {
    return verdict(1);
  }
  const supported = listMember(place.source, "enum").map((entry) =>
    typeof entry === "string" ? entry : JSON.stringify(entry),
  );
  return verdict(1, notSupported(place.name, place.value, supported));
}

function sizeCauses(place: Place, failures: Failures, size: number, unit: "Items" | "Properties"): FieldCause[] {
  const causes: FieldCause[] = [];
  if (failures.has(place, `min${unit}`)) {
    const least = numberMember(place.source, `min${unit}`);
    causes.push(invalid(place.name, size, body(place, `should have at least ${least} ${unit.toLowerCase()}`)));
  }
  if (failures.has(place, `max${unit}`)) {
    causes.push(tooMany(place.name, size, numberMember(place.source, `max${unit}`) ?? 0));
  }
  return causes;
}

export function listSizeCauses(place: Place, failures: Failures): readonly FieldCause[] {
  return Array.isArray(place.value) ? sizeCauses(place, failures, place.value.length, "Items") : [];
}

export function objectSizeCauses(place: Place, failures: Failures): readonly FieldCause[] {
  return isObject(place.value) ? sizeCauses(place, failures, Object.keys(place.value).length, "Properties") : [];
}

export function requiredCauses(place: Place, failures: Failures): readonly FieldCause[] {
  const missing = new Set(failures.at(place, "required").map((error) => String(error.params["missingProperty"])));
  return stringsMember(place.source, "required")
    .filter((key) => missing.has(key))
    .map((key) => required(place.name === "" ? key : `${place.name}.${key}`));
}

/** Keys that `additionalProperties: false` keeps out. */
export function forbiddenCauses(place: Place, failures: Failures): readonly FieldCause[] {
  return failures.at(place, "additionalProperties").map((error) => {
    const key = String(error.params["additionalProperty"]);
    return invalid(place.name, key, `${place.name}.${key} in body is a forbidden property`);
  });
}
