import { beforeEach, describe, expect, test } from "vitest";
import { type ExecutionReport, GuardedWriter } from "../../../src/engine/execute/execute.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";
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
