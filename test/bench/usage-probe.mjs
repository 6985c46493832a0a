/**
 * Preloaded into a process (`--import`): at its end writes what it has used to the file that USAGE_FILE names. JavaScript, because to load
 * what removes the types from TypeScript takes a third of a second of the process that is measured.
 */
import { writeFileSync } from "node:fs";

const file = process.env["USAGE_FILE"];
if (file !== undefined) {
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const usage = { cpuMs: Math.round((userCPUTime + systemCPUTime) / 1_000), rssMiB: Math.round(maxRSS / 1_024) };
    writeFileSync(file, JSON.stringify(usage));
  });
}
