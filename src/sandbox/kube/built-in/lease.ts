import type { FieldCause, JsonObject } from "../../../crd/contract.ts";
import { invalid } from "../../../crd/field-cause.ts";
import { stringMember } from "../../../crd/json.ts";
import { objectAt } from "../json.ts";
import { ageColumn, nameColumn, plainColumn } from "../tables/table-columns.ts";
import { type Behaviour, plainRules } from "./behaviour.ts";

/** Leases: what leader election holds. */
export const leaseBehaviour: Behaviour = {
  rules: {
    ...plainRules,
    unconditionalUpdate: false,
    createOnUpdate: true,
    microTimes: (object) => [objectAt(object, "spec")["acquireTime"], objectAt(object, "spec")["renewTime"]],
    validate,
  },
  columns: [
    nameColumn,
    plainColumn("Holder", (object) => stringMember(objectAt(object, "spec"), "holderIdentity")),
    ageColumn("string"),
  ],
};

function validate(object: JsonObject): readonly FieldCause[] {
  const { leaseDurationSeconds, leaseTransitions } = objectAt(object, "spec");
  const causes: FieldCause[] = [];
  if (typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0) {
    causes.push(invalid("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0"));
  }
  if (typeof leaseTransitions === "number" && leaseTransitions < 0) {
    causes.push(invalid("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0"));
  }
  return causes;
}
