import {
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, ec2Trust, policy, refusal } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions, inSeconds } from "../assumption.ts";

const READS = 5;

/** What a few reads right after a creation show in the place of an ARN. */
async function readArns(
  bench: Bench,
  createdArn: string | undefined,
  read: () => Promise<string | undefined>,
): Promise<string> {
  const startMs = performance.now();
  const others = createdArn?.startsWith("arn:") === true ? [] : [`the creation: ${createdArn}`];
  for (let i = 0; i < READS; i++) {
    const arn = await read().catch(() => "not found");
    if (arn?.startsWith("arn:") !== true) others.push(`${arn}`);
  }
  await bench.eventually(async () => expect(await read()).toMatch(/^arn:/));
  if (others.length === 0) return `an ARN in the creation and in ${READS} reads right after it`;
  return `${others.length} of ${READS + 1} times no ARN (${others.join(", ")}), an ARN after ${inSeconds(performance.now() - startMs)}`;
}

/** Whether IAM takes a resource; how it completes it cannot be seen, see the checks of access. */
async function isTaken(bench: Bench, Action: string, Resource: string): Promise<string> {
  const { RoleName } = await bench.role();
  const PolicyDocument = policy({ Effect: "Allow", Action, Resource });
  const put = bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument }));
  return put.then(
    () => "accepted",
    async () => (await refusal(put)).message,
  );
}

/** ARNs that IAM shows, and incomplete ones that it takes. */
const arns: readonly Assumption[] = [
  {
    id: "arn-of-a-new-role",
    assumption:
      "Right after its creation a role is shown with its ARN, or for a moment with its unique id or not at all.",
    matters: "src/model/observed-state.ts, src/status/result.ts (showsArns)",
    steps: "create a role, get it five times at once",
    expected: "an ARN, at the latest within the propagation window",
    readsAtOnce: true,
    async run({ bench }) {
      const RoleName = bench.roleName();
      const { Role } = await bench.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: ec2Trust }));
      const read = async () => (await bench.iam.send(new GetRoleCommand({ RoleName }))).Role?.Arn;
      return readArns(bench, Role?.Arn, read);
    },
  },
  {
    id: "arn-of-a-new-instance-profile",
    assumption:
      "Right after its creation an instance profile is shown with its ARN, or for a moment without one or not at all.",
    matters: "src/engine/observe/profile-users.ts (usersOf), src/status/result.ts (showsArns)",
    steps: "create an instance profile, get it five times at once",
    expected: "an ARN, at the latest within the propagation window",
    readsAtOnce: true,
    async run({ bench }) {
      const InstanceProfileName = bench.profileName();
      const made = await bench.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      const get = new GetInstanceProfileCommand({ InstanceProfileName });
      const read = async () => (await bench.iam.send(get)).InstanceProfile?.Arn;
      return readArns(bench, made.InstanceProfile?.Arn, read);
    },
  },
  {
    id: "incomplete-resource-arns",
    assumption: "IAM takes a resource ARN that ends after the service, the region or the account.",
    matters: "src/model/access/evaluate/arn.ts (completedFields), src/sandbox/aws/policy/resource-arn.ts",
    steps: "put inline policies with resources of three, four and five fields",
    expected: "all are accepted",
    async run({ bench, accountId }) {
      const arn = (rest: string): string => `arn:${bench.partition}:${rest}`;
      for (const resource of [arn("sqs"), arn(`sqs:${bench.region}`), arn(`sqs:${bench.region}:${accountId}`)]) {
        expect(await isTaken(bench, "sqs:SendMessage", resource), resource).toBe("accepted");
      }
      return "all accepted";
    },
  },
  {
    id: "resource-without-a-service",
    assumption: "IAM refuses a resource that names no service.",
    matters: "src/sandbox/aws/policy/resource-arn.ts",
    steps: "put inline policies with the resources `arn:PARTITION` and `arn`",
    expected: "both are refused",
    async run({ bench }) {
      const messages = [
        await isTaken(bench, "sqs:SendMessage", `arn:${bench.partition}`),
        await isTaken(bench, "sqs:SendMessage", "arn"),
      ];
      for (const message of messages) expect(message).not.toBe("accepted");
      return messages.join(" | ");
    },
  },
  {
    id: "wildcard-in-the-service-of-an-arn",
    assumption: "IAM refuses a resource with a wildcard in the place of the service.",
    matters: "src/sandbox/aws/policy/resource-arn.ts",
    steps: "put an inline policy with the resource `arn:PARTITION:s*:::bucket`",
    expected: "refused",
    async run({ bench }) {
      const message = await isTaken(bench, "s3:GetObject", `arn:${bench.partition}:s*:::bucket`);
      expect(message).not.toBe("accepted");
      return message;
    },
  },
];

export const arnChecks = assumptions(arns);
