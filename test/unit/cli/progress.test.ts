import { describe, expect, test } from "vitest";
import type { ProcessIo } from "../../../src/cli/io.ts";
import { lineIo } from "../../../src/cli/line-io.ts";
import { type Awaited, withProgress } from "../../../src/cli/progress.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { linesOf } from "../../support/lines-of.ts";

const PLAN: Awaited = { command: "plan", items: "objects" };
const ERASED = "\r\u001b[2K";

interface Place {
  readonly terminal?: ProcessIo["terminal"];
  readonly env?: ProcessIo["env"];
}

/** A command that works on three items, each of which ends when the test says so. */
function aCommand(awaited: Awaited, { terminal = { out: true, err: true }, env = {} }: Place = {}) {
  const written: string[] = [];
  const clock = new FakeClock();
  const write = (text: string): void => void written.push(text);
  const io = lineIo({
    out: write,
    err: write,
    readInput: async () => "",
    readLines: () => linesOf(""),
    env,
    clock,
    terminal,
    stop: new AbortController().signal,
  });
  const read = Promise.withResolvers<void>();
  const items = [1, 2, 3].map(() => Promise.withResolvers<void>());
  const ended = withProgress(io, awaited, async (progress) => {
    await read.promise;
    await progress.inParallel(items, ({ promise }) => promise);
  });
  return { io, clock, written, read, items, ended };
}

describe("progress", () => {
  test("is one line that replaces itself from 2 seconds on, and is gone at the end", async () => {
    const { clock, written, read, items, ended } = aCommand(PLAN);
    await clock.advance(1_999);
    expect(written).toEqual([]);
    await clock.advance(1);
    expect(written).toEqual([`${ERASED}plan: reading AWS`]);
    read.resolve();
    await settle();
    await clock.advance(200);
    items[1]?.resolve();
    await settle();
    await clock.advance(1_000);
    expect(written.slice(1)).toEqual([`${ERASED}plan: 0 of 3 objects`, `${ERASED}plan: 1 of 3 objects`]);
    for (const { resolve } of items) resolve();
    await ended;
    expect(written.slice(3)).toEqual([ERASED]);
    expect(clock.timerCount).toBe(0);
  });

  test("of a command that ends sooner is not shown", async () => {
    const { clock, written, read, items, ended } = aCommand(PLAN);
    await clock.advance(1_900);
    read.resolve();
    for (const { resolve } of items) resolve();
    await ended;
    await clock.advance(10_000);
    expect(written).toEqual([]);
  });

  test("of a command that fails is gone before the error is shown", async () => {
    const { io, clock, written, read, ended } = aCommand(PLAN);
    await clock.advance(2_000);
    read.reject(new Error("denied"));
    await expect(ended).rejects.toThrow("denied");
    io.err("denied");
    expect(written.slice(1)).toEqual([ERASED, "denied\n"]);
    expect(clock.timerCount).toBe(0);
  });

  test("makes room for a line that is written meanwhile, and comes back after it", async () => {
    const { io, clock, written } = aCommand(PLAN);
    await clock.advance(2_000);
    io.err("a policy was not read");
    await clock.advance(200);
    expect(written.slice(1)).toEqual([ERASED, "a policy was not read\n", `${ERASED}plan: reading AWS`]);
  });

  test("is for a person who watches: it is shown beside a document that goes into a file", async () => {
    const { clock, written } = aCommand({ ...PLAN, format: "json" }, { terminal: { out: false, err: true } });
    await clock.advance(2_000);
    expect(written).toEqual([`${ERASED}plan: reading AWS`]);
  });

  test.each<[string, Awaited, Place]>([
    ["where standard error is no terminal", PLAN, { terminal: { out: true, err: false } }],
    ["in CI", PLAN, { env: { CI: "true" } }],
    ["on a terminal without escape sequences", PLAN, { env: { TERM: "dumb" } }],
    ["on the terminal that shows the JSON", { ...PLAN, format: "json" }, {}],
  ])("is not shown %s", async (_, awaited, place) => {
    const { clock, written, read, items, ended } = aCommand(awaited, place);
    await clock.advance(10_000);
    read.resolve();
    for (const { resolve } of items) resolve();
    await ended;
    expect(written).toEqual([]);
  });
});
