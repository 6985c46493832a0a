import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SANDBOX_REGION } from "../../src/cli/sandbox/sandbox-aws.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { ClusterUser } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { findCommand, runCommand } from "../support/kubectl.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { type SandboxCommand, startSandboxCommand } from "../support/sandbox-command.ts";

const cli = findCommand("aws");
const ROLE = "arn:aws:iam::123456789012:role/s3-read-only";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/s3-read-only";
const KEY = { namespace: "default", name: "s3-read-only" };
const SOON = { timeout: 15_000, interval: 50 };

/** Id, and the ARN of its profile. */
type CliInstance = readonly [string, string | null];

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

    test("does to instances what it likes: each ends as the spec says, or as a named conflict", async () => {
      const key = { namespace: "default", name: "fleet" };
      const user = new ClusterUser(plainKubeApi(sandbox.kubeUrl));
      const fleet = fleetOf(key, user, aws);
      const [stopped = "", ended = "", retagged = "", replaced = "", bared = ""] = await fleet.launch(5);
      await fleet.select("Keep");
      await fleet.untilTally({ matched: 5, associated: 5, pending: 0 });
      // By now the controller has seen what it has written itself.
      await fleet.lookAgain();
      const associations = await fleet.associations();
      await Promise.all([
        aws(`ec2 stop-instances --instance-ids ${stopped}`),
        aws(`ec2 terminate-instances --instance-ids ${ended}`),
        aws(`ec2 create-tags --resources ${retagged} --tags Key=app,Value=other`),
        aws(
          `ec2 replace-iam-instance-profile-association --iam-instance-profile Name=${KEY.name} --association-id ${associations[replaced]}`,
        ),
        aws(`ec2 disassociate-iam-instance-profile --association-id ${associations[bared]}`),
      ]);
      await fleet.lookAgain();
      const conflict = `${replaced} has instance profile ${KEY.name}, and onConflict is Keep`;
      await fleet.untilTally({ matched: 3, associated: 2, pending: 0, conflicts: [conflict] });
      expect(await fleet.profiles()).toEqual({
        [stopped]: "fleet",
        [replaced]: KEY.name,
        [bared]: "fleet",
        [retagged]: undefined,
      });
      await fleet.select("Replace");
      await aws(`ec2 start-instances --instance-ids ${stopped}`);
      await fleet.untilTally({ matched: 3, associated: 3, pending: 0 });
      expect(await fleet.profiles()).toEqual({
        [stopped]: "fleet",
        [replaced]: "fleet",
        [bared]: "fleet",
        [retagged]: undefined,
      });
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

type Aws = (command: string) => Promise<unknown>;

/** Instances of the tag `fleet`, and an object that selects those of them that are also `app=web`. */
function fleetOf(key: ObjectKey, user: ClusterUser, aws: Aws) {
  let looks = 0;
  const described = async (): Promise<readonly CliInstance[]> => {
    const query = "Reservations[].Instances[?State.Name!='terminated'][].[InstanceId,IamInstanceProfile.Arn]";
    return (await aws(`ec2 describe-instances --filters Name=tag:fleet,Values=yes --query ${query}`)) as CliInstance[];
  };
  return {
    async launch(count: number): Promise<readonly string[]> {
      const tags = "ResourceType=instance,Tags=[{Key=fleet,Value=yes},{Key=app,Value=web}]";
      const query = "Instances[].InstanceId";
      const run = `ec2 run-instances --image-id ami-12345678 --count ${count} --tag-specifications ${tags} --query ${query}`;
      return (await aws(run)) as string[];
    },
    async select(onConflict: "Keep" | "Replace"): Promise<void> {
      const selector = { matchTags: { fleet: "yes", app: "web" } };
      await user.apply(s3ReadOnly(key, { instances: { region: SANDBOX_REGION, selector, onConflict } }));
    },
    /** As `kubectl annotate` would; the controller reads the region once a minute by itself. */
    async lookAgain(): Promise<void> {
      looks += 1;
      await user.annotate(key, { "iam.instanceprofile.dev/reconcile-at": String(looks) });
      const handled = async () => (await user.read(key))?.status?.lastHandledReconcileAt;
      await vi.waitFor(async () => expect(await handled()).toBe(String(looks)), SOON);
    },
    async untilTally(tally: object): Promise<void> {
      // The record of the claim has a time.
      const claim = expect.anything();
      await vi.waitFor(
        async () => expect((await user.read(key))?.status?.instances).toEqual({ ...tally, claim }),
        SOON,
      );
    },
    /** The ids of the associations by instance. */
    async associations(): Promise<Readonly<Record<string, string>>> {
      const query = "IamInstanceProfileAssociations[].[InstanceId,AssociationId]";
      const pairs = await aws(`ec2 describe-iam-instance-profile-associations --query ${query}`);
      return Object.fromEntries(pairs as [string, string][]);
    },
    /** The names of the profiles by instance. */
    async profiles(): Promise<Readonly<Record<string, string | undefined>>> {
      return Object.fromEntries((await described()).map(([id, arn]) => [id, arn?.split("/").at(-1)]));
    },
  };
}
