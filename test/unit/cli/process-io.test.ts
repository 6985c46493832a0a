import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { exitOnBug, showBug } from "../../../src/cli/process-io.ts";
import { type LogFields, type Logger, silentLogger } from "../../../src/telemetry.ts";
import { aProcess } from "../../support/a-process.ts";

test.each(["uncaughtException", "unhandledRejection"])("an %s is logged before the process ends with 1", (kind) => {
  const happened: unknown[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message: string, fields?: LogFields) => happened.push([message, fields?.["kind"], fields?.["err"]]),
  };
  const target = Object.assign(new EventEmitter(), { exit: (code: number) => happened.push(["exit", code]) });
  exitOnBug(logger, target);
  target.emit(kind, new RangeError("lost"));
  expect(happened).toEqual([
    ["exiting because of a bug", kind, new RangeError("lost")],
    ["exit", 1],
  ]);
});

test("a bug is shown with its stack and without what its message would do to a terminal", () => {
  const { io, err } = aProcess();
  showBug(new RangeError("a\n::error::b\u001b[2J https://me:pw@host"), io);
  const lines = err.join("").split("\n");
  expect(lines[0]).toBe("exiting because of a bug: RangeError: a\\u000a::error::b\\u001b[2J https://[redacted]@host");
  expect(lines.slice(1, -1).every((line) => line.startsWith("    at "))).toBe(true);
  expect(lines.length).toBeGreaterThan(3);
});
