import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { testSchema } from "../../../src/cli/policy-tests/test-schema.ts";
import { manifestText } from "../cli/run-cli.ts";
import { deployedCrds } from "../deploy/deployed-files.ts";
import { ROOT } from "../docs/document.ts";

const FOLDER = join(ROOT, "docs/schemas/iam.instanceprofile.dev");

interface CrdSpec {
  readonly names: { readonly kind: string };
  readonly versions: readonly [{ readonly name: string; readonly schema: { readonly openAPIV3Schema: unknown } }];
}

/** JSON schema without the extensions of Kubernetes, and with unknown fields refused as `validate` refuses them. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key]) => !key.startsWith("x-kubernetes-"));
  const isClosed = "properties" in schema && !("x-kubernetes-preserve-unknown-fields" in schema);
  return {
    ...Object.fromEntries(entries.map(([key, value]) => [key, plain(value)])),
    ...(isClosed && { additionalProperties: false }),
  };
}

const PUBLISHED: readonly (readonly [kind: string, version: string, schema: unknown])[] = [
  ["InstanceProfileTest", "v1beta1", testSchema()],
  ...deployedCrds().map((crd) => {
    const { names, versions } = crd["spec"] as CrdSpec;
    return [names.kind, versions[0].name, versions[0].schema.openAPIV3Schema] as const;
  }),
];

test.each(PUBLISHED)(
  "the published JSON schema of %s/%s is that of the CRD: else run npm run golden",
  async (kind, version, schema) => {
    const header = { $schema: "https://json-schema.org/draft/2020-12/schema", title: kind };
    const text = `${JSON.stringify({ ...header, ...(plain(schema) as object) }, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(FOLDER, `${kind.toLowerCase()}_${version}.json`));
  },
);

describe("the published JSON schema of InstanceProfile", () => {
  const validate = new Ajv2020({
    allErrors: true,
    strict: false,
    formats: { int32: true, int64: true, "date-time": true },
  });
  const errorsOf = (manifest: string): readonly unknown[] => {
    const check = validate.compile(JSON.parse(readFileSync(join(FOLDER, "instanceprofile_v1beta1.json"), "utf8")));
    check(JSON.parse(manifest));
    return (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
  };

  test("takes a manifest", () => {
    expect(errorsOf(manifestText())).toEqual([]);
  });

  test("refuses a misspelt field and a wrong type", () => {
    expect(errorsOf(manifestText({ roleNmae: "app", suspend: "yes" }))).toEqual([
      "/spec additionalProperties",
      "/spec/suspend type",
    ]);
  });
});
