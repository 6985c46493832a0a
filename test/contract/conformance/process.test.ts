import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { Conformance } from "../../conformance/conformance.ts";
import { type BackgroundProcess, startProcess } from "../../support/run-process.ts";
import { onSandbox, presentIn } from "./sandbox-run.ts";

const SCRIPT = join(import.meta.dirname, "../../../scripts/e2e-aws.ts");
const ROOM_MS = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "conformance-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command in a process of its own, slow enough to be met in the middle. */
async function started(aws: AwsSandbox): Promise<BackgroundProcess> {
  const args = ["--account-id", aws.accountId, "--prefix", "conf", "--region", "us-west-2", "--endpoint-url", aws.url];
  const report = ["--yes", "--only", "propagation-", "--report", join(folder, `${new URL(aws.url).port}.md`)];
  const run = startProcess(process.execPath, [SCRIPT, ...args, ...report, "--requests-per-second", "40"], {
    logFile: join(folder, `${new URL(aws.url).port}.log`),
    env: { AWS_ACCESS_KEY_ID: "AKIADEVELOPER", AWS_SECRET_ACCESS_KEY: "any" },
  });
  await run.untilReady(async () => (presentIn(aws).length > 0 ? true : undefined), ROOM_MS);
  return run;
}

test("a process that is killed leaves what the next cleaning deletes", { timeout: ROOM_MS }, async () => {
  const aws = await startAwsSandbox();
  const run = await started(aws);
  run.send("SIGKILL");
  await run.exited;
  expect(presentIn(aws).length).toBeGreaterThan(0);
  expect((await new Conformance(onSandbox(aws)).clean()).left).toEqual([]);
  expect(presentIn(aws)).toEqual([]);
  await aws.close();
});

test("a process that is interrupted deletes what it has made, and writes a report", { timeout: ROOM_MS }, async () => {
  const aws = await startAwsSandbox();
  const run = await started(aws);
  run.send("SIGINT");
  expect(await run.exited).toBe(130);
  expect(presentIn(aws)).toEqual([]);
  expect(await readFile(join(folder, `${new URL(aws.url).port}.md`), "utf8")).toContain("it was interrupted");
  await aws.close();
});
