/**
 * Preloaded into a process (`--import`): writes the longest block of its event loop and its heap to the file that PROBE_FILE names, since
 * SIGUSR2 was last sent to it.
 */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const EVERY_MS = 250;
/** The histogram's own period is part of each of its values. */
const RESOLUTION_MS = 10;

const file = process.env["PROBE_FILE"];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let heapMib = 0;
  setInterval(() => {
    heapMib = Math.max(heapMib, process.memoryUsage().heapUsed / 2 ** 20);
    const blockMs = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
    writeFileSync(file, JSON.stringify({ blockMs: Math.round(blockMs), heapMib: Math.round(heapMib) }));
  }, EVERY_MS).unref();
  delays.enable();
  process.on("SIGUSR2", () => {
    delays.reset();
    heapMib = 0;
  });
}
