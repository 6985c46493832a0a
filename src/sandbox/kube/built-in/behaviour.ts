import type { Endpoint, WriteRules } from "../endpoint.ts";

/** What a built-in kind adds to its schema: its rules and columns, and what it has otherwise than a custom resource. */
export type Behaviour = Pick<Endpoint, "rules" | "columns"> &
  Partial<Pick<Endpoint, "fields" | "verbs" | "subresources" | "storage" | "fromStored" | "toStored">>;

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
