/**
 * Preloaded into a process (`--import`): writes how long its event loop was blocked at most and in one of a hundred turns, and its
 * largest heap, to the file that PROBE_FILE names, since SIGUSR2 was last sent to it.
 *
 * A block counts by the time on the clock, and by the processor time of the loop's thread, which other work on the machine does not make
 * longer.
 */
import { writeFileSync } from "node:fs";
import { createHistogram } from "node:perf_hooks";
import { threadCpuUsage } from "node:process";

const EVERY_MS = 250;
const TICK_MS = 5;

const file = process.env["PROBE_FILE"];
if (file !== undefined) {
  const blocks = createHistogram();
  let worst = { blockMs: 0, blockCpuMs: 0, heapMib: 0 };
  let last = { clockMs: performance.now(), cpuMs: cpuMs() };
  setInterval(() => {
    const now = { clockMs: performance.now(), cpuMs: cpuMs() };
    blocks.record(Math.max(1, Math.round(1_000 * (now.cpuMs - last.cpuMs))));
    worst = {
      blockMs: Math.max(worst.blockMs, Math.round(now.clockMs - last.clockMs - TICK_MS)),
      blockCpuMs: Math.max(worst.blockCpuMs, Math.round(now.cpuMs - last.cpuMs)),
      heapMib: Math.max(worst.heapMib, Math.round(process.memoryUsage().heapUsed / 2 ** 20)),
    };
    last = { clockMs: performance.now(), cpuMs: cpuMs() };
  }, TICK_MS).unref();
  const p99CpuMs = (): number => Math.round(blocks.percentile(99) / 1_000);
  setInterval(() => writeFileSync(file, JSON.stringify({ ...worst, p99CpuMs: p99CpuMs() })), EVERY_MS).unref();
  process.on("SIGUSR2", () => {
    worst = { blockMs: 0, blockCpuMs: 0, heapMib: 0 };
    blocks.reset();
  });
}

function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1_000;
}
