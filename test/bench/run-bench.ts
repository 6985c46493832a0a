import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BUNDLE_VARIABLE } from "../support/bundle-program.ts";
import { findAws, startMoto } from "../support/moto.ts";
import { PROGRAM } from "../support/program.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { Terraform } from "../support/terraform.ts";
import { withBench } from "./bench-table.ts";
import { measureController } from "./controller-run.ts";
import { measureCosts } from "./costs.ts";
import type { BenchRecord, Figure } from "./figures.ts";
import { measureFloor } from "./floor-run.ts";
import { type Measured, type Measurement, tableOf } from "./measurement.ts";
import { figuresOf, medianRun, msOfSteps, repeated } from "./repeat.ts";
import { measureTerraform } from "./terraform-run.ts";

const PAGE = join(import.meta.dirname, "../../docs/explanation/scale.md");
const RESULTS = join(import.meta.dirname, "results");
/** Where images with Terraform keep providers for work without a network; those of the CLI's own configuration are found by the CLI. */
const MIRROR = "/opt/tf-plugins";

/** An AWS for one run. */
interface OpenAws {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

type AwsKind = "sandbox" | "moto";

/** What is measured, as the command line says. */
interface Choices {
  readonly sizes: readonly number[];
  readonly kinds: readonly AwsKind[];
  readonly runs: number;
  readonly terraform: Terraform | undefined;
  /** More profiles take Terraform the better part of an hour. */
  readonly terraformMax: number;
}

/** Runs the bench of a command line. */
export async function runBench(args: readonly string[]): Promise<void> {
  if (PROGRAM !== process.env[BUNDLE_VARIABLE]) throw new Error(`the bench measures the bundle, and not ${PROGRAM}`);
  const { values } = parseArgs({
    args: [...args],
    options: {
      sizes: { type: "string", default: "50,200,1000" },
      aws: { type: "string", default: "sandbox,moto" },
      runs: { type: "string", default: "5" },
      "terraform-max": { type: "string", default: "200" },
      "terraform-mirror": { type: "string" },
      "no-costs": { type: "boolean", default: false },
      "costs-scale": { type: "string", default: "1" },
      json: { type: "string" },
      record: { type: "boolean", default: false },
    },
  });
  const terraform = await openTerraform(values["terraform-mirror"]);
  const kinds = (["sandbox", "moto"] as const).filter((kind) => values.aws.split(",").includes(kind));
  const choices: Choices = {
    sizes: values.sizes
      .split(",")
      .filter((size) => size !== "")
      .map(Number),
    kinds: kinds.filter((kind) => kind === "sandbox" || hasMoto()),
    runs: Number(values.runs),
    terraform,
    terraformMax: Number(values["terraform-max"]),
  };
  const [measurements, figures] = await measureAll(choices);
  const costs = values["no-costs"] ? [] : await measureCosts(choices.runs, Number(values["costs-scale"]));
  await terraform?.close();
  const run = recordOf(measurements, [...figures, ...costs]);
  console.log(`${run.date}, ${run.machine}\n\n${tableOf(measurements)}\n`);
  for (const { name, unit, value, samples } of costs) console.log(`${name}: ${value} ${unit} (median of ${samples})`);
  const text = `${JSON.stringify(run, null, 1)}\n`;
  if (values.json !== undefined) await writeFile(values.json, text);
  if (!values.record) return;
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${run.date}.json`), text);
  await writeFile(PAGE, withBench(await readFile(PAGE, "utf8"), { ...run, measurements }));
}

async function measureAll(choices: Choices): Promise<readonly [readonly Measured[], readonly Figure[]]> {
  const measurements: Measured[] = [];
  const figures: Figure[] = [];
  for (const size of choices.sizes) {
    for (const kind of choices.kinds) {
      const runs = await repeated(choices.runs, () => measureOnce(kind, size), msOfSteps);
      const { terraform } = choices;
      // Once: a run takes minutes.
      const others =
        terraform !== undefined && size <= choices.terraformMax ? [await measured(terraform, kind, size)] : [];
      for (const those of [runs, others]) {
        measurements.push(...medianRun(those));
        figures.push(...figuresOf(those));
      }
    }
  }
  return [measurements, figures];
}

/** Floor and controller. The cluster is never the AWS: on one event loop each would wait for the other's work. */
async function measureOnce(kind: AwsKind, size: number): Promise<readonly Measured[]> {
  const cluster = await startSandboxProcess();
  const aws = await openAws(kind);
  try {
    const place = { aws: kind, awsUrl: aws.url, size };
    return [...noted(await measureFloor(place)), ...noted(await measureController({ ...place, cluster }))];
  } finally {
    await aws.stop();
    await cluster.stop();
  }
}

/** Terraform, in an AWS that is as new as its state. A failure, as of a provider that sends a creation twice, costs only its columns. */
async function measured(terraform: Terraform, kind: AwsKind, size: number): Promise<readonly Measured[]> {
  const aws = await openAws(kind);
  try {
    await terraform.forget();
    return noted(await measureTerraform(terraform, { aws: kind, awsUrl: aws.url, size }));
  } catch (error) {
    console.error(`${kind} ${size} terraform: ${errorLines(error)}`);
    return [];
  } finally {
    await aws.stop();
  }
}

/** What Terraform says went wrong, without its plan. */
function errorLines(error: unknown): string {
  const lines = String(error).split("\n");
  return lines.filter((line) => /error/i.test(line)).join("; ");
}

/** What the last minute of the machine was like belongs to each figure. */
function noted(taken: readonly Measurement[]): readonly Measured[] {
  const [load = 0] = loadavg();
  for (const { aws, size, who, step, wallMs } of taken) {
    console.error(`${aws} ${size} ${who}: ${step} in ${(wallMs / 1_000).toFixed(2)} s (load ${load.toFixed(1)})`);
  }
  return taken.map((measurement) => ({ ...measurement, load }));
}

function recordOf(measurements: readonly Measured[], figures: readonly Figure[]): BenchRecord {
  const loads = [...measurements.map(({ load }) => load), loadavg()[0] ?? 0].map((load) => Math.round(load * 10) / 10);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
    load: [Math.min(...loads), Math.max(...loads)],
    figures,
  };
}

async function openTerraform(mirror: string | undefined): Promise<Terraform | undefined> {
  const opened = await Terraform.open(mirror ?? (existsSync(MIRROR) ? MIRROR : undefined));
  if (!("why" in opened)) return opened;
  console.error(`measured without Terraform: ${opened.why}`);
  return undefined;
}

function hasMoto(): boolean {
  if (findAws(process.env).kind === "moto") return true;
  console.error("moto_server is not on the PATH: measured on the sandbox only");
  return false;
}

async function openAws(kind: AwsKind): Promise<OpenAws> {
  if (kind === "sandbox") {
    const { awsUrl, stop } = await startSandboxProcess();
    return { url: awsUrl, stop };
  }
  const source = findAws(process.env);
  if (source.kind !== "moto") throw new Error("moto_server is not on the PATH");
  const { endpoint, stop } = await startMoto(source);
  return { url: endpoint, stop };
}
