import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { type Copy, copyOf, ROOT } from "./copy-of-sources.ts";

/** An import that a rule forbids; a circle has the files that it goes through. */
interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly cycle?: readonly { readonly name: string }[];
}

/** What we read of dependency-cruiser's JSON report. */
interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly Violation[];
  };
}

/** What we read of the rules. */
interface Config {
  readonly default: { readonly forbidden: readonly { readonly name: string; readonly severity: string }[] };
}

/** Runs `npm run layers` in the folder. */
function checkLayers(folder: string): Report {
  const [command = "", ...given] = manifest.scripts.layers.split(" ");
  const options = { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  const args = [...given, "--output-type", "json"];
  return JSON.parse(spawnSync(join(ROOT, "node_modules/.bin", command), args, options).stdout) as Report;
}

/** Each plants one file that breaks one rule, by one import. */
const planted = [
  { what: "plan reaches into aws", rule: "pure-core", file: "src/plan/planted.ts", to: "../aws/errors/aws-errors.ts" },
  { what: "model reads files", rule: "pure-core", file: "src/model/planted.ts", to: "node:fs" },
  { what: "status depends on a package", rule: "pure-core", file: "src/status/planted.ts", to: "pino" },
  {
    what: "kube reaches into aws",
    rule: "adapters-are-strangers",
    file: "src/kube/planted.ts",
    to: "../aws/call/deadline.ts",
  },
  {
    what: "runtime knows plans",
    rule: "runtime-knows-no-domain",
    file: "src/runtime/planted.ts",
    to: "../plan/plan.ts",
  },
  {
    what: "engine uses the sandbox",
    rule: "sandbox-only-from-cli",
    file: "src/engine/planted.ts",
    to: "../sandbox/aws/server.ts",
  },
  {
    what: "engine reaches up into controller",
    rule: "core-never-looks-up",
    file: "src/engine/planted-up.ts",
    to: "../controller/finalizer.ts",
  },
  {
    what: "controller reaches into kube",
    rule: "adapters-only-from-cli",
    file: "src/controller/planted.ts",
    to: "../kube/resource.ts",
  },
  {
    what: "status reads the list of AWS's actions",
    rule: "shipped-lists-only-from-cli",
    file: "src/status/planted-actions.ts",
    to: "../plan/lint/lint-shipped-lists.ts",
  },
  {
    what: "a command uses the AWS SDK itself",
    rule: "aws-sdk-at-the-edge",
    file: "src/cli/planted.ts",
    to: "@aws-sdk/client-iam",
  },
  {
    what: "a program on an instance uses the product",
    rule: "guest-knows-nobody",
    file: "src/guest/planted.ts",
    to: "../errors.ts",
  },
  {
    what: "a command runs the program for instances in its own process",
    rule: "guest-is-a-process",
    file: "src/cli/planted-guest.ts",
    to: "../guest/s3-program.ts",
  },
  {
    what: "a command uses the Kubernetes client itself",
    rule: "kube-client-at-the-edge",
    file: "src/cli/planted-kube.ts",
    to: "undici",
  },
  {
    what: "the sandbox uses the product",
    rule: "sandbox-knows-no-product",
    file: "src/sandbox/planted.ts",
    to: "../model/ownership.ts",
  },
  {
    what: "the sandbox uses the comparison of policies",
    rule: "sandbox-knows-no-product",
    file: "src/sandbox/planted-access.ts",
    to: "../model/access/access.ts",
  },
  {
    what: "the evaluator shares code with the comparison of policies",
    rule: "evaluator-decides-alone",
    file: "src/model/access/evaluate/planted.ts",
    to: "../words/glob.ts",
  },
  {
    what: "the comparison of policies shares code with the evaluator",
    rule: "evaluator-is-one-module",
    file: "src/model/access/planted.ts",
    to: "./evaluate/text-pattern.ts",
  },
  {
    what: "the CRD validator uses the product",
    rule: "crd-knows-nobody",
    file: "src/crd/planted.ts",
    to: "../api/instance-profile.ts",
  },
  {
    what: "the controller judges by the CRD",
    rule: "crd-only-from-cli",
    file: "src/controller/planted-crd.ts",
    to: "../crd/compile-crd.ts",
  },
  {
    what: "a file imports itself by way of another",
    rule: "no-circular",
    file: "src/telemetry-planted.ts",
    to: "./telemetry-planted-too.ts",
  },
] as const;

describe("the layer check", () => {
  let copy: Copy;
  let report: Report;

  beforeAll(() => {
    copy = copyOf("src", "package.json", "tsconfig.json", ".dependency-cruiser.mjs");
    for (const { file, to } of planted) copy.plant(file, `export * from "${to}";\n`);
    copy.plant("src/telemetry-planted-too.ts", 'export * from "./telemetry-planted.ts";\n');
    report = checkLayers(copy.folder);
  });
  afterAll(() => copy.remove());

  // With a parser that cannot read the sources dependency-cruiser finds nothing, says that all is well and exits 0.
  test("looks at every source file", () => {
    const sources = readdirSync(join(copy.folder, "src"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `src/${name}`);
    const cruised = report.modules.map(({ source }) => source).filter((source) => /^src[/].*[.]ts$/.test(source));
    expect(cruised.toSorted()).toEqual(sources.toSorted());
    expect(report.summary.totalCruised).toBeGreaterThanOrEqual(sources.length);
  });

  test.each(planted)("fails when $what ($rule)", ({ file, rule }) => {
    const { violations } = report.summary;
    const filesOf = ({ from, cycle = [] }: Violation) => [from, ...cycle.map(({ name }) => name)];
    expect(
      violations.filter((violation) => violation.rule.name === rule && filesOf(violation).includes(file)),
    ).toHaveLength(1);
  });

  test("has a planted violation here for each of its rules", async () => {
    const config = (await import(join(ROOT, ".dependency-cruiser.mjs"))) as Config;
    const names = config.default.forbidden.map(({ name }) => name);
    // Anything less would not end `npm run layers` with an error.
    expect(config.default.forbidden.filter(({ severity }) => severity !== "error")).toEqual([]);
    expect([...new Set(planted.map(({ rule }) => rule))].toSorted()).toEqual(names.toSorted());
  });
});
