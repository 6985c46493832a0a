import { expect, test } from "vitest";
import { BlockedError, RetryableError, TerminalError } from "../../../src/errors.ts";
import { Desk, KEY } from "./desk.ts";

const POLICY = [
  { sid: "TopSecret", effect: "Allow", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::payroll/*"] },
];

test("the log names applied actions and failures, and never a policy document", async () => {
  const desk = new Desk();
  desk.apply({ statements: POLICY, tags: { owner: "somebody" } });
  await desk.reconcile();
  const words = "PutRolePolicy on inline policy app of role app: no";
  for (const Kind of [TerminalError, BlockedError, RetryableError]) {
    desk.iam.fate = () => new Kind(words, { reason: "AccessDenied", cause: new Error("secret-token") });
    desk.apply({ statements: [...POLICY, { effect: "Deny", actions: ["*"], resources: ["*"] }] });
    await desk.reconcile();
  }
  desk.iam.fate = () => "do";
  desk.kube.delete(KEY);
  await desk.reconcile();
  expect(desk.logger.lines).toContainEqual({
    level: "info",
    message: "wrote AWS",
    fields: {
      generation: 1,
      actions: [
        "+ role app",
        "+ inline policy app of role app",
        "+ instance profile app",
        "+ role app in instance profile app",
      ],
    },
  });
  expect(desk.logger.messages("warn")).toEqual(Array(3).fill("Reconciler error"));
  expect(JSON.stringify(desk.logger.lines)).not.toMatch(/Statement|TopSecret|payroll|somebody|secret-token/);
});

test("the log has the AWS request id of a failure, and neither the status nor an Event has it", async () => {
  const desk = new Desk();
  desk.apply();
  const requestId = "8d1ad5a4-request";
  desk.iam.fate = () => new BlockedError("CreateRole on role app: no", { reason: "AccessDenied", requestId });
  await desk.reconcile();
  expect(desk.logger.lines).toContainEqual(
    expect.objectContaining({
      message: "Reconciler error",
      fields: expect.objectContaining({ reason: "AccessDenied", requestId }),
    }),
  );
  expect(desk.message).toContain("CreateRole on role app: no");
  expect(JSON.stringify([desk.object, desk.kube.events])).not.toContain(requestId);
});

test("what was written before a reconcile fails for another reason is in the log too", async () => {
  const desk = new Desk();
  desk.apply();
  let writes = 0;
  desk.iam.beforeWrite = async () => {
    writes += 1;
    if (writes !== 2) return;
    desk.nowMs += 6_000;
    desk.apply({ description: "edited" });
  };
  expect(await desk.reconcile()).toEqual({ kind: "backoff" });
  expect(desk.logger.lines.map(({ message }) => message)).toEqual(["wrote AWS", "Reconciler error"]);
  expect(desk.logger.lines[0]?.fields["actions"]).toEqual(["+ role app"]);
});
