import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { DEPLOY_FOLDER, deployedCrds } from "../deploy/deployed-files.ts";

interface Each {
  readonly path?: readonly string[];
  readonly labelsFromPath?: Readonly<Record<string, readonly string[]>>;
  readonly valueFrom?: readonly string[];
}

interface Resource {
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly labelsFromPath: Readonly<Record<string, readonly string[]>>;
  readonly metrics: readonly {
    readonly name: string;
    readonly each: { readonly info?: Each; readonly gauge?: Each };
  }[];
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface CrdSpec {
  readonly names: { readonly kind: string };
  readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
}

const config: { readonly spec: { readonly resources: readonly Resource[] } } = parse(
  readFileSync(join(DEPLOY_FOLDER, "monitoring/kube-state-metrics.yaml"), "utf8"),
);
const METADATA = ["name", "namespace", "generation", "deletionTimestamp"];

/** Whether the field is in the schema of the kind. A path goes through the items of a list. */
function isField(kind: string, path: readonly string[]): boolean {
  const specs = deployedCrds().map(({ spec }) => spec as CrdSpec);
  const versions = specs.find(({ names }) => names.kind === kind)?.versions ?? [];
  if (path[0] === "metadata") return METADATA.includes(path[1] ?? "");
  return (
    path.reduce<Schema | undefined>(
      (schema, key) => (schema?.items ?? schema)?.properties?.[key],
      versions[0]?.schema.openAPIV3Schema,
    ) !== undefined
  );
}

describe.each(config.spec.resources)("the metrics of each $groupVersionKind.kind", (resource) => {
  const { kind } = resource.groupVersionKind;
  const paths = resource.metrics.flatMap(({ each }) => {
    const { path = [], labelsFromPath = {}, valueFrom } = each.info ?? each.gauge ?? {};
    const below = [...Object.values(labelsFromPath), ...(valueFrom === undefined ? [[]] : [valueFrom])];
    return below.map((rest) => [...path, ...rest]).filter((full) => full.length > 0);
  });

  test.each([...paths, ...Object.values(resource.labelsFromPath)].map((path) => path.join(".")))(
    "read %s, which is a field",
    (path) => {
      expect(isField(kind, path.split("."))).toBe(true);
    },
  );

  test("a field that does not exist is found out", () => {
    expect(isField(kind, ["status", "conditions", "statuz"])).toBe(false);
  });
});
