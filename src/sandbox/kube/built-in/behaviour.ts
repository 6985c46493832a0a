import type { JsonObject } from "../../../crd/contract.ts";
import { allVerbs, type TableColumn, type Verb, type WriteRules } from "../endpoint.ts";
import type { SelectableFields } from "../query/field-selector.ts";
import { ageColumn, nameColumn } from "../tables/table-columns.ts";

/** What a built-in kind adds to its schema. */
export interface Behaviour {
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
  readonly rules: WriteRules;
  readonly columns: readonly TableColumn[];
  /** Without metadata.name and metadata.namespace. */
  readonly fields: SelectableFields;
  /** The collection, when it is not the kind's own. */
  readonly storage?: string;
  readonly fromStored?: (object: JsonObject) => JsonObject;
  readonly toStored?: (object: JsonObject) => JsonObject;
}

/** A typed kind without generation whose PUT overwrites and does not create. */
export const plainRules: WriteRules = {
  hasGeneration: false,
  unconditionalUpdate: true,
  createOnUpdate: false,
  strategicPatch: true,
  typed: true,
  returnsDeleted: false,
  nameIsLabel: false,
};

/** A stored kind with the plain rules, the name and the age as columns. */
export const plainBehaviour: Behaviour = {
  verbs: allVerbs,
  subresources: [],
  rules: plainRules,
  columns: [nameColumn, ageColumn("string")],
  fields: {},
};
