import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startProcess } from "../support/run-process.ts";
import { ROOT } from "./copy-of-sources.ts";

let folder: string;
let logFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "run-process-"));
  logFile = join(folder, "log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A server as far as these tests care: says its pid and stays. */
const STAYS = ["-e", "console.log(process.pid); setInterval(() => {}, 1000)"];

function pidIn(text: string): number | undefined {
  return /^(\d+)$/m.exec(text) === null ? undefined : Number(/^(\d+)$/m.exec(text)?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await delay(10);
}

test("a process runs until it is stopped", async () => {
  const server = startProcess(process.execPath, STAYS, { logFile });
  const pid = await server.untilReady(async () => pidIn(server.output()), 10_000);
  expect(isRunning(pid)).toBe(true);
  await server.stop();
  expect(isRunning(pid)).toBe(false);
  expect(await server.exited).toBe(128 + 15);
});

test("a signal that it is sent reaches a process", async () => {
  const server = startProcess(process.execPath, STAYS, { logFile });
  await server.untilReady(async () => pidIn(server.output()), 10_000);
  server.send("SIGKILL");
  expect(await server.exited).toBe(128 + 9);
});

test("a process ends with the one that started it, even when that one is killed", async () => {
  const starter = join(folder, "starter.ts");
  const [module, options] = [join(ROOT, "test/support/run-process.ts"), JSON.stringify({ logFile })];
  writeFileSync(
    starter,
    `import { startProcess } from "${module}";\nstartProcess(process.execPath, ${JSON.stringify(STAYS)}, ${options});\n`,
  );
  const owner = spawn(process.execPath, [starter], { stdio: "ignore" });
  let pid: number | undefined;
  while (pid === undefined) {
    await delay(10);
    pid = pidIn(readLog());
  }
  expect(isRunning(pid)).toBe(true);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await untilGone(pid);
});

test("a process that ends before it is ready is an error with what it wrote", async () => {
  const program = "console.error('no such flag'); process.exit(3)";
  const server = startProcess(process.execPath, ["-e", program], { logFile });
  await expect(server.untilReady(async () => undefined, 10_000)).rejects.toThrow(/ended with status 3.*no such flag/s);
});

test("a command that is not there is an error that names it", async () => {
  const server = startProcess(join(folder, "etcd"), [], { logFile });
  await expect(server.untilReady(async () => undefined, 10_000)).rejects.toThrow(/etcd ended with status 127.*ENOENT/s);
});

function readLog(): string {
  try {
    return readFileSync(logFile, "utf8");
  } catch {
    return "";
  }
}
