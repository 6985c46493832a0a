import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { exitOnBug } from "../../../src/cli/process-io.ts";
import { type LogFields, type Logger, silentLogger } from "../../../src/telemetry.ts";

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
