import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Plays every scenario in the project that is named: `scenario-with-class`, in a cluster with a class that allows all, or
 * `scenario-with-plan`, with each reconcile compared with the command `plan`. `npm run test:all` plays some of them so.
 */
const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest"))), "..", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, SCENARIOS: "all" },
});
process.exitCode = status ?? 1;
