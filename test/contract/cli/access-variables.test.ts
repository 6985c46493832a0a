import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { rememberEnvironment } from "../../support/environment.ts";
import { runCli } from "./run-cli.ts";

let aws: AwsSandbox;
let folder: string;
let restoreEnvironment: () => void;

beforeAll(async () => {
  aws = await startAwsSandbox({});
  folder = mkdtempSync(join(tmpdir(), "access-variables-"));
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    ...{ AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "reviewer", AWS_SECRET_ACCESS_KEY: "very-secret-key" },
    ...{ AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: aws.url },
  });
  writeFileSync(
    join(folder, "class.yaml"),
    `apiVersion: iam.instanceprofile.dev/v1beta1
kind: InstanceProfileClass
metadata: {name: readers}
spec:
  account: {id: "210987654321"}
  namespaces: ["*"]
  allowedActions: ["s3:*"]
  variables: {team: blue}
`,
  );
});
afterAll(async () => {
  restoreEnvironment();
  rmSync(folder, { recursive: true, force: true });
  await aws.close();
});

function manifest(resource: string, className = ""): string {
  return `apiVersion: iam.instanceprofile.dev/v1beta1
kind: InstanceProfile
metadata: {name: app, namespace: team-a}
spec:
  roleName: app
${className && `  className: ${className}\n`}  statements:
    - effect: Allow
      actions: ["s3:GetObject"]
      resources: ["${resource}"]
`;
}

const can = (input: string, resource: string, ...options: string[]) =>
  runCli(["access", "can", "-f", "-", "s3:GetObject", resource, ...options], { input });

describe("access can fills in the variables of a manifest", () => {
  test("by the account and region of the credentials, and the object", async () => {
    const input = manifest("arn:{partition}:s3:::{namespace}-{account}-{region}/*");
    expect(await can(input, `arn:aws:s3:::team-a-${aws.accountId}-us-east-1/x`)).toMatchObject({ status: 0, err: "" });
  });

  test("by --variable", async () => {
    const input = manifest("arn:aws:s3:::{team}/*");
    expect(await can(input, "arn:aws:s3:::red/x", "--offline", "--variable", "team=red")).toMatchObject({ status: 0 });
    expect(await can(input, "arn:aws:s3:::red/x", "--offline", "--variable", "team=blue")).toMatchObject({ status: 2 });
  });

  test("by its class, whose account is not that of the credentials", async () => {
    const input = manifest("arn:aws:s3:::{team}-{account}/*", "readers");
    const options = ["--offline", "--class", join(folder, "class.yaml")];
    expect(await can(input, "arn:aws:s3:::blue-210987654321/x", ...options)).toMatchObject({ status: 0, err: "" });
  });

  test("and decides nothing while a value is not known, instead of a denial", async () => {
    expect(await can(manifest("arn:aws:s3:::{account}/*"), "arn:aws:s3:::1/x", "--offline")).toEqual({
      status: 1,
      out: "",
      err:
        "<stdin>:9:19: error: spec.statements[0].resources[0]: {account} has no value yet.\n" +
        "nothing was decided: variables have no value; pass classes with --class, or --variable KEY=VALUE, or leave out --offline\n",
    });
    const named = await can(manifest("arn:aws:s3:::{team}/*", "readers"), "arn:aws:s3:::blue/x");
    expect(named).toMatchObject({ status: 1, out: "" });
    expect(named.err).toContain("<stdin>:6:3: error: spec.className: the variables of class readers are not known.");
  });

  test("but asks for nothing when there are none", async () => {
    const input = manifest("arn:aws:s3:::logs/*", "readers");
    expect(await can(input, "arn:aws:s3:::logs/x", "--offline")).toMatchObject({ status: 0, err: "" });
  });
});

test("access diff fills them in on both sides", async () => {
  const path = join(folder, "before.yaml");
  writeFileSync(path, manifest("arn:aws:s3:::{team}/*"));
  const diff = (resource: string, ...options: string[]) =>
    runCli(["access", "diff", "--offline", "--from", path, "--to", "-", ...options], { input: manifest(resource) });
  expect(await diff("arn:aws:s3:::red/*", "--variable", "team=red")).toMatchObject({ status: 0, err: "" });
  expect(await diff("arn:aws:s3:::red/*", "--variable", "team=blue")).toMatchObject({ status: 2, err: "" });
  const unknown = await diff("arn:aws:s3:::red/*");
  expect(unknown).toMatchObject({ status: 1, out: "", err: expect.stringContaining("nothing was compared") });
});
