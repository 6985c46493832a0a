import type { OperatorGrants } from "../controller/classes/class-binding.ts";
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
