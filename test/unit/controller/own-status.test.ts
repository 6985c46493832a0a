import { beforeEach, describe, expect, test } from "vitest";
import type { OwnStatus } from "../../../src/controller/reconcile/own-status.ts";
import type { KubeObject, ObjectClient, PatchOperation } from "../../../src/engine/ports.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";
import type { WatchedObject } from "../../../src/runtime/watch/list-watch.ts";
import { ObjectStore } from "../../../src/runtime/watch/store.ts";
import { ownStatusOf } from "../../fakes/own-status-of.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const KEY = { namespace: "team-a", name: "app" };
const TEXT = "team-a/app";
const SIGNAL = new AbortController().signal;

const version = (status: unknown, uid = "uid-1"): KubeObject => ({ metadata: { ...KEY, uid }, status });
const whole = (value: unknown): readonly PatchOperation[] => [
  { op: "test", path: "/metadata/uid", value: "uid-1" },
  { op: "add", path: "/status", value },
];

let nowMs: number;
/** After which delays the status was to be written again. */
let delays: number[];
let logger: RecordingLogger;
let ownStatus: OwnStatus;
/** What becomes of the next writes. */
let reply: () => Promise<KubeObject>;
let client: ObjectClient;
beforeEach(() => {
  nowMs = 0;
  delays = [];
  logger = new RecordingLogger();
  const restoreAfter = (_: string, delayMs: number): void => void delays.push(delayMs);
  ownStatus = ownStatusOf(() => nowMs, { logger, restoreAfter });
  reply = async () => ({});
  const never = (): never => {
    throw new Error("not used");
  };
  client = ownStatus.noting({ get: never, patch: never, patchStatus: () => reply() });
});

const [A, B, C] = [{ observedGeneration: 1 }, { observedGeneration: 2 }, { observedGeneration: 3 }];

describe("a status is the controller's own", () => {
  test("although the watch shows it before the reply arrives", async () => {
    const arrival = Promise.withResolvers<KubeObject>();
    reply = () => arrival.promise;
    const write = client.patchStatus(KEY, whole(B), SIGNAL);
    ownStatus.changed(TEXT, version(A), version(B));
    expect(delays).toEqual([]);
    arrival.resolve({});
    await write;
  });

  test("although the reply was lost", async () => {
    reply = () => Promise.reject(new RetryableError("lost", { reason: "Timeout" }));
    await expect(client.patchStatus(KEY, whole(B), SIGNAL)).rejects.toThrow("lost");
    ownStatus.changed(TEXT, version(A), version(B));
    expect(delays).toEqual([]);
  });

  test("although a relist skipped the write before it", async () => {
    await client.patchStatus(KEY, whole(B), SIGNAL);
    await client.patchStatus(KEY, whole(C), SIGNAL);
    ownStatus.changed(TEXT, version(A), version(C));
    expect(delays).toEqual([]);
  });

  test("if it is the one before with all the fields that the controller wrote at once", async () => {
    const arrival = Promise.withResolvers<KubeObject>();
    reply = () => arrival.promise;
    const fields = { class: { name: "a" }, role: { name: "app" }, instanceProfile: { name: "app" } };
    const operations = Object.entries(fields).map(
      ([field, value]) => ({ op: "add", path: `/status/${field}`, value }) as const,
    );
    const write = client.patchStatus(KEY, [...whole(A).slice(0, 1), ...operations], SIGNAL);
    ownStatus.changed(TEXT, version(A), version({ ...A, ...fields }));
    expect(delays).toEqual([]);
    arrival.resolve({});
    await write;
  });

  test("if it is the one before with the field that the controller wrote", async () => {
    await client.patchStatus(KEY, [{ op: "add", path: "/status/class", value: { name: "a" } }], SIGNAL);
    ownStatus.changed(TEXT, version(A), version({ ...A, class: { name: "a" } }));
    expect(delays).toEqual([]);
  });
});

test("a status that arrives within seconds of the start is believed: the former leader may have written it", () => {
  ownStatus.start();
  ownStatus.changed(TEXT, version(A), version(B));
  expect(ownStatus.withOwn(TEXT, version(B))).toEqual(version(B));
  nowMs += 10_000;
  ownStatus.changed(TEXT, version(B), version(C));
  expect(ownStatus.withOwn(TEXT, version(C))).toEqual(version(B));
});

describe("a status is another client's", () => {
  test("if the API server refused the controller's write of the same", async () => {
    reply = () => Promise.reject(new ConflictError("changed", { reason: "Conflict" }));
    await expect(client.patchStatus(KEY, whole(B), SIGNAL)).rejects.toThrow("changed");
    ownStatus.changed(TEXT, version(A), version(B));
    expect(delays).toEqual([1_000]);
  });

  test("if it is an own one that a later own one has replaced", async () => {
    await client.patchStatus(KEY, whole(B), SIGNAL);
    await client.patchStatus(KEY, whole(C), SIGNAL);
    ownStatus.changed(TEXT, version(A), version(C));
    ownStatus.changed(TEXT, version(C), version(B));
    expect(delays).toEqual([1_000]);
    expect(ownStatus.withOwn(TEXT, version(B))).toEqual(version(C));
  });

  test("and gives way to the last own one, through any number of changes, until that is written again", async () => {
    ownStatus.changed(TEXT, version(A), version(B));
    ownStatus.changed(TEXT, version(B), version(undefined));
    expect(logger.lines).toHaveLength(1);
    expect(ownStatus.withOwn(TEXT, version(undefined))).toEqual(version(A));
    await client.patchStatus(KEY, whole(A), SIGNAL);
    ownStatus.changed(TEXT, version(undefined), version(A));
    expect(ownStatus.withOwn(TEXT, version(B))).toEqual(version(B));
  });

  test("but not that of another object of the same name", () => {
    ownStatus.changed(TEXT, version(A), version(B));
    expect(ownStatus.withOwn(TEXT, version(B, "uid-2"))).toEqual(version(B, "uid-2"));
  });
});

