// Loaded here and not by the first call: that takes longer than a unit test may.
import "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { connectAws } from "../../../src/aws/aws-connection.ts";
import { CallLimiter, DEFAULT_AWS_RATES } from "../../../src/aws/call/call-limiter.ts";
import type { Action } from "../../../src/plan/action.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordingHandler } from "../../support/recording-handler.ts";

const { signal } = new AbortController();
/** What EC2's own bucket for associations holds, and how fast it is filled. */
const EC2 = { bucket: 100, perSecond: 5 };

/** With the SDK of EC2 loaded, which the first call waits for. */
async function opened() {
  const clock = new FakeClock();
  const limiter = new CallLimiter(clock, DEFAULT_AWS_RATES);
  const { handler, requests } = recordingHandler({});
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const aws = connectAws({ clock, version: "0", region: "us-east-1", credentials, requestHandler: handler, limiter });
  // The recorded replies hold nothing, which is an error that does not matter here.
  const send = (action: Action): void => void aws.iamWriter.perform(action, signal).catch(() => {});
  const sent = (operation: string): number => requests.filter(({ form }) => form.get("Action") === operation).length;
  const { instanceReader: reader } = aws;
  await reader.findUsers("arn:aws:iam::1:instance-profile/none", "eu-north-1", signal).catch(() => {});
  return { clock, limiter, send, sent, reader };
}

function associate(i: number, region = "us-east-1"): Action {
  return { kind: "AssociateIamInstanceProfile", region, instanceId: `i-${i}`, iamInstanceProfile: "app" };
}

test("associations of a new fleet come as fast as EC2 takes them, and never faster than its bucket allows", async () => {
  const { clock, send, sent } = await opened();
  for (let i = 0; i < 200; i++) send(associate(i));
  await clock.advance(1);
  expect(sent("AssociateIamInstanceProfile")).toBe(50);
  for (let seconds = 1; seconds <= 20; seconds++) {
    await clock.advance(1_000);
    expect(sent("AssociateIamInstanceProfile")).toBeLessThanOrEqual(EC2.bucket + seconds * EC2.perSecond);
  }
  expect(sent("AssociateIamInstanceProfile")).toBe(50 + 20 * EC2.perSecond);
});

test("a region, an action, and IAM do not wait for what another of them is asked", async () => {
  const { clock, send, sent, reader } = await opened();
  for (let i = 0; i < 200; i++) send(associate(i));
  await clock.advance(1);
  const before = sent("AssociateIamInstanceProfile");
  send(associate(0, "eu-west-1"));
  send({ kind: "CreateTags", region: "us-east-1", instanceId: "i-1", tags: { a: "b" } });
  send({ kind: "DeleteRole", roleName: "app" });
  void reader.findUsers("arn:aws:iam::1:instance-profile/app", "us-east-1", signal).catch(() => {});
  await clock.advance(1);
  expect(sent("AssociateIamInstanceProfile")).toBe(before + 1);
  expect([sent("CreateTags"), sent("DeleteRole"), sent("DescribeInstances")]).toEqual([1, 1, 2]);
});

test("metrics show EC2's limits of a kind as one: all that wait, and the rate of the slowest", async () => {
  const { clock, limiter, send } = await opened();
  for (let i = 0; i < 60; i++) send(associate(i));
  for (let i = 0; i < 60; i++) send(associate(i, "eu-west-1"));
  await clock.advance(1);
  const slow = { service: "EC2", kind: "write", limit: "us-east-1 AssociateIamInstanceProfile" } as const;
  limiter.throttled(slow, clock.monotonicMs(), undefined);
  expect(limiter.state()).toContainEqual({ service: "EC2", kind: "write", waiting: 20, perSecond: 3.5 });
});

test("a call that has no turn in time says which option is the limit", async () => {
  const clock = new FakeClock();
  const limiter = new CallLimiter(clock, {
    ...DEFAULT_AWS_RATES,
    ec2: { readsPerSecond: 0.01, writesPerSecond: 0.001 },
  });
  const { handler } = recordingHandler({});
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
  const aws = connectAws({ clock, version: "0", region: "us-east-1", credentials, requestHandler: handler, limiter });
  await aws.iamWriter.perform(associate(0), signal).catch(() => {});
  const second = expect(aws.iamWriter.perform(associate(1), signal)).rejects.toThrow(/raise --ec2-write-qps/);
  await clock.advance(31_000);
  await second;
});
