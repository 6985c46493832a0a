import { beforeEach, describe, expect, test } from "vitest";
import { Refusals } from "../../../src/engine/execute/execute.ts";
import {
  BlockedError,
  ConflictError,
  type ControllerError,
  RetryableError,
  TerminalError,
  ThrottledError,
} from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";

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
