import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../../package.json" with { type: "json" };
import { runCommand } from "../../../src/cli/commands/run-command.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

const CHARTS = ["chart", "chart-crds"];
const read = (...path: readonly string[]): string => readFileSync(join(DEPLOY_FOLDER, ...path), "utf8");
const values = parse(read("chart/values.yaml"));
const templates = readdirSync(join(DEPLOY_FOLDER, "chart/templates"))
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => read("chart/templates", file))
  .join("");

/** `image.tag` and so on: every value that is no map of the user's own. */
function pathsOf(tree: unknown, prefix = ""): readonly string[] {
  return Object.entries(tree as Readonly<Record<string, unknown>>).flatMap(([key, value]) => {
    const isGroup = typeof value === "object" && value !== null && !Array.isArray(value) && key !== "resources";
    return isGroup && Object.keys(value).length > 0 ? pathsOf(value, `${prefix}${key}.`) : [`${prefix}${key}`];
  });
}

test("the templates are those that the kustomize base and the CRDs give: else run node scripts/chart.ts", () => {
  const folder = mkdtempSync(join(tmpdir(), "chart-"));
  try {
    const script = join(DEPLOY_FOLDER, "../scripts/chart.ts");
    expect(spawnSync(process.execPath, [script, folder], { encoding: "utf8" }).stderr).toBe("");
    for (const chart of CHARTS) {
      for (const file of readdirSync(join(folder, chart, "templates"))) {
        expect([file, read(chart, "templates", file)]).toEqual([
          file,
          readFileSync(join(folder, chart, "templates", file), "utf8"),
        ]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(CHARTS)("%s has the version of the program", (chart) => {
  expect(parse(read(chart, "Chart.yaml"))).toMatchObject({ version: manifest.version, appVersion: manifest.version });
});

describe("the schema of the values", () => {
  const validate = new Ajv({ allErrors: true }).compile(JSON.parse(read("chart/values.schema.json")));
  const errorsOf = (changed: Readonly<Record<string, unknown>>) => {
    validate({ ...values, ...changed });
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join("; ");
  };

  test("takes the defaults", () => {
    expect(errorsOf({})).toBe("");
  });

  test.each([
    ["a name that does not exist", { replicas: 3 }, "additional properties"],
    [
      "an account id that YAML reads as a number",
      { aws: { accountId: 111122223333 } },
      "/aws/accountId must be string",
    ],
    ["namespaces without a cluster id", { namespaces: ["team-a"] }, "/clusterId must NOT have fewer"],
    ["a digest that is none", { image: { digest: "latest" } }, "/image/digest must match"],
  ])("refuses %s", (_, changed, error) => {
    expect(errorsOf(changed)).toContain(error);
  });

  test("knows every value", () => {
    const known = (path: string): boolean =>
      path.split(".").reduce<unknown>(
        (at, key) => {
          const properties = (at as { properties?: Readonly<Record<string, unknown>> } | undefined)?.properties;
          return properties?.[key];
        },
        JSON.parse(read("chart/values.schema.json")),
      ) !== undefined;
    expect(pathsOf(values).filter((path) => !known(path))).toEqual([]);
  });
});

test("every value is used in a template and described in the README", () => {
  const used = templates + read("chart/templates/_helpers.tpl");
  expect(pathsOf(values).filter((path) => !used.includes(`.Values.${path}`))).toEqual([]);
  const readme = read("chart/README.md");
  expect(pathsOf(values).filter((path) => !readme.includes(`\`${path}\``))).toEqual([]);
});

test("the pod of helm test may only get the Deployment and the Lease of the release, and is restricted like the controller", () => {
  const text = read("chart/templates/tests/readiness.yaml");
  expect([...text.matchAll(/verbs: (.*)/g)].map(([, verbs]) => verbs)).toEqual(["[get]", "[get]"]);
  expect([...text.matchAll(/resourceNames: (.*)/g)].map(([, names]) => names)).toEqual(
    Array(2).fill('[{{ include "controller.fullName" . }}]'),
  );
  expect(text.match(/helm\.sh\/hook" "test"/)).not.toBeNull();
  const restricted =
    /securityContext:\n +allowPrivilegeEscalation: false\n +readOnlyRootFilesystem: true\n +capabilities:\n +drop: \[ALL\]/;
  expect(text).toMatch(restricted);
});

test("every option that the chart passes is one of run", () => {
  const passed = [...templates.matchAll(/- --([\w-]+)/g)].map(([, name]) => name ?? "");
  expect(passed).toContain("account-id");
  expect(passed.filter((name) => !(name in runCommand.options))).toEqual([]);
});
