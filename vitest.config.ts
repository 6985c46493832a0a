import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** One project per class of test; CONTRIBUTING says what each may touch. */
const project = (name: string, testTimeout: number) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: "node", testTimeout, hookTimeout: 60_000 },
});

/** When set, every run also leaves its results here as JSON, in a file of its own (scripts/test-counts.ts adds them up). */
const jsonFolder = process.env["VITEST_JSON_DIR"];

export default defineConfig({
  test: {
    // By default one processor is left idle: half of a machine that has two.
    maxWorkers: "100%",
    projects: [
      project("unit", 5_000),
      project("laws", 30_000),
      project("scenario", 30_000),
      project("contract", 30_000),
      project("tooling", 60_000),
      project("e2e", 120_000),
    ],
    ...(jsonFolder === undefined
      ? {}
      : { reporters: ["default", ["json", { outputFile: join(jsonFolder, `${process.pid}.json`) }]] }),
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "json-summary"] },
  },
});
