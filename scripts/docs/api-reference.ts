import { readShippedCrd } from "../../src/cli/manifests/crd-file.ts";
import { testSchema } from "../../src/cli/policy-tests/test-schema.ts";
import { boundsOf, defaultOf, type Schema, typeOf } from "./schema-words.ts";
import { cell, tableOf } from "./section.ts";

const REFUSALS = "The API server refuses an object with these messages:";

/** The fields of a kind and its columns in kubectl, from its CRD. */
export function apiReference(plural: string): string {
  const [version] = (readShippedCrd(plural) as unknown as Crd).spec.versions;
  const { spec, status } = version.schema.openAPIV3Schema.properties ?? {};
  const known = new Map<string, string>();
  const columns = version.additionalPrinterColumns.map(({ name, type, priority, description = "the age" }) => [
    `\`${name}\``,
    type,
    priority === undefined ? "" : "yes",
    cell(description),
  ]);
  return [
    ...sectionsOf("spec", spec ?? {}, known),
    ...sectionsOf("status", status ?? {}, known),
    "### Columns of kubectl get",
    tableOf(["column", "type", "only with -o wide", "meaning"], columns),
  ].join("\n\n");
}

/** The fields of an InstanceProfileTest. Those of a statement are in the page about InstanceProfiles. */
export function testReference(): string {
  const { spec } = (testSchema() as Schema).properties ?? {};
  const statement = spec?.properties?.["noMoreThan"]?.properties?.["statements"]?.items?.properties;
  const known = new Map([[JSON.stringify(statement), "spec.statements[]"]]);
  return sectionsOf("spec", spec ?? {}, known)
    .join("\n\n")
    .replaceAll("(#specstatements)", "(../reference/instance-profile.md#specstatements)")
    .replaceAll(REFUSALS, "`validate` and `plan` refuse a test with these messages:");
}

interface Crd {
  readonly spec: {
    readonly versions: readonly [
      {
        readonly schema: { readonly openAPIV3Schema: Schema };
        readonly additionalPrinterColumns: readonly {
          readonly name: string;
          readonly type: string;
          readonly priority?: number;
          readonly description?: string;
        }[];
      },
    ];
  };
}

/** The section of an object and, after it, those of the objects in it. `known` has the section of each schema that was shown. */
function sectionsOf(path: string, schema: Schema, known: Map<string, string>): readonly string[] {
  const fields = Object.entries(schema.properties ?? {});
  const inner = fields.flatMap(([name, field]) => {
    const { path: below, schema: object } = objectIn(`${path}.${name}`, field);
    if (object.properties === undefined) return [];
    const key = JSON.stringify(object.properties);
    if (known.has(key)) return [];
    known.set(key, below);
    return [[below, object] as const];
  });
  const rows = fields.map(([name, field]) => rowOf(name, field, schema, known));
  return [
    `### ${path}`,
    ...(schema.description === undefined ? [] : [cell(schema.description)]),
    tableOf(["field", "type", "default", "meaning", "bounds and rules"], rows),
    ...rulesOf(schema),
    ...inner.flatMap(([below, object]) => sectionsOf(below, object, known)),
  ];
}

/** The object that a field holds: itself, or the items of a list of objects. */
function objectIn(path: string, field: Schema): { readonly path: string; readonly schema: Schema } {
  return field.items?.properties === undefined ? { path, schema: field } : { path: `${path}[]`, schema: field.items };
}

function rowOf(name: string, field: Schema, parent: Schema, known: ReadonlyMap<string, string>): readonly string[] {
  const { schema } = objectIn("", field);
  const section = schema.properties && known.get(JSON.stringify(schema.properties));
  const type = typeOf(field);
  return [
    `\`${name}\``,
    section === undefined ? type : `[${type}](#${section.toLowerCase().replaceAll(/[^a-z]/g, "")})`,
    parent.required?.includes(name) ? "required" : defaultOf(field),
    meaningOf(name, field, parent),
    boundsAndRules(field),
  ];
}

function meaningOf(name: string, field: Schema, parent: Schema): string {
  const { description = "" } = field;
  const ofParent = ownRules(parent, true).filter(({ fieldPath, rule }) =>
    fieldPath === undefined ? new RegExp(`oldSelf\\.${name}\\b`).test(rule) : fieldPath === `.${name}`,
  );
  const isImmutable = ownRules(field, true).length > 0 || ofParent.length > 0;
  return cell(isImmutable && !/immutable/i.test(description) ? `${description} Immutable.` : description);
}

/** The bounds of a field and the messages of its rules. Those of an object are in its own section. */
function boundsAndRules(field: Schema): string {
  const inner = field.items?.properties === undefined ? field.items : undefined;
  const rules = [
    ...(field.properties === undefined ? ownRules(field) : []),
    ...(inner === undefined ? [] : ownRules(inner)),
  ];
  return [boundsOf(field), ...rules.map(({ message }) => cell(message))].filter((text) => text !== "").join("; ");
}

type Rule = NonNullable<Schema["x-kubernetes-validations"]>[number];

/** The rules of a field: those about a change, or the others. */
function ownRules(field: Schema, ofChanges = false): readonly Rule[] {
  return (field["x-kubernetes-validations"] ?? []).filter(({ rule }) => rule.includes("oldSelf") === ofChanges);
}

/** The rules of an object about several of its fields. */
function rulesOf(schema: Schema): readonly string[] {
  const rules = ownRules(schema).map(({ message }) => `- ${cell(message)}`);
  return rules.length === 0 ? [] : [REFUSALS, rules.join("\n")];
}
