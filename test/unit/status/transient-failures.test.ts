import { describe, expect, test } from "vitest";
import { ConflictError, TerminalError } from "../../../src/errors.ts";
import { TRANSIENT_FAILURES, transientFailure } from "../../../src/status/transient-failures.ts";

describe.each(TRANSIENT_FAILURES)("the rule for $reason", ({ reason, checkedOn, source, boundMs, retryMs }) => {
  test("says since when it is held, by what source, and for how long", () => {
    expect(checkedOn).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(new URL(source).protocol).toBe("https:");
    expect(boundMs).toBeLessThanOrEqual(120_000);
    expect(retryMs).toBeLessThan(boundMs);
  });

  test("ends at its bound", () => {
    const error = new ConflictError("x", { reason });
    expect(transientFailure(error, boundMs - 1)?.reason).toBe(reason);
    expect(transientFailure(error, boundMs)).toBeUndefined();
  });
});

test("nothing else is taken for passing", () => {
  expect(transientFailure(new TerminalError("x", { reason: "MalformedPolicyDocument" }), 0)).toBeUndefined();
  expect(transientFailure(new Error("x"), 0)).toBeUndefined();
  expect(transientFailure(undefined, 0)).toBeUndefined();
});
