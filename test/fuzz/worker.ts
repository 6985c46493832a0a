/**
 * Runs the cases that the parent names, one after the other: a manifest goes into one command, and what comes of it is judged. A process
 * of its own, so that the parent can end a case that does not end by itself.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { decodeUtf8 } from "../../src/cli/manifests/manifest-files.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { seededRandom } from "../../src/sandbox/aws/random.ts";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { linesOf } from "../support/lines-of.ts";
import { corpus } from "./corpus.ts";
import { caseOf } from "./mutations.ts";
import type { Finding, FromWorker } from "./protocol.ts";

/** Of processor time, so that a busy machine is not taken for a hang. */
const MAX_CPU_MS = 1_000;

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const COMMANDS: readonly (readonly string[])[] = [
  ["validate", "-o", "text"],
  ["validate", "-o", "json", "--strict"],
  ["validate", "-o", "sarif", "--require-boundary"],
  ["plan", "-o", "text"],
  ["plan", "-o", "json", "--cluster-id", "fuzz"],
  ["plan", "-o", "markdown"],
];

const samples = corpus();
const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
const file = join(folder, "manifest.yaml");
const aws = await startAwsSandbox();
Object.assign(process.env, {
  AWS_ENDPOINT_URL: aws.url,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "fuzz",
  AWS_SECRET_ACCESS_KEY: "fuzz",
  AWS_EC2_METADATA_DISABLED: "true",
});

// Without a parent there is nothing to do.
process.on("disconnect", () => process.exit());

const send = (message: FromWorker): void => void process.send?.(message);

process.on("message", async (seed: number | "end") => {
  if (seed === "end") {
    await aws.close();
    rmSync(folder, { recursive: true });
    process.disconnect();
    return;
  }
  send({ seed, findings: await tryCase(seed) });
});
// The first run of a command loads it.
for (const command of ["validate", "plan"]) await run([command, "-f", "-"], samples[0] ?? "");
send({ seed: -1, findings: [] });

async function tryCase(seed: number): Promise<readonly Finding[]> {
  const random = seededRandom(seed);
  const bytes = caseOf(random, samples);
  const command = COMMANDS[random.integer(0, COMMANDS.length - 1)] ?? [];
  const text = random.next() < 0.5 ? decodeUtf8(bytes) : undefined;
  writeFileSync(file, bytes);
  const args = [...command, "-f", text === undefined ? file : "-"];
  const findings: Finding[] = [];
  const found = (what: string): void => void findings.push({ command: command.join(" "), what, size: bytes.length });
  let output = "";
  try {
    const ended = await run(args, text ?? "");
    output = ended.output;
    if (![0, 1, 2, 3].includes(ended.status) || output === "")
      found(`exit status ${ended.status}: ${output.length} bytes`);
    // Once more when it was slow: code that is not compiled yet, or a busy machine, is no hang.
    const cpuMs = ended.cpuMs > MAX_CPU_MS ? (await run(args, text ?? "")).cpuMs : ended.cpuMs;
    if (cpuMs > MAX_CPU_MS) found(`hang: ${cpuMs} ms`);
  } catch (error) {
    found(`crash: ${String((error as Error).stack ?? error)}`);
  }
  const raw = output.split("\n").find((line) => UNSAFE.test(line) || /^\s*::|##\[/.test(line));
  if (raw !== undefined) found(`raw output: ${JSON.stringify(raw.slice(0, 300))}`);
  return findings;
}

/** How a command ended. */
interface Ended {
  readonly status: number;
  readonly output: string;
  readonly cpuMs: number;
}

async function run(args: readonly string[], input: string): Promise<Ended> {
  let output = "";
  const write = (part: string): void => {
    output += part;
  };
  const stop = new AbortController().signal;
  const before = process.cpuUsage();
  const status = await runCommandLine(args, {
    out: write,
    err: write,
    readInput: async () => input,
    readLines: () => linesOf(input),
    env: {},
    clock: systemClock,
    terminal: { out: false, err: false },
    stop,
  });
  const { user, system } = process.cpuUsage(before);
  return { status, output, cpuMs: Math.round((user + system) / 1_000) };
}
