import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Looks for inputs that break a law: runs the laws with random seeds for as many minutes as its argument says (10), and
 * ends with 1 at the first that fails. The output has the seed; `LAW_SEED=<seed> npx vitest run --project laws` repeats it.
 */
const LAWS = ["--project", "laws", "--project", "contract", "test/laws/", "test/contract/crd/agreement.test.ts"];

const minutes = Number(process.argv[2] ?? "10");
if (!(minutes > 0)) throw new Error(`cannot explore for ${process.argv[2]} minutes: write a number above 0`);

const vitest = join(dirname(fileURLToPath(import.meta.resolve("vitest"))), "..", "vitest.mjs");
const end = Date.now() + minutes * 60_000;
let status = 0;
for (let rounds = 1; status === 0 && Date.now() < end; rounds += 1) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`round ${rounds}, LAW_SEED=${seed}`);
  const run = spawnSync(process.execPath, [vitest, "run", "--reporter=dot", ...LAWS], {
    stdio: "inherit",
    env: { ...process.env, LAW_SEED: String(seed) },
  });
  status = run.status ?? 1;
}
process.exitCode = status;
