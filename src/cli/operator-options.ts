import { variablesField } from "../api/class-fields.ts";
import type { Fault } from "../api/field.ts";
import type { OperatorGrants } from "../controller/classes/class-binding.ts";
import type { Variables } from "../model/variables/template.ts";
import type { DefaultDeletionPolicy } from "../plan/class/class-deletion.ts";
import { UsageError } from "./io.ts";
import { clusterIdOf, type GivenOptions, type OptionSpecs } from "./options.ts";

/** The option that allows objects without a class to adopt from other clusters. */
export const ADOPT_FROM_OPTION: OptionSpecs = {
  "allow-adopt-from": {
    type: "string",
    multiple: true,
    value: "ID",
    help: "allow objects without a class to adopt from the cluster with this id (spec.adoptFrom); repeatable",
  },
};

/** The ids of {@link ADOPT_FROM_OPTION}, each once. Errors: UsageError. */
export function adoptFromOption(given: GivenOptions): readonly string[] {
  return [...new Set(given.list("allow-adopt-from").map((text) => clusterIdOf(text, "allow-adopt-from")))];
}

/** What `plan` takes the controller to allow objects without a class. */
export const PLAN_ADOPTION_OPTIONS: OptionSpecs = {
  "allow-adoption": {
    type: "boolean",
    help: "plan for a controller that runs with --allow-adoption: allow objects without a class to adopt",
  },
  ...ADOPT_FROM_OPTION,
};

/** Reads {@link PLAN_ADOPTION_OPTIONS}. Errors: UsageError. */
export function adoptionChoices(given: GivenOptions): OperatorGrants {
  return { allowsAdoption: given.flag("allow-adoption"), adoptsFrom: adoptFromOption(given) };
}

/** The option that `run` and `plan` share, so that both answer alike. */
export const DEFAULT_DELETION_POLICY_OPTION: OptionSpecs = {
  "default-deletion-policy": {
    type: "string",
    value: "POLICY",
    help: "what happens to what the controller created when an object without deletionPolicy is deleted: Delete (default), or Retain where its class allows it; what was adopted is retained",
  },
};

/** Reads {@link DEFAULT_DELETION_POLICY_OPTION}. Errors: UsageError. */
export function defaultDeletionPolicy(given: GivenOptions): DefaultDeletionPolicy {
  return policyOf("default-deletion-policy", given) ?? "Delete";
}

/** Reads an option that is `Retain` or `Delete`. Errors: UsageError. */
export function policyOf(option: string, given: GivenOptions): "Retain" | "Delete" | undefined {
  const policy = given.text(option);
  if (policy === undefined || policy === "Retain" || policy === "Delete") return policy;
  throw new UsageError(`--${option}: "${policy}" must be one of Retain, Delete`);
}

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
