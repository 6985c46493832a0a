/**
 * Throws random and mutated manifests into `validate` and `plan`, and looks for a crash, a hang of more than a second, and bytes that a
 * terminal or a CI system would obey.
 *
 *     npm run fuzz:manifests -- [--minutes 10] [--seed N] [--cases N]
 *
 * A case follows from its number alone: `--seed N --cases 1` plays case N again. The exit status is 1 when something was found.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { FromWorker } from "./protocol.ts";

/** Of wall-clock time: the worker itself measures processor time, as long as it can. */
const KILL_AFTER_MS = 60_000;
/** So that what one worker has gathered in memory hides nothing. */
const CASES_PER_WORKER = 5_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    cases: { type: "string", default: "Infinity" },
  },
});
const first = Number(values.seed);
const last = first + Number(values.cases) - 1;
const endMs = performance.now() + Number(values.minutes) * 60_000;
console.error(`fuzz: from case ${first}`);

let next = first;
let findings = 0;
const isDone = (): boolean => next > last || performance.now() >= endMs;
while (!isDone()) await runWorker();
console.log(JSON.stringify({ cases: next - first, firstSeed: first, lastSeed: next - 1, findings }));
process.exitCode = findings === 0 ? 0 : 1;

async function runWorker(): Promise<void> {
  const worker = fork(join(import.meta.dirname, "worker.ts"));
  const until = next + CASES_PER_WORKER;
  if ((await answer(worker)) === undefined) {
    console.error("fuzz: a worker did not start in time");
    return;
  }
  while (!isDone() && next < until) {
    const seed = next++;
    worker.send(seed);
    const told = await answer(worker);
    if (told === undefined) {
      report(seed, "validate or plan", "hang or crash: the worker gave no answer and was ended");
      return;
    }
    for (const { command, what, size } of told.findings) report(seed, command, `${size} bytes: ${what}`);
  }
  worker.send("end");
  await once(worker, "exit");
}

/** The worker's next message; undefined when it ends, or has to be ended, before there is one. */
async function answer(worker: ChildProcess): Promise<FromWorker | undefined> {
  const timer = setTimeout(() => worker.kill("SIGKILL"), KILL_AFTER_MS);
  const over = new AbortController();
  const heard = (name: "message" | "exit"): Promise<unknown[]> =>
    once(worker, name, { signal: over.signal }).catch(() => []);
  try {
    const [told] = await Promise.race([heard("message"), heard("exit").then(() => [])]);
    return told as FromWorker | undefined;
  } finally {
    over.abort();
    clearTimeout(timer);
  }
}

function report(seed: number, command: string, what: string): void {
  findings += 1;
  console.log(`case ${seed}: ${command}: ${what}`);
}
