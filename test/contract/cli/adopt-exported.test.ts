import { afterEach, beforeEach, expect, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import type { AwsState } from "../../support/aws-state.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { SandboxRig } from "../../support/sandbox-rig.ts";
import { testsOn } from "../controller/stories.ts";
import { makeByAwsCli, makeByTerraform } from "./outsider-shapes.ts";
import { runCli } from "./run-cli.ts";

const HALF = 25;
const CLI = Array.from({ length: HALF }, (_, i) => `cli-${i}`);
const TERRAFORM = Array.from({ length: HALF }, (_, i) => `terraform-${i}`);
/** The account is the test's own: nobody has to wait for its turn there. */
const UNHURRIED = ["--iam-read-qps", "1000"];

let restoreEnvironment: () => void;
beforeEach(() => {
  restoreEnvironment = rememberEnvironment();
});
afterEach(() => {
  restoreEnvironment();
});

const test = testsOn(() => SandboxRig.open());

test("fifty profiles made by the AWS CLI and by Terraform are exported, planned without a change, and adopted by tags alone", async ({
  rig,
}) => {
  for (const name of CLI) await makeByAwsCli(rig.aws.url, name);
  for (const name of TERRAFORM) await makeByTerraform(rig.aws.url, name);
  const made = await rig.awsState("");
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: rig.aws.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "exporter",
    AWS_SECRET_ACCESS_KEY: "any",
  });

  const exported = await runCli(["export", "--path-prefix", "/", "-n", rig.namespace, ...UNHURRIED]);
  expect(exported).toMatchObject({ status: 0, err: "50 of 50 instance profiles exported\n" });
  const plan = await runCli(["plan", "--allow-adoption", "-f", "-", "--ec2-read-qps", "1000", ...UNHURRIED], {
    input: exported.out,
  });
  expect(plan.out).toContain("Plan: 0 in sync, 50 adopted unchanged, 0 with changes, 0 blocked.");
  expect(plan.status).toBe(0);
  expect(rig.aws.calls.writes({ accessKeyId: "exporter" })).toEqual([]);

  await rig.start();
  const manifests = parseAllDocuments(exported.out).map((document) => document.toJS());
  for (const manifest of manifests) if (manifest !== null) await rig.user.apply(manifest);
  const all = async (): Promise<void> => {
    const ready = (await rig.user.list(rig.namespace)).map(readyOf);
    expect(ready).toEqual(Array(2 * HALF).fill("True InSync"));
  };
  await vi.waitFor(all, { timeout: 25_000, interval: 250 });
  expect(Object.fromEntries(counted(rig.awsWrites()))).toEqual({ TagRole: 50, TagInstanceProfile: 50 });
  expect(withoutOwnTags(await rig.awsState(""))).toEqual(withoutOwnTags(made));

  const again = await runCli(["plan", "--allow-adoption", "-f", "-", "--ec2-read-qps", "1000", ...UNHURRIED], {
    input: exported.out,
  });
  expect([again.status, again.out.match(/: in sync/g)?.length]).toEqual([0, 50]);
});

function counted(actions: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(actions, (action) => action)].map(([action, all]) => [action, all.length]));
}

/** All that the controller may not have touched. */
function withoutOwnTags(state: AwsState): unknown {
  return JSON.parse(JSON.stringify(state), (key, value) =>
    key.startsWith("iam.instanceprofile.dev/") ? undefined : value,
  );
}
