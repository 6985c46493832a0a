import { expect, test } from "vitest";
import type { EventRecord } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import { EventRecorder } from "../../../src/kube/event-recorder.ts";
import type { KubeRequest } from "../../../src/kube/exchange.ts";
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
function setUp(
  answer: (request: KubeRequest, attempt: number) => Promise<number | undefined> | number | undefined,
  refusal: object = {},
) {
  const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const logger = new RecordingLogger();
  const created: Record<string, unknown>[] = [];
  /** The series that were patched, and where. */
  const patched: { readonly path: string; readonly series: unknown }[] = [];
  let attempts = 0;
  const recorder = new EventRecorder({
    clock,
    logger,
    reporter: { controller: "instanceprofile.dev/controller", instance: "controller-0" },
    exchange: async (request) => {
      attempts += 1;
      const statusCode = await answer(request, attempts);
      if (statusCode === undefined) throw new RetryableError("unreachable", { reason: "Unreachable" });
      if (statusCode < 300 && request.method === "POST") created.push(request.body as Record<string, unknown>);
      if (statusCode < 300 && request.method === "PATCH") patched.push(patchOf(request));
      return {
        kind: "json",
        statusCode,
        body: { code: statusCode, reason: "R", message: "m", ...refusal },
        retryAfterMs: undefined,
      };
    },
  });
  return { clock, logger, recorder, created, patched, attempts: () => attempts };
}

function patchOf({ path, body }: KubeRequest) {
  const [operation, ...others] = body as readonly { op: string; path: string; value: unknown }[];
  expect(operation).toMatchObject({ op: "add", path: "/series" });
  expect(others).toEqual([]);
  return { path, series: operation?.value };
}

/** Another object with events of its own. */
function about(name: string): EventRecord {
  return { ...record, regarding: { ...record.regarding, name, uid: `uid of ${name}` } };
}

const minuteMs = 60_000;

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
  recorder.emit({ ...record, reason: "RoleChanged" });
  recorder.emit(about(name));
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
  for (let i = 0; i < 5; i++) recorder.emit(about(`p${i}`));
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
  expect(logger.messages("warn")).toEqual(["Failed to publish an Event"]);
});

test("does not try again what is refused", async () => {
  const { clock, recorder, attempts, logger } = setUp(() => 403);
  recorder.emit(record);
  await clock.advance(60_000);
  expect(attempts()).toBe(1);
  expect(logger.messages("warn")).toEqual(["Failed to publish an Event"]);
});

test.each([
  [
    "is being deleted",
    403,
    { details: { causes: [{ reason: "NamespaceTerminating", message: "namespace team-a is being terminated" }] } },
  ],
  ["is gone", 404, { message: 'namespaces "team-a" not found' }],
])("keeps an event in the log, without a warning, when its namespace %s", async (_, status, refusal) => {
  const { recorder, logger } = setUp(() => status, refusal);
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  expect(logger.lines).toEqual([
    {
      level: "info",
      message: "Event dropped: its namespace is being deleted",
      fields: { namespace: "team-a", name: "reader", reason: "RoleCreated", note: "Created the role reader" },
    },
  ]);
});

test("drops new events when a thousand wait, and says so once", async () => {
  const held = Promise.withResolvers<number>();
  const { recorder, created, logger } = setUp(() => held.promise);
  for (let i = 0; i < 1_500; i++) recorder.emit(about(`p${i}`));
  expect(logger.messages("warn")).toEqual(["Too many Events are queued for the API server; new Events are dropped"]);
  held.resolve(201);
  await recorder.flush(new AbortController().signal);
  expect(created).toHaveLength(1_001);
});

