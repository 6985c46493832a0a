import { expect, test } from "vitest";
import { createLogger } from "../../../src/cli/logging/logger.ts";
import { RetryableError } from "../../../src/errors.ts";

/** A logger and what it wrote. */
function aLog(level = "debug") {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line: string) => lines.push(line) });
  return {
    logger,
    text: () => lines.join(""),
    last: () => JSON.parse(lines.at(-1) ?? "{}") as Record<string, unknown>,
  };
}

test("a line is one JSON object with time, level in words, message and the fields of its logger", () => {
  const { logger, last } = aLog();
  logger.with({ controller: "instanceprofile", reconcileID: "1" }).info("wrote AWS", { actions: 4 });
  expect(last()).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: "info",
    msg: "wrote AWS",
    controller: "instanceprofile",
    reconcileID: "1",
    actions: 4,
  });
});

test("lines below the level are not written", () => {
  const { logger, text } = aLog("warn");
  logger.info("no");
  logger.with({}).debug("no");
  expect(text()).toBe("");
});

test("an expected error is told by type, reason and causes, without a stack", () => {
  const { logger, last } = aLog();
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  logger.warn("no", { err: new RetryableError("unreachable", { reason: "Unreachable", cause }) });
  expect(last()["err"]).toEqual({
    type: "RetryableError",
    message: "unreachable",
    reason: "Unreachable",
    cause: { type: "Error", message: "connect ECONNREFUSED", code: "ECONNREFUSED" },
  });
});

test("an error that nobody expected is told with its stack", () => {
  const { logger, last } = aLog();
  logger.error("bug", { err: new RangeError("lost") });
  expect(last()["err"]).toEqual({ type: "RangeError", message: "lost", stack: expect.stringContaining("logger.test") });
});

test("causes that go round in a circle end", () => {
  const { logger, text } = aLog();
  const error = new Error("round");
  error.cause = error;
  logger.error("bug", { err: error });
  expect(text().match(/round/g)?.length).toBeLessThan(8);
});

test("nothing that hangs on an error is told, for it may be a request with its headers", () => {
  const { logger, text } = aLog();
  const request = { headers: { authorization: "Bearer s3cret" } };
  logger.error("no", { err: Object.assign(new Error("refused"), { request, $response: request }) });
  expect(text()).not.toContain("s3cret");
});

test.each(["authorization", "token", "secretAccessKey", "sessionToken", "credentials", "document", "statements"])(
  "a field %s is cut out, at the top and below",
  (name) => {
    const { logger, text } = aLog();
    logger.info("no", { [name]: "s3cret", request: { [name]: "s3cret" } });
    logger.with({ [name]: "s3cret" }).info("no");
    expect(text()).not.toContain("s3cret");
    expect(text().match(/\[redacted\]/g)).toHaveLength(3);
  },
);
