/**
 * Measures what a profile costs: calls, wall time and memory, for the controller, for the floor (the bare SDK making the four
 * calls that a profile takes) and for Terraform, against the same AWS in the same run.
 *
 *     npm run bench [-- --sizes 50,200,1000] [--aws sandbox,moto] [--json FILE]
 *
 * AWS is the sandbox's, and moto's too where moto_server is on the PATH; Terraform takes part up to 200 profiles, where it is
 * there with its AWS provider. Each of them is a process of its own, so that no one's work is counted as another's.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { findAws, type Moto, startMoto } from "../support/moto.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Terraform } from "../support/terraform.ts";
import { measureController } from "./controller-run.ts";
import { measureFloor } from "./floor-run.ts";
import { type Measurement, tableOf } from "./measurement.ts";
import { measureTerraform } from "./terraform-run.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "50,200" },
    aws: { type: "string", default: "sandbox,moto" },
    json: { type: "string" },
  },
});
/** More of them take Terraform the better part of an hour. */
const MAX_TERRAFORM_SIZE = 200;
const sizes = values.sizes.split(",").map(Number);
const places = (["sandbox", "moto"] as const).filter((kind) => values.aws.split(",").includes(kind));
const measurements: Measurement[] = [];
const terraform = await Terraform.open();
if ("why" in terraform) console.error(`measured without Terraform: ${terraform.why}`);

for (const size of sizes) {
  for (const kind of places) {
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
      if (!("why" in terraform) && size <= MAX_TERRAFORM_SIZE) {
        measurements.push(...(await measureTerraform(terraform, { aws: kind, awsUrl, size })));
      }
    } finally {
      await moto?.stop();
      await sandbox.stop();
    }
  }
}

if (!("why" in terraform)) await terraform.close();
const [load = 0] = loadavg();
const machine = `${availableParallelism()} cores at load ${load.toFixed(1)}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
console.log(`${machine}\n\n${tableOf(measurements)}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ machine, measurements }, null, 2)}\n`);

/** undefined when this machine has none. */
async function openMoto(): Promise<Moto | undefined> {
  const source = findAws(process.env);
  return source.kind === "moto" ? startMoto(source) : undefined;
}