test("publishes again after it was idle", async () => {
  const { recorder, created } = setUp(() => 201);
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  recorder.emit(about("writer"));
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

test("makes a series of an event that comes again within six minutes, whatever version the object has by then", async () => {
  const { clock, recorder, created, patched } = setUp(() => 201);
  recorder.emit(record);
  await clock.advance(6 * minuteMs);
  recorder.emit({ ...record, regarding: { ...record.regarding, resourceVersion: "8" } });
  await settle();
  const { name } = Object(created[0]?.["metadata"]);
  expect(created).toHaveLength(1);
  expect(patched).toEqual([
    {
      path: `/apis/events.k8s.io/v1/namespaces/team-a/events/${name}`,
      series: { count: 2, lastObservedTime: "2026-01-02T03:10:05.678000Z" },
    },
  ]);
});

test("begins a new Event when the last one is more than six minutes ago", async () => {
  const { clock, recorder, created, patched } = setUp(() => 201);
  recorder.emit(record);
  await clock.advance(6 * minuteMs + 1);
  recorder.emit(record);
  await settle();
  expect([created.length, patched.length]).toEqual([2, 0]);
});

test.each<[string, Partial<EventRecord>]>([
  ["type", { type: "Warning" }],
  ["reason", { reason: "RoleChanged" }],
  ["action", { action: "ChangeRole" }],
  ["note, which nobody may change", { note: "Created the role reader in another way" }],
  ["object", { regarding: { ...record.regarding, uid: "uid-2" } }],
])("takes an event of another %s for another event", async (_, other) => {
  const { recorder, created, patched } = setUp(() => 201);
  recorder.emit(record);
  recorder.emit({ ...record, ...other });
  recorder.emit(record);
  await recorder.flush(new AbortController().signal);
  expect(created).toHaveLength(2);
  expect(patched).toMatchObject([{ series: { count: 2 } }]);
});

test("only counts what comes after the second one, and tells the count when the series is silent for six minutes", async () => {
  const { clock, recorder, created, patched } = setUp(() => 201);
  for (let i = 0; i < 5; i++) {
    recorder.emit(record);
    await clock.advance(minuteMs);
  }
  expect(patched).toMatchObject([{ series: { count: 2 } }]);
  await clock.advance(5 * minuteMs - 1);
  expect(patched).toHaveLength(1);
  await clock.advance(1);
  expect(patched.slice(1)).toMatchObject([{ series: { count: 5, lastObservedTime: "2026-01-02T03:08:05.678000Z" } }]);
  expect(created).toHaveLength(1);
  expect(clock.timerCount).toBe(0);
});

test("tells the count of a series that does not end every half an hour, give or take six minutes", async () => {
  const { clock, recorder, created, patched } = setUp(() => 201);
  for (let i = 0; i < 125; i++) {
    recorder.emit(record);
    await clock.advance(minuteMs);
  }
  const counts = patched.map(({ series }) => (series as { readonly count: number }).count);
  expect(created).toHaveLength(1);
  expect(counts[0]).toBe(2);
  expect(counts.length).toBeGreaterThanOrEqual(4);
  expect(counts.length).toBeLessThanOrEqual(5);
  for (const [index, count] of counts.slice(1).entries()) {
    expect(count - (counts[index] ?? 0)).toBeGreaterThanOrEqual(29);
    expect(count - (counts[index] ?? 0)).toBeLessThanOrEqual(36);
  }
});

test("tells every count before it ends", async () => {
  const { clock, recorder, patched } = setUp(() => 201);
  for (let i = 0; i < 7; i++) {
    recorder.emit(record);
    await settle();
  }
  await recorder.flush(new AbortController().signal);
  expect(patched).toMatchObject([{ series: { count: 2 } }, { series: { count: 7 } }]);
  expect(clock.timerCount).toBe(0);
});

test("creates one Event with its count when it came again while the API server was away", async () => {
  let isAway = true;
  const { clock, recorder, created, patched } = setUp(() => (isAway ? undefined : 201));
  recorder.emit(about("first in the queue"));
  recorder.emit(record);
  recorder.emit(record);
  recorder.emit(record);
  await settle();
  isAway = false;
  await clock.advance(minuteMs);
  expect(created).toHaveLength(2);
  expect(created[1]?.["series"]).toEqual({ count: 3, lastObservedTime: "2026-01-02T03:04:05.678000Z" });
  expect(patched).toEqual([]);
});

test("takes its own Event for published when only the answer was lost", async () => {
  const { clock, recorder, logger, attempts } = setUp((_, attempt) => (attempt === 1 ? undefined : 409));
  recorder.emit(record);
  await clock.advance(minuteMs);
  expect(attempts()).toBe(2);
  expect(logger.messages("warn")).toEqual([]);
});

test("creates the Event of a series anew when the API server no longer has it", async () => {
  const { recorder, created } = setUp(({ method }) => (method === "PATCH" ? 404 : 201));
  recorder.emit(record);
  await settle();
  recorder.emit(record);
  await settle();
  expect(created.map((event) => event["series"])).toMatchObject([undefined, { count: 2 }]);
  expect(new Set(created.map((event) => (event["metadata"] as { name: string }).name)).size).toBe(2);
});

test("makes Events of repetitions, and says so once, where the role does not let it patch", async () => {
  const { clock, recorder, created, logger } = setUp(({ method }) => (method === "PATCH" ? 403 : 201));
  for (let i = 0; i < 6; i++) {
    recorder.emit(record);
    await settle();
  }
  await clock.advance(6 * minuteMs);
  expect(created.map((event) => event["series"])).toMatchObject([undefined, { count: 2 }, { count: 6 }]);
  expect(logger.messages("warn")).toEqual([expect.stringContaining("Grant the verb patch on events")]);
});

test("lets one object have twenty-five events at once and one more each five minutes, and takes nothing from others", async () => {
  const { clock, recorder, created } = setUp(() => 201);
  const fail = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) recorder.emit({ ...record, note: `Failed in way ${i}` });
    await settle();
  };
  await fail(0, 40);
  expect(created).toHaveLength(25);
  recorder.emit(about("writer"));
  await settle();
  expect(created).toHaveLength(26);
  await clock.advance(5 * minuteMs - 1);
  await fail(40, 50);
  expect(created).toHaveLength(26);
  await clock.advance(1);
  await fail(50, 60);
  expect(created.slice(26).map((event) => event["note"])).toEqual(["Failed in way 50"]);
});

test("still tells the count of a series whose object has had all its events", async () => {
  const { clock, recorder, patched } = setUp(() => 201);
  for (let i = 0; i < 25; i++) recorder.emit({ ...record, note: `Failed in way ${i}` });
  recorder.emit({ ...record, note: "Failed in way 0" });
  await settle();
  expect(patched).toEqual([]);
  await clock.advance(6 * minuteMs);
  expect(patched).toMatchObject([{ series: { count: 2 } }]);
});

test("does not ask in a tight loop when a count cannot be told", async () => {
  const { clock, recorder, attempts } = setUp(({ method }) => (method === "PATCH" ? 422 : 201));
  for (let i = 0; i < 3; i++) {
    recorder.emit(record);
    await settle();
  }
  await clock.advance(24 * 60 * minuteMs);
  expect(attempts()).toBe(3);
  expect(clock.timerCount).toBe(0);
});
