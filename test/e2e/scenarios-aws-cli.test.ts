import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ClusterUser } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { findCommand, runCommand } from "../support/kubectl.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { type SandboxCommand, startSandboxCommand } from "../support/sandbox-command.ts";

const cli = findCommand("aws");
const ROLE = "arn:aws:iam::123456789012:role/s3-read-only";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/s3-read-only";
const KEY = { namespace: "default", name: "s3-read-only" };

describe.skipIf(cli === undefined)(
  `the AWS CLI in the sandbox${cli === undefined ? " (no aws on the PATH)" : ""}`,
  () => {
    let folder: string;
    let sandbox: SandboxCommand;
    beforeAll(async () => {
      folder = await mkdtemp(join(e2eEnvironment().folder, "aws-cli-"));
      sandbox = await startSandboxCommand(folder);
    });
    afterAll(() => sandbox?.stop());

    /** Runs it as the sandbox says, with nothing of this machine's own set-up. */
    async function aws(command: string): Promise<unknown> {
      const nowhere = join(folder, "nothing");
      const env = { ...sandbox.awsEnvironment, AWS_CONFIG_FILE: nowhere, AWS_SHARED_CREDENTIALS_FILE: nowhere };
      const { code, stdout, stderr } = await runCommand(cli ?? "", [...command.split(" "), "--output", "json"], {
        env,
      });
      if (code !== 0 || stderr !== "") throw new Error(`aws ${command} ended with ${code}: ${stderr}`);
      return stdout === "" ? undefined : JSON.parse(stdout);
    }

    /** Runs it as a shell on the instance of the story would, by the line that the sandbox prints. */
    async function onTheInstance(command: string): Promise<string> {
      const script = `${/eval .*/.exec(sandbox.process.output())?.[0]}; ${cli} ${command}`;
      const { code, stdout, stderr } = await runCommand("sh", ["-c", script]);
      return code === 0 ? stdout : stderr;
    }

    test("finds the credentials of the instance: lists the buckets, and is refused to remove one", async () => {
      expect(await onTheInstance("s3 ls")).toMatch(/^\S+ \S+ reports\n$/);
      const identity = JSON.parse(await onTheInstance("sts get-caller-identity --output json"));
      expect(identity.Arn).toMatch(/^arn:aws:sts::123456789012:assumed-role\/s3-read-only\/i-[0-9a-f]{17}$/);
      expect(await onTheInstance("s3 rb s3://reports")).toMatch(/\(AccessDenied\).*s3:DeleteBucket/);
      expect(await onTheInstance("ec2 describe-instances")).toMatch(/\(UnauthorizedOperation\).*ec2:DescribeInstances/);
    });

    test("shows the role that the controller made, trusted by EC2", async () => {
      expect(await aws("iam get-role --role-name s3-read-only")).toMatchObject({
        Role: {
          Arn: ROLE,
          AssumeRolePolicyDocument: {
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Service: ["ec2.amazonaws.com"] }, Action: ["sts:AssumeRole"] }],
          },
        },
      });
    });

    test("shows its policy", async () => {
      expect(await aws("iam get-role-policy --role-name s3-read-only --policy-name s3-read-only")).toEqual({
        RoleName: "s3-read-only",
        PolicyName: "s3-read-only",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Sid: "ReadBuckets", Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: ["*"] }],
        },
      });
    });

    test("shows the instance profile with the role in it", async () => {
      expect(await aws("iam get-instance-profile --instance-profile-name s3-read-only")).toMatchObject({
        InstanceProfile: { Arn: PROFILE, InstanceProfileName: "s3-read-only", Roles: [{ Arn: ROLE }] },
      });
    });

    test.each([`Name=${KEY.name}`, `Arn=${PROFILE}`])("starts an instance with %s", async (profile) => {
      const run = `ec2 run-instances --image-id ami-12345678 --instance-type t3.micro --iam-instance-profile ${profile}`;
      expect(await aws(run)).toMatchObject({ Instances: [{ IamInstanceProfile: { Arn: PROFILE } }] });
    });

    test("breaks what it likes, and the controller mends it when it is asked to look", async () => {
      await aws("iam delete-role-policy --role-name s3-read-only --policy-name s3-read-only");
      const user = new ClusterUser(plainKubeApi(sandbox.kubeUrl));
      await user.annotate(KEY, { "iam.instanceprofile.dev/reconcile-at": "now" });
      const reasons = async () => (await user.events(KEY)).map(({ reason }) => reason);
      await vi.waitFor(async () => expect(await reasons()).toContain("DriftRepaired"), {
        timeout: 10_000,
        interval: 50,
      });
      await aws("iam get-role-policy --role-name s3-read-only --policy-name s3-read-only");
    });
  },
);
