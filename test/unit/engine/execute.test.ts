import { beforeEach, describe, expect, test } from "vitest";
import { type ExecutionReport, GuardedWriter, Refusals } from "../../../src/engine/execute/execute.ts";
import {
  BlockedError,
  ConflictError,
  type ControllerError,
  RetryableError,
  TerminalError,
  ThrottledError,
} from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";

const STALE = new ConflictError("the object has changed", { reason: "Conflict" });
const TAG: Action = { kind: "TagRole", roleName: "app", tags: { team: "a" } };
const signal = new AbortController().signal;

let iam: FakeIam;
let isCurrent: boolean;
let writer: GuardedWriter;
beforeEach(() => {
  iam = new FakeIam();
  iam.outsiderMakesRole("app");
  isCurrent = true;
  writer = new GuardedWriter(iam, async () => {
    if (!isCurrent) throw STALE;
  });
});

/** The report of an execution in which this write failed. */
const failedAt = (error: unknown): ExecutionReport => ({ applied: [], failed: { action: TAG, error }, refused: [] });

test("a write is sent while the object is current", async () => {
  await writer.perform(TAG, signal);
  expect(iam.role("app")?.tags).toEqual({ team: "a" });
  expect(() => writer.throwIfPreconditionFailed()).not.toThrow();
});

describe("a write is not sent", () => {
  test("when the object has changed before", async () => {
    isCurrent = false;
    let hasWaited = false;
    iam.beforeWrite = async () => {
      hasWaited = true;
    };
    await expect(writer.perform(TAG, signal)).rejects.toBe(STALE);
    expect([iam.writes, hasWaited]).toEqual([[], false]);
  });

  test("when the object changes while the write waits for the rate limit", async () => {
    iam.beforeWrite = async () => {
      isCurrent = false;
    };
    await expect(writer.perform(TAG, signal)).rejects.toBe(STALE);
    expect(iam.writes).toEqual([]);
  });
});

describe("after a failed precondition", () => {
  beforeEach(async () => {
    isCurrent = false;
    await writer.perform(TAG, signal).catch(() => {});
  });

  test("the report has no failed write, because nothing was sent", () => {
    expect(writer.sentOf(failedAt(STALE))).toEqual({ applied: [], failed: undefined, refused: [] });
  });

  test("the error of the precondition is raised", () => {
    expect(() => writer.throwIfPreconditionFailed()).toThrow(STALE);
  });
});

test("after a write that AWS failed, the report keeps it, because it may have taken effect", async () => {
  const lost = new RetryableError("the reply was lost", { reason: "EndpointUnreachable" });
  iam.fate = () => lost;
  await expect(writer.perform(TAG, signal)).rejects.toBe(lost);
  expect(writer.sentOf(failedAt(lost))).toEqual(failedAt(lost));
  expect(() => writer.throwIfPreconditionFailed()).not.toThrow();
});

const DENIED = new BlockedError("not authorized to perform ec2:AssociateIamInstanceProfile", {
  reason: "AccessDenied",
});
const WRITE_TO_IAM: Action = { kind: "UntagInstanceProfile", instanceProfileName: "app", tagKeys: ["a"] };

function associate(instanceId: string, region = "eu-west-1"): Action {
  return { kind: "AssociateIamInstanceProfile", region, instanceId, iamInstanceProfile: "app" };
}

let refusals: Refusals;
beforeEach(() => {
  refusals = new Refusals();
});

describe("a failed write concerns one instance, and the others continue,", () => {
  test.each<[string, ControllerError]>([
    ["when the controller is not authorized for it", DENIED],
    ["when the instance changed", new ConflictError("the association changed", { reason: "Conflict" })],
    ["when EC2 rejects the request", new TerminalError("no such instance", { reason: "InvalidInstance" })],
    ["when EC2 refuses the state of the instance", new RetryableError("stopping", { reason: "IncorrectState" })],
  ])("%s", (_, error) => {
    expect(refusals.record(associate("i-1"), error)).toBe(true);
    expect(refusals.all).toEqual([{ action: associate("i-1"), error }]);
  });
});

describe("a failed write stops the plan", () => {
  test.each<[string, unknown]>([
    ["when EC2 throttles", new ThrottledError("slow down", { reason: "Throttled" })],
    ["when the credentials are not valid", new BlockedError("expired", { reason: "CredentialsInvalid" })],
    ["when the profile has not propagated", new RetryableError("not yet", { reason: "InstanceProfileNotYetUsable" })],
    ...["EndpointUnreachable", "ServiceFailure", "ServiceUnavailable", "UnexpectedReply", "UnexpectedError"].map(
      (reason): [string, unknown] => [`when the service fails (${reason})`, new RetryableError("failed", { reason })],
    ),
    ["when the error is a bug", new Error("a bug")],
  ])("%s", (_, error) => {
    expect(refusals.record(associate("i-1"), error)).toBe(false);
    expect(refusals.all).toEqual([]);
  });

  test("when it is a write to IAM", () => {
    expect(refusals.record(WRITE_TO_IAM, DENIED)).toBe(false);
  });
});

test("later writes to a refused instance are skipped, and those to other instances are not", () => {
  refusals.record(associate("i-1"), DENIED);
  const tags: Action = { kind: "DeleteTags", region: "eu-west-1", instanceId: "i-1", tags: {} };
  expect(refusals.concernsRefusedInstance(tags)).toBe(true);
  expect(refusals.concernsRefusedInstance(associate("i-2"))).toBe(false);
  expect(refusals.concernsRefusedInstance(associate("i-1", "us-east-1"))).toBe(false);
  expect(refusals.concernsRefusedInstance(WRITE_TO_IAM)).toBe(false);
});

describe("a plan stops after refusals", () => {
  test("before a write to IAM, which requires that every instance is in sync", () => {
    expect(refusals.mustStopBefore(WRITE_TO_IAM)).toBe(false);
    refusals.record(associate("i-1"), DENIED);
    expect(refusals.mustStopBefore(WRITE_TO_IAM)).toBe(true);
    expect(refusals.mustStopBefore(associate("i-2"))).toBe(false);
  });

  test("after 100 of them, so that a controller without permissions does not try every instance", () => {
    for (let i = 0; i < 99; i++) refusals.record(associate(`i-${i}`), DENIED);
    expect(refusals.mustStopBefore(associate("i-99"))).toBe(false);
    refusals.record(associate("i-99"), DENIED);
    expect(refusals.mustStopBefore(associate("i-100"))).toBe(true);
  });
});

test("the refusal that is retried soonest is a conflict, or else the first one", () => {
  expect(refusals.soonest).toBeUndefined();
  refusals.record(associate("i-1"), DENIED);
  refusals.record(associate("i-2"), new TerminalError("no such instance", { reason: "InvalidInstance" }));
  expect(refusals.soonest).toMatchObject({ action: { instanceId: "i-1" } });
  refusals.record(associate("i-3"), new ConflictError("the association changed", { reason: "Conflict" }));
  expect(refusals.soonest).toMatchObject({ action: { instanceId: "i-3" } });
});
