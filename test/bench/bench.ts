/**
 * Measures what a profile costs: calls, wall time and memory, for the controller, for the floor (the bare SDK making the four
 * calls that a profile takes) and for Terraform, against the same AWS in the same run.
 *
 *     npm run bench [-- --sizes 50,200,1000] [--aws sandbox,moto] [--json FILE] [--write]
 *
 * AWS is the sandbox's, and moto's too where moto_server is on the PATH; Terraform takes part up to 200 profiles, where it is
 * there with its AWS provider. Each of them is a process of its own, so that no one's work is counted as another's.
 * `--write` puts the table for 200 profiles, or else the most, into docs/explanation/scale.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findAws, startMoto } from "../support/moto.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Terraform } from "../support/terraform.ts";
import { withBench } from "./bench-table.ts";
import { measureController } from "./controller-run.ts";
import { measureFloor } from "./floor-run.ts";
import { type Measured, type Measurement, tableOf } from "./measurement.ts";
import { measureTerraform } from "./terraform-run.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "50,200,1000" },
    aws: { type: "string", default: "sandbox,moto" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const PAGE = join(import.meta.dirname, "../../docs/explanation/scale.md");
/** More of them take Terraform the better part of an hour. */
const MAX_TERRAFORM_SIZE = 200;
const sizes = values.sizes.split(",").map(Number);
const places = (["sandbox", "moto"] as const).filter((kind) => values.aws.split(",").includes(kind));
const measurements: Measured[] = [];
const terraform = await Terraform.open();
if ("why" in terraform) console.error(`measured without Terraform: ${terraform.why}`);

for (const size of sizes) {
  for (const kind of places) {
    // The cluster is never the AWS: on one event loop each would wait for the other's work.
    const cluster = await startSandboxProcess();
    const aws = await openAws(kind);
    try {
      if (aws === undefined) {
        console.error("moto_server is not on the PATH: measured on the sandbox only");
        continue;
      }
      const place = { aws: kind, awsUrl: aws.url, size };
      note(await measureFloor(place));
      note(await measureController({ ...place, cluster }));
      if (!("why" in terraform) && size <= MAX_TERRAFORM_SIZE) note(await measureTerraform(terraform, place));
    } finally {
      await aws?.stop();
      await cluster.stop();
    }
  }
}

if (!("why" in terraform)) await terraform.close();
const date = new Date().toISOString().slice(0, 10);
const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
const run = { date, machine, measurements };
console.log(`${date}, ${machine}\n\n${tableOf(measurements)}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(run, null, 2)}\n`);
if (values.write) await writeFile(PAGE, withBench(await readFile(PAGE, "utf8"), run));

/** What the last minute of the machine was like belongs to each figure. */
function note(taken: readonly Measurement[]): void {
  const [load = 0] = loadavg();
  for (const measurement of taken) {
    const { aws, size, who, step, wallMs } = measurement;
    measurements.push({ ...measurement, load });
    console.error(`${aws} ${size} ${who}: ${step} in ${(wallMs / 1_000).toFixed(2)} s (load ${load.toFixed(1)})`);
  }
}

/** undefined when this machine has none. */
async function openAws(
  kind: "sandbox" | "moto",
): Promise<{ readonly url: string; readonly stop: () => Promise<void> } | undefined> {
  if (kind === "sandbox") {
    const { awsUrl, stop } = await startSandboxProcess();
    return { url: awsUrl, stop };
  }
  const source = findAws(process.env);
  if (source.kind !== "moto") return undefined;
  const { endpoint, stop } = await startMoto(source);
  return { url: endpoint, stop };
}
