import { variablesField } from "../api/class-fields.ts";
import type { Fault } from "../api/field.ts";
import type { Variables } from "../model/variables/template.ts";
import { UsageError } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** The option that `run`, `sandbox`, `plan` and `validate` share, so that all answer alike. */
export const VARIABLE_OPTION: OptionSpecs = {
  variable: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "a variable for the texts of objects without a class, which write {KEY}; repeatable; region replaces the AWS region",
  },
};

/** Reads {@link VARIABLE_OPTION}. Errors: UsageError. */
export function variablesOption(given: GivenOptions): Variables {
  const entries = given.list("variable").map((text) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) {
      throw new UsageError("--variable: write KEY=VALUE, as in bucketPrefix=acme-prod");
    }
    return [key, value] as const;
  });
  const faults: Fault[] = [];
  variablesField.read(Object.fromEntries(entries), "--variable", faults);
  const [fault] = faults;
  if (fault !== undefined) {
    throw new UsageError(
      `${fault.path}: ${fault.problem.replace(/^Invalid value: (?:"(?:[^"\\]|\\.)*"(?:\.\.\.)?: )?/, "")}`,
    );
  }
  return Object.fromEntries(entries);
}
