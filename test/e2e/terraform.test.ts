import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetPolicyCommand, GetPolicyVersionCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, describe, expect, test } from "vitest";
import { connectAws } from "../../src/aws/aws-connection.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { awsCliEnvironment, hasAwsCli } from "../support/aws-cli.ts";
import { ACCOUNT, commandsUnder, filledDocument, shownValues } from "../support/aws-side.ts";
import { readAwsState } from "../support/aws-state.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { readyOf } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { Incarnation } from "../support/incarnation.ts";
import { Interceptor } from "../support/intercept.ts";
import { runCommand } from "../support/kubectl.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { resetMoto } from "../support/moto.ts";
import { providerFor, Terraform } from "../support/terraform.ts";

const KEY = { namespace: "default", name: `terraform-${process.pid}` };
const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const SPEC = {
  path: "/teams/a/",
  description: "reads buckets",
  maxSessionDurationSeconds: 7200,
  managedPolicyArns: [SSM],
  permissionsBoundaryArn: "arn:aws:iam::aws:policy/PowerUserAccess",
  tags: { team: "a" },
};

/** What somebody who knows the object would write for Terraform. */
const CONFIGURATION = `
resource "aws_iam_role" "it" {
  name                 = "${KEY.name}"
  path                 = "/teams/a/"
  description          = "reads buckets"
  max_session_duration = 7200
  permissions_boundary = "${SPEC.permissionsBoundaryArn}"
  tags                 = { team = "a" }
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "it" {
  name = "${KEY.name}"
  role = aws_iam_role.it.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Read", Effect = "Allow", Action = ["s3:Get*", "s3:List*"], Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "it" {
  role       = aws_iam_role.it.name
  policy_arn = "${SSM}"
}

resource "aws_iam_instance_profile" "it" {
  name = "${KEY.name}"
  path = "/teams/a/"
  role = aws_iam_role.it.name
  tags = { team = "a" }
}

import {
  to = aws_iam_role.it
  id = "${KEY.name}"
}

import {
  to = aws_iam_role_policy.it
  id = "${KEY.name}:${KEY.name}"
}

import {
  to = aws_iam_role_policy_attachment.it
  id = "${KEY.name}/${SSM}"
}

import {
  to = aws_iam_instance_profile.it
  id = "${KEY.name}"
}
`;

/** Makes the object's role and profile there, and takes them away after the work. */
async function withProfile(endpoint: string, work: () => Promise<void>): Promise<void> {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const aws = connectAws({ clock: systemClock, version: "test", region: "us-east-1", endpoint, credentials });
  const kube = new FakeKube();
  const controller = new Incarnation(
    {
      objects: kube,
      events: kube,
      reader: aws.iamReader,
      writer: aws.iamWriter,
      instanceReader: aws.instanceReader,
      guardRegions: [],
      clusterId: CLUSTER_ID,
      time: { nowMs: Date.parse("2026-01-01T00:00:00Z") },
      key: KEY,
      read: async (key) => kube.read(key),
    },
    new Interceptor(),
  );
  try {
    kube.apply({ ...s3ReadOnly(KEY, SPEC) });
    await controller.settle();
    expect(readyOf(kube.read(KEY) as never)).toBe("True InSync");
    await work();
  } finally {
    kube.delete(KEY);
    await controller.settle();
    aws.close();
  }
}

const terraform = await Terraform.open();
const why = "why" in terraform ? ` (${terraform.why})` : "";
const { awsEndpoint, isAwsOurs, folder } = e2eEnvironment();

/** Terraform takes over all of it and finds nothing to change. */
async function takesOver(endpoint: string): Promise<void> {
  if ("why" in terraform) throw new Error(terraform.why);
  const summary = await terraform.plan(`${providerFor(endpoint)}${CONFIGURATION}`);
  expect(summary).toMatchObject({ add: 0, change: 0, import: 4, remove: 0 });
}

