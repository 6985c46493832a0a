import { expect, test } from "vitest";
import { DRIFT_EVENTS } from "../../../../src/sandbox/aws/sqs/queues.ts";
import { ec2Trust, InProcessAws } from "./in-process.ts";

test.each([
  ["__proto__.polluted", '"__proto__":{"polluted":"yes"}'],
  ["constructor.prototype.polluted", '"constructor":{"prototype":{"polluted":"yes"}}'],
])("a parameter %s changes the event and no object of the sandbox", async (name, expected) => {
  const aws = new InProcessAws();
  const { status } = await aws.iam("CreateRole", {
    RoleName: "app",
    AssumeRolePolicyDocument: ec2Trust,
    [name]: "yes",
  });
  expect(status).toBe(200);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  const [message] = aws.cloud.queues.get(DRIFT_EVENTS)?.receive(1) ?? [];
  expect(message?.Body).toContain(expected);
});

test("a parameter that is a text and a structure at once does not fail a call that was carried out", async () => {
  const aws = new InProcessAws();
  const params = { RoleName: "app", AssumeRolePolicyDocument: ec2Trust, Other: "text", "Other.Key": "inner" };
  expect(await aws.iam("CreateRole", params)).toMatchObject({ status: 200 });
});
