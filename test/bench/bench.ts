/**
 * Measures what a profile costs: calls, wall time and memory, for the controller and for the floor (the bare SDK making
 * the four calls that a profile takes), against the same AWS in the same run.
 *
 *     npm run bench [-- --sizes 50,200] [--json FILE]
 *
 * AWS is the sandbox's, and moto's too where moto_server is on the PATH. Both servers run as processes of their own, so
 * that their work is not counted as the controller's.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { findAws, type Moto, startMoto } from "../support/moto.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { measureController } from "./controller-run.ts";
import { measureFloor } from "./floor-run.ts";
import type { Measurement } from "./measurement.ts";
import { tableOf } from "./measurement.ts";

const { values } = parseArgs({ options: { sizes: { type: "string", default: "50,200" }, json: { type: "string" } } });
const sizes = values.sizes.split(",").map(Number);
const measurements: Measurement[] = [];

for (const size of sizes) {
  for (const kind of ["sandbox", "moto"] as const) {
    const sandbox = await startSandboxProcess();
    const moto = kind === "moto" ? await openMoto() : undefined;
    const awsUrl = kind === "moto" ? moto?.endpoint : sandbox.awsUrl;
    try {
      if (awsUrl === undefined) {
        console.error("moto_server is not on the PATH: measured on the sandbox only");
        continue;
      }
      measurements.push(...(await measureFloor({ aws: kind, awsUrl, size })));
      measurements.push(...(await measureController({ aws: kind, awsUrl, size, sandbox })));
    } finally {
      await moto?.stop();
      await sandbox.stop();
    }
  }
}

const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
console.log(`${machine}\n\n${tableOf(measurements)}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);

/** undefined when this machine has none. */
async function openMoto(): Promise<Moto | undefined> {
  const source = findAws(process.env);
  return source.kind === "moto" ? startMoto(source) : undefined;
}