describe.skipIf("why" in terraform)(`Terraform${why}`, { timeout: 600_000 }, () => {
  afterAll(async () => {
    if (!("why" in terraform)) await terraform.close();
  });

  test.skipIf(awsEndpoint === undefined)(
    "imports what the controller made on the endpoint and plans no change",
    async () => {
      await withProfile(awsEndpoint ?? "", () => takesOver(awsEndpoint ?? ""));
    },
  );

  test("imports what the controller made in the sandbox and plans no change", async () => {
    const sandbox = await startAwsSandbox();
    await withProfile(sandbox.url, () => takesOver(sandbox.url));
    await sandbox.close();
  });

  test.skipIf(!isAwsOurs || !hasAwsCli())(
    "creates the AWS side of a cluster as CloudFormation and the AWS CLI do",
    async () => {
      const endpoint = awsEndpoint ?? "";
      const sides: unknown[] = [];
      for (const { create, remove } of WAYS) {
        await resetMoto(endpoint);
        await create(endpoint);
        sides.push(await awsSide(endpoint));
        await remove(endpoint);
        expect(await rolesIn(endpoint)).toEqual({});
      }
      const [side] = sides as readonly Awaited<ReturnType<typeof awsSide>>[];
      expect(side).toMatchObject({
        boundary: filledDocument("boundary-policy"),
        role: {
          trustPolicy: filledDocument("trust-pod-identity"),
          inlinePolicies: { "instance-profile-controller": filledDocument("controller-policy") },
          managedPolicyArns: [],
        },
      });
      expect(sides).toEqual([side, side, side]);
      await resetMoto(endpoint);
      await byTerraform(
        endpoint,
        'credentials = "IRSA"\noidc_provider = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE0123456789"',
      );
      expect((await awsSide(endpoint)).role).toMatchObject({ trustPolicy: filledDocument("trust-irsa") });
      await resetMoto(endpoint);
    },
  );
});

/** Behind `//` is the module in its package, which Terraform copies. */
const MODULE = `${join(import.meta.dirname, "../../deploy/aws")}//terraform`;
const ROOT = join(import.meta.dirname, "../..");

/** moto has no associations of Pod Identity: all but these. */
const WITHOUT_ASSOCIATION = ["aws_iam_policy.boundary", "aws_iam_role_policy.controller"];

interface Way {
  readonly create: (endpoint: string) => Promise<void>;
  readonly remove: (endpoint: string) => Promise<void>;
}

const WAYS: readonly Way[] = [
  { create: byAwsCli, remove: (endpoint) => cleanUp(endpoint, "aws iam ") },
  // moto leaves the boundary.
  { create: byCloudFormation, remove: (endpoint) => cleanUp(endpoint, "aws cloudformation ") },
  { create: (endpoint) => byTerraform(endpoint), remove: destroyed },
];

async function destroyed(): Promise<void> {
  if (!("why" in terraform)) await terraform.destroy();
}

function cleanUp(endpoint: string, program: string): Promise<void> {
  const lines = commandsUnder("5. Clean up").filter((line) => line.startsWith(program));
  return inShell(endpoint, lines, ROOT);
}

async function byAwsCli(endpoint: string): Promise<void> {
  const place = join(folder, "aws-side");
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "values.sed"), shownValues());
  const lines = commandsUnder("By AWS CLI").filter((line) => !line.startsWith("aws eks "));
  await inShell(endpoint, lines, place);
}

async function byCloudFormation(endpoint: string): Promise<void> {
  // moto makes no list of a default.
  const defaults = "AttachablePolicyArns=arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
  await inShell(
    endpoint,
    commandsUnder("By CloudFormation").map((line) => `${line} ${defaults}`),
    ROOT,
  );
}

async function inShell(endpoint: string, lines: readonly string[], place: string): Promise<void> {
  const script = ["set -e", `cd ${place}`, ...lines].join("\n").replaceAll(" deploy/aws/", ` ${ROOT}/deploy/aws/`);
  const { code, stderr } = await runCommand("/bin/sh", ["-c", script], {
    env: awsCliEnvironment(endpoint),
    timeoutMs: 240_000,
  });
  if (code !== 0) throw new Error(`${lines.join("\n")}: ${stderr}`);
}

async function byTerraform(endpoint: string, more = 'cluster_name = "my-cluster"'): Promise<void> {
  if ("why" in terraform) throw new Error(terraform.why);
  const side = `module "side" {
  source = "${MODULE}"
  cluster_id = "my-cluster"
  path_prefix = "k8s/my-cluster/"
  ${more}
}`;
  const targets = more.includes("IRSA") ? [] : WITHOUT_ASSOCIATION.map((name) => `module.side.${name}`);
  await terraform.applyModule(`${providerFor(endpoint)}${side}`, targets);
}

/** What is read back from the server, without what differs each time. */
async function awsSide(endpoint: string) {
  const iam = iamOf(endpoint);
  const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/k8s-boundary`;
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  const VersionId = Policy?.DefaultVersionId;
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
  iam.destroy();
  const { id, ...role } = (await rolesIn(endpoint))["instance-profile-controller"] ?? { id: undefined };
  return {
    role,
    boundary: JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? "")) as unknown,
    description: Policy?.Description,
  };
}

async function rolesIn(endpoint: string) {
  const iam = iamOf(endpoint);
  const { roles } = await readAwsState(iam, ["instance-profile-controller"]);
  iam.destroy();
  return roles;
}

function iamOf(endpoint: string): IAMClient {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return new IAMClient({ endpoint, region: "us-east-1", credentials });
}
