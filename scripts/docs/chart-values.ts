import { defaultOf } from "./schema-words.ts";
import { cell, tableOf } from "./section.ts";

/** The values of the Helm chart with their defaults and meanings, from `values.schema.json` and `values.yaml`. */
export function chartValues(schema: ValueSchema, values: unknown): string {
  const rows = leavesOf(schema, values).map(([path, { description = "" }, value]) => [
    `\`${path}\``,
    value === "" ? "" : defaultOf({ default: value }),
    cell(description),
  ]);
  return tableOf(["value", "default", "meaning"], rows);
}

/** A JSON schema of values, as far as it is shown. */
export interface ValueSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

type Leaf = readonly [path: string, schema: ValueSchema, value: unknown];

/** What has a description: a value, or an object of values that are described together. */
function leavesOf(schema: ValueSchema, values: unknown, above = ""): readonly Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]): readonly Leaf[] => {
    const value = (values as Readonly<Record<string, unknown>> | undefined)?.[name];
    if (inner.description !== undefined) return [[`${above}${name}`, inner, value]];
    return leavesOf(inner, value, `${above}${name}.`);
  });
}
