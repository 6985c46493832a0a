import type { FieldCause, JsonObject } from "../../../crd/contract.ts";
import { forbidden, invalid, tooLong } from "../../../crd/field-cause.ts";
import { sameJson } from "../../../crd/json.ts";
import { objectAt } from "../json.ts";
import { ageColumn, nameColumn, plainColumn } from "../tables/table-columns.ts";
import { type Behaviour, plainRules } from "./behaviour.ts";

const sizeLimitBytes = 1024 * 1024;
const keyPattern = /^[-._a-zA-Z0-9]+$/;

/** ConfigMaps: where kpt and other tools keep their inventories. */
export const configMapBehaviour: Behaviour = {
  rules: { ...plainRules, validate },
  columns: [nameColumn, plainColumn("Data", (object) => entriesOf(object).length), ageColumn("string")],
};

function entriesOf(object: JsonObject) {
  return [...Object.entries(objectAt(object, "data")), ...Object.entries(objectAt(object, "binaryData"))];
}

function validate(object: JsonObject, old?: JsonObject): readonly FieldCause[] {
  const bytes = entriesOf(object).reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0);
  const keys = ["data", "binaryData"].flatMap((part) =>
    Object.keys(objectAt(object, part))
      .filter((key) => !keyPattern.test(key) || key === "." || key === "..")
      .map((key) => {
        const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        const examples =
          "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        return invalid(`${part}[${key}]`, key, `${rule} ${examples}`);
      }),
  );
  return [...keys, ...(bytes > sizeLimitBytes ? [tooLong("", sizeLimitBytes)] : []), ...immutableCauses(object, old)];
}

function immutableCauses(object: JsonObject, old: JsonObject | undefined): readonly FieldCause[] {
  if (old?.["immutable"] !== true) return [];
  const detail = "field is immutable when `immutable` is set";
  const released = object["immutable"] === true ? [] : [forbidden("immutable", detail)];
  const changed = ["data", "binaryData"].filter((key) => !sameJson(objectAt(object, key), objectAt(old, key)));
  return [...released, ...changed.map((key) => forbidden(key, detail))];
}
