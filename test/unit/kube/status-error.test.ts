import { expect, test } from "vitest";
import { dispositionOf } from "../../../src/errors.ts";
import { statusOf, toStatusError } from "../../../src/kube/status-error.ts";

function anAnswer(statusCode: number, body: unknown = undefined, retryAfterMs?: number) {
  const status = { kind: "Status", code: statusCode, reason: "TheReason", message: "the message" };
  return { kind: "json" as const, statusCode, body: body ?? status, retryAfterMs };
}

for (const [statusCode, disposition] of [
  [400, "terminal"],
  [401, "blocked"],
  [403, "blocked"],
  [404, "conflict"],
  [408, "retryable"],
  [409, "conflict"],
  [410, "conflict"],
  [413, "terminal"],
  [415, "terminal"],
  [418, "retryable"],
  [422, "terminal"],
  [429, "throttled"],
  [500, "retryable"],
  [502, "retryable"],
  [503, "retryable"],
  [504, "retryable"],
] as const) {
  test(`calls ${statusCode} ${disposition}`, () => {
    const error = toStatusError(anAnswer(statusCode), "patch InstanceProfile ns/a");
    expect(dispositionOf(error)).toBe(disposition);
    expect(error.message).toBe(`The API server refused to patch InstanceProfile ns/a (${statusCode}): the message`);
    expect(error.reason).toBe("TheReason");
  });
}

test("waits as long as a server asks that is overloaded or starting", () => {
  for (const code of [429, 500, 503]) {
    const error = toStatusError(anAnswer(code, undefined, 7_000), "list instanceprofiles");
    expect(error).toMatchObject({ disposition: "throttled", retryAfterMs: 7_000 });
  }
});

test("keeps what the server said about each field", () => {
  const causes = [{ reason: "FieldValueInvalid", message: "roleName is immutable", field: "spec.roleName" }];
  const body = { code: 422, reason: "Invalid", message: "InstanceProfile is invalid", details: { causes } };
  expect(statusOf(toStatusError(anAnswer(422, body), "x"))).toEqual({
    httpCode: 422,
    reason: "Invalid",
    message: "InstanceProfile is invalid",
    causes,
  });
});

test("makes sense of an answer that is no Status: a proxy's page, nothing, nonsense", () => {
  expect(toStatusError(anAnswer(502, "<html>Bad gateway</html>\n"), "get x").message).toContain("Bad gateway");
  expect(toStatusError(anAnswer(502, ""), "get x").message).toContain("HTTP 502");
  expect(toStatusError(anAnswer(502, { details: { causes: [null, 7] } }), "get x")).toMatchObject({
    reason: "Http502",
  });
  expect(toStatusError(anAnswer(502, "x".repeat(10_000)), "get x").message.length).toBeLessThan(300);
});

test("knows nothing of errors that did not come from the API server", () => {
  expect(statusOf(new Error("x", { cause: new TypeError("y") }))).toBeUndefined();
  expect(statusOf("x")).toBeUndefined();
});
