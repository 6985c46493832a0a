import { afterAll, describe, expect, test } from "vitest";
import { connectAws } from "../../src/aws/aws-connection.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { readyOf } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { Incarnation } from "../support/incarnation.ts";
import { Interceptor } from "../support/intercept.ts";
import { s3ReadOnly } from "../support/manifest.ts";
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
const { awsEndpoint } = e2eEnvironment();

/** Terraform takes over all of it and finds nothing to change. */
async function takesOver(endpoint: string): Promise<void> {
  if ("why" in terraform) throw new Error(terraform.why);
  const summary = await terraform.plan(`${providerFor(endpoint)}${CONFIGURATION}`);
  expect(summary).toMatchObject({ add: 0, change: 0, import: 4, remove: 0 });
}

describe.skipIf("why" in terraform)(`Terraform${why}`, { timeout: 240_000 }, () => {
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
});
