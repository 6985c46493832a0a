import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Plays every scenario in a cluster with a class that allows all. `npm test` plays some of them so, and all without a class. */
const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest"))), "..", "vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--project", "scenario-with-class", ...process.argv.slice(2)],
  {
    stdio: "inherit",
    env: { ...process.env, SCENARIOS: "all" },
  },
);
process.exitCode = status ?? 1;
