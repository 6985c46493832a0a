import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { boundCompileCache } from "./test/support/compile-cache.ts";
import { SLOW_FILES } from "./test/support/slow-files.ts";

boundCompileCache();

/**
 * Node 24 runs the sources as they are; without Vite's transforms a run takes two thirds of the time. No test mocks a module, so none
 * needs the loader that looks into each module for mocks.
 */
const NATIVE = { experimental: { viteModuleRunner: false, nodeLoader: false } };

/** What a worker imports before the first test. The coverage of functions from a cache is less exact. */
const imports = (seedsLaws: boolean): { readonly execArgv: string[] } => {
  const files = [
    ...(process.argv.includes("--coverage") ? [] : ["test/support/compile-cache.ts"]),
    ...(seedsLaws ? ["test/support/law-seed.ts"] : []),
  ];
  return { execArgv: files.flatMap((file) => ["--import", join(import.meta.dirname, file)]) };
};

/** `npm test`: without the files that take long. */
const IS_QUICK = process.env["TESTS"] === "quick";

/** Laws try the same inputs in every run, unless `LAW_SEED` says otherwise. */
const SEEDED = { seedsLaws: true };

/** For tests that start the program as a process. */
const WITH_PROGRAM = { globalSetup: "test/support/bundle-program.ts" };

/** The same, where each of these tests is in a slow file. */
const WITH_PROGRAM_IF_SLOW = IS_QUICK ? {} : WITH_PROGRAM;

/** One project per class of test; CONTRIBUTING says what each may touch. */
const project = (
  name: string,
  {
    seedsLaws = false,
    ...limits
  }: {
    readonly testTimeout: number;
    readonly hookTimeout?: number;
    readonly isolate?: boolean;
    readonly setupFiles?: string[];
    readonly seedsLaws?: boolean;
    readonly globalSetup?: string;
  },
) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    exclude: IS_QUICK ? SLOW_FILES.slice() : [],
    environment: "node",
    hookTimeout: 60_000,
    ...NATIVE,
    ...imports(seedsLaws),
    ...limits,
  },
});

/** The job itself: what is made, repaired, taken over and taken down. */
const WITH_CLASS_TOO = (IS_QUICK ? ["main-job"] : ["main-job", "drift", "deletion", "adoption"]).map(
  (name) => `test/scenario/${name}.test.ts`,
);

/** Scenarios whose reconciles a test drives by hand. An account that throttles would throttle `plan` too. */
const WITH_PLAN = [
  ...["adoption", "creation", "deletion", "drift", "edges", "instance-fleet", "instances", "logged-writes", "main-job"],
  ...["orphans", "refused-instances", "trouble", "uninstall", "crash", "instance-crash", "crd-sequences"],
].map((name) => `test/scenario/${name}.test.ts`);

/** Else a sample. */
const ALL_SCENARIOS = process.env["SCENARIOS"] === "all";

/** When set, every run also leaves its results here as JSON, in a file of its own (scripts/test-counts.ts adds them up). */
const jsonFolder = process.env["VITEST_JSON_DIR"];

export default defineConfig({
  test: {
    // By default one processor is left idle: half of a machine that has two.
    maxWorkers: "100%",
    projects: [
      // Files without isolation share the modules they import, which halves the time; so none may leave a module,
      // the environment or the process changed.
      project("unit", { testTimeout: 5_000, isolate: false, setupFiles: ["test/support/no-network.ts"], ...SEEDED }),
      project("laws", { testTimeout: 30_000, isolate: false, ...SEEDED }),
      project("scenario", { testTimeout: 30_000, isolate: false, ...SEEDED }),
      {
        // The scenarios once more, in a cluster with a class that allows all: npm run test:all plays some of them, `npm run scenarios:class` all.
        test: {
          ...project("scenario-with-class", { testTimeout: 30_000, isolate: false }).test,
          // These bring classes of their own.
          exclude: ["classes", "two-accounts", "account-crash", "give-it-to-teams"].map(
            (name) => `test/scenario/${name}.test.ts`,
          ),
          include: ALL_SCENARIOS ? ["test/scenario/**/*.test.ts"] : WITH_CLASS_TOO,
          env: { SCENARIO_CLASS: "permissive" },
        },
      },
      {
        // Each reconcile is compared with the command `plan` (test/support/same-plan.ts).
        test: {
          ...project("scenario-with-plan", { testTimeout: 120_000, isolate: false }).test,
          include: ALL_SCENARIOS ? WITH_PLAN : ["test/scenario/main-job.test.ts"],
          env: { COMPARE_PLANS: "true" },
        },
      },
      project("contract", { testTimeout: 30_000, isolate: false, ...SEEDED, ...WITH_PROGRAM_IF_SLOW }),
      project("adversary", { testTimeout: 30_000, isolate: false, ...WITH_PROGRAM_IF_SLOW }),
      project("tooling", { testTimeout: 60_000, isolate: false, ...WITH_PROGRAM_IF_SLOW }),
      // Every case of what the other classes sample: npm run test:thorough.
      project("thorough", { testTimeout: 120_000, isolate: false, ...SEEDED }),
      project("e2e", { testTimeout: 120_000, hookTimeout: 120_000, ...WITH_PROGRAM }),
      project("e2e-apart", { testTimeout: 120_000, hookTimeout: 120_000, ...WITH_PROGRAM }),
      // Types the commands of the pages, for minutes: npm run e2e:docs.
      project("e2e-docs", { testTimeout: 120_000, hookTimeout: 120_000, ...WITH_PROGRAM }),
    ],
    ...(jsonFolder === undefined
      ? {}
      : { reporters: ["default", ["json", { outputFile: join(jsonFolder, `${process.pid}.json`) }]] }),
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "json-summary"] },
  },
});
