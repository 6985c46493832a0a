import { expect, test } from "vitest";
import type { EventRecord } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import { EventRecorder } from "../../../src/kube/event-recorder.ts";
import type { KubeRequest } from "../../../src/kube/transport.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const record: EventRecord = {
  type: "Normal",
  reason: "RoleCreated",
  action: "CreateRole",
  note: "Created the role reader",
  regarding: {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    namespace: "team-a",
    name: "reader",
    uid: "uid-1",
    resourceVersion: "7",
  },
};

/** `answer` is a status code, or undefined for a server that cannot be reached. */
function setUp(answer: (request: KubeRequest, attempt: number) => Promise<number | undefined> | number | undefined) {
  const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const logger = new RecordingLogger();
  const created: Record<string, unknown>[] = [];
  let attempts = 0;
  const recorder = new EventRecorder({
    clock,
    logger,
    reporter: { controller: "instanceprofile.dev/controller", instance: "controller-0" },
    exchange: async (request) => {
      attempts += 1;
      const statusCode = await answer(request, attempts);
      if (statusCode === undefined) throw new RetryableError("unreachable", { reason: "Unreachable" });
      if (statusCode < 300) created.push(request.body as Record<string, unknown>);
      return {
        kind: "json",
        statusCode,
        body: { code: statusCode, reason: "R", message: "m" },
        retryAfterMs: undefined,
      };
    },
  });
  return { clock, logger, recorder, created, attempts: () => attempts };
}

test("publishes what the API server asks of an event", async () => {
  const { recorder, created } = setUp(() => 201);
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  expect(created).toEqual([
    {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: expect.stringMatching(/^reader\.[0-9a-f]+$/), namespace: "team-a" },
      eventTime: "2026-01-02T03:04:05.678000Z",
      reportingController: "instanceprofile.dev/controller",
      reportingInstance: "controller-0",
      type: "Normal",
      reason: "RoleCreated",
      action: "CreateRole",
      note: "Created the role reader",
      regarding: record.regarding,
    },
  ]);
});

test("gives events of the same moment different names, and a long name a valid end", async () => {
  const { recorder, created } = setUp(() => 201);
  const name = `${"a".repeat(234)}.-${"b".repeat(17)}`;
  recorder.emit(record);
  recorder.emit(record);
  recorder.emit({ ...record, regarding: { ...record.regarding, name } });
  await recorder.flush(new AbortController().signal);
  const names = created.map((event) => (event["metadata"] as { name: string }).name);
  expect(new Set(names).size).toBe(3);
  expect(names[2]).toMatch(/^a{234}\.[0-9a-f]{16}$/);
});

test("shortens a note to a kilobyte without cutting a character", async () => {
  const { recorder, created } = setUp(() => 201);
  recorder.emit({ ...record, note: "ü".repeat(2_000) });
  recorder.emit({ ...record, note: "ü".repeat(512) });
  await recorder.flush(new AbortController().signal);
  expect(created[0]?.["note"]).toBe(`${"ü".repeat(510)}…`);
  expect(created[1]?.["note"]).toBe("ü".repeat(512));
});

test("puts events about objects without a namespace into default", async () => {
  const { recorder, created } = setUp((request) => (request.path.includes("/namespaces/default/") ? 201 : 400));
  recorder.emit({ ...record, regarding: { ...record.regarding, namespace: "" } });
  await recorder.flush(new AbortController().signal);
  expect(created).toHaveLength(1);
});

test("returns at once although the API server does not answer", async () => {
  const { recorder, attempts } = setUp(() => new Promise(() => {}));
  for (let i = 0; i < 5; i++) recorder.emit(record);
  await settle();
  expect(attempts()).toBe(1);
});

test("tries again what may pass, and gives up in the end", async () => {
  const { clock, recorder, created, attempts, logger } = setUp((_, attempt) => (attempt <= 6 ? undefined : 201));
  recorder.emit({ ...record, reason: "First" });
  recorder.emit({ ...record, reason: "Second" });
  await clock.advance(60_000);
  expect(attempts()).toBe(7);
  expect(created.map((event) => event["reason"])).toEqual(["Second"]);
  expect(logger.messages("warn")).toEqual(["An event was not published"]);
});

test("does not try again what is refused", async () => {
  const { clock, recorder, attempts, logger } = setUp(() => 403);
  recorder.emit(record);
  await clock.advance(60_000);
  expect(attempts()).toBe(1);
  expect(logger.messages("warn")).toEqual(["An event was not published"]);
});

test("drops new events when a thousand wait, and says so once", async () => {
  const held = Promise.withResolvers<number>();
  const { recorder, created, logger } = setUp(() => held.promise);
  for (let i = 0; i < 1_500; i++) recorder.emit(record);
  expect(logger.messages("warn")).toEqual(["Too many events wait for the API server: dropping new ones"]);
  held.resolve(201);
  await recorder.flush(new AbortController().signal);
  expect(created).toHaveLength(1_001);
});

test("publishes again after it was idle", async () => {
  const { recorder, created } = setUp(() => 201);
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  expect(created).toHaveLength(2);
});

test("stops at a shutdown that cannot wait", async () => {
  const { clock, recorder, logger } = setUp(() => undefined);
  recorder.emit(record);
  await settle();
  const abort = new AbortController();
  const flushed = recorder.flush(abort.signal);
  abort.abort();
  await flushed;
  recorder.emit(record);
  expect(clock.timerCount).toBe(0);
  expect(logger.lines).toEqual([]);
});