test("each restoration doubles the delay of the next, up to five minutes, and ten minutes of peace reset it", async () => {
  for (let i = 0; i < 11; i += 1) {
    ownStatus.changed(TEXT, version(A), version(B));
    await client.patchStatus(KEY, whole(A), SIGNAL);
    ownStatus.changed(TEXT, version(B), version(A));
  }
  expect(delays.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
  expect(delays.at(-1)).toBe(300_000);
  nowMs += 600_000;
  ownStatus.changed(TEXT, version(A), version(B));
  expect(delays.at(-1)).toBe(1_000);
});

describe("whatever decides by the cache", () => {
  const cacheOf = (raw: KubeObject) => ({ get: () => raw, list: () => [raw], keys: () => [TEXT], size: 1 }) as never;

  test("sees the controller's own status while another client's stands", () => {
    ownStatus.changed(TEXT, version(A), version(B));
    const view = ownStatus.view(cacheOf(version(B)));
    expect([view.get(TEXT), view.list()]).toEqual([version(A), [version(A)]]);
  });

  test("sees a deletion with the controller's own status", () => {
    const [old, shown] = [version(A), version(B)] as never[];
    ownStatus.seen({ type: "updated", old: old as never, new: shown as never });
    const deleted = ownStatus.seen({ type: "deleted", old: shown as never, isFinalStateUnknown: false });
    expect(deleted).toMatchObject({ type: "deleted", old: version(A) });
  });
});

test("a field that the controller writes over another client's status does not make the rest its own", async () => {
  ownStatus.changed(TEXT, version(A), version(B));
  const accepted = { name: "a" };
  await client.patchStatus(KEY, [{ op: "add", path: "/status/class", value: accepted }], SIGNAL);
  const shown = version({ ...B, class: accepted });
  ownStatus.changed(TEXT, version(B), shown);
  expect(ownStatus.withOwn(TEXT, shown)).toEqual(version({ ...A, class: accepted }));
  expect(delays).toHaveLength(2);
});

test("a new object does not get the status of a former one of its name", () => {
  ownStatus.changed(TEXT, version(A), version(B));
  ownStatus.changed(TEXT, version(undefined, "uid-2"), version(C, "uid-2"));
  expect(ownStatus.withOwn(TEXT, version(C, "uid-2"))).toEqual({ metadata: { ...KEY, uid: "uid-2" } });
});

test("a write that the watch did not show within a minute proves nothing later", async () => {
  reply = () => Promise.reject(new RetryableError("lost", { reason: "Timeout" }));
  await expect(client.patchStatus(KEY, whole(B), SIGNAL)).rejects.toThrow("lost");
  nowMs += 60_000;
  ownStatus.changed(TEXT, version(A), version(B));
  expect(delays).toEqual([1_000]);
});

describe("a status that a webhook changed as the controller wrote it is the controller's own", () => {
  const changedByWebhook = { ...B, conditions: [] };

  test("when the reply arrives first", async () => {
    reply = async () => version(changedByWebhook);
    await client.patchStatus(KEY, whole(B), SIGNAL);
    ownStatus.changed(TEXT, version(A), version(changedByWebhook));
    expect(delays).toEqual([]);
  });

  test("when the watch shows it first", async () => {
    const arrival = Promise.withResolvers<KubeObject>();
    reply = () => arrival.promise;
    const write = client.patchStatus(KEY, whole(B), SIGNAL);
    ownStatus.changed(TEXT, version(A), version(changedByWebhook));
    arrival.resolve(version(changedByWebhook));
    await write;
    expect(ownStatus.withOwn(TEXT, version(changedByWebhook))).toEqual(version(changedByWebhook));
  });
});

test("an index shows the controller's own status too, while another client's is there", async () => {
  const indexers = { generation: (object: KubeObject) => String((object["status"] as typeof A).observedGeneration) };
  const store = new ObjectStore(indexers);
  const view = ownStatus.view(store, indexers);
  const shown = (generation: string): readonly unknown[] =>
    view.byIndex("generation", generation).map(({ metadata }) => metadata.name);
  const stored = (status: unknown, resourceVersion: string): WatchedObject => ({
    metadata: { ...KEY, uid: "uid-1", resourceVersion },
    status,
  });
  store.apply({ type: "ADDED", object: stored(A, "1") });
  expect([shown("1"), shown("2")]).toEqual([["app"], []]);
  for (const change of store.apply({ type: "MODIFIED", object: stored(B, "2") })) ownStatus.seen(change);
  expect([shown("1"), shown("2")]).toEqual([["app"], []]);
  await client.patchStatus(KEY, whole(C), SIGNAL);
  for (const change of store.apply({ type: "MODIFIED", object: stored(C, "3") })) ownStatus.seen(change);
  expect([shown("1"), shown("2"), shown("3")]).toEqual([[], [], ["app"]]);
});
