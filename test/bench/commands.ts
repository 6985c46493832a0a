import { stringify } from "yaml";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { runCli } from "../contract/cli/run-cli.ts";
import type { LargeSpec } from "../support/large-objects.ts";
import { costOf } from "../support/longest-block.ts";
import { s3ReadOnly } from "../support/manifest.ts";

const WARM_UP = JSON.stringify(
  manifest({ name: "", spec: { instances: { region: "us-east-1", ids: ["i-0123456789abcdef0"] } } }),
);

/** What `validate` and `plan` of each shape cost, as YAML in block style and as JSON. False beyond the limits. */
export async function judgeFiles(
  shapes: readonly LargeSpec[],
  maxBlockMs: number,
  maxHeapMib: number,
): Promise<boolean> {
  const aws = await startAwsSandbox();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
  });
  let isWithin = true;
  try {
    // The first run of a command loads it and compiles the CRD; the first that needs EC2 loads more.
    for (const command of ["validate", "plan"]) await runFile(command, WARM_UP);
    console.log("longest ms  most MiB  command          shape");
    for (const shape of shapes) {
      for (const [style, text] of Object.entries(textsOf(shape))) {
        for (const command of ["validate", "plan"]) {
          const { blockMs, heapMib } = await costOf(() => runFile(command, text));
          const [ms, mib] = [blockMs.toFixed(1).padStart(10), heapMib.toFixed(1).padStart(8)];
          console.log(`${ms}  ${mib}  ${`${command} ${style}`.padEnd(16)} ${shape.name}`);
          isWithin &&= blockMs <= maxBlockMs && heapMib <= maxHeapMib;
        }
      }
    }
  } finally {
    await aws.close();
  }
  return isWithin;
}

function textsOf(shape: LargeSpec): Readonly<Record<string, string>> {
  const object = manifest(shape);
  return { json: JSON.stringify(object), yaml: stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }) };
}

function manifest({ spec }: LargeSpec): object {
  return s3ReadOnly({ namespace: "default", name: "large" }, spec);
}

async function runFile(command: string, input: string): Promise<void> {
  const { status, err } = await runCli([command, "-f", "-"], { input });
  if (status === 1 && err !== "") throw new Error(`${command} did not end well: ${err}`);
}
