import { afterEach, expect, test } from "vitest";
import { SnapshotReader } from "../../../src/runtime/watch/list-snapshot.ts";
import { keyOf } from "../../../src/runtime/watch/list-watch.ts";
import { Reflector } from "../../../src/runtime/watch/reflector.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { FakeFault, FakeListWatch, type FakeStream } from "../../support/fake-list-watch.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const never = new AbortController().signal;

/** A server without streams whose objects are so large that only so many fit into a page. */
function serverOf(names: readonly string[], fit: number): FakeListWatch {
  const api = new FakeListWatch();
  for (const name of names) api.put(name);
  api.onStream = (stream) => stream.send(new FakeFault("rejected"));
  api.beforePage = ({ limit = Number.POSITIVE_INFINITY }) => {
    if (Math.min(limit, names.length) > fit) throw new FakeFault("oversize");
  };
  return api;
}

test("a page that is too large comes in smaller ones, down to single objects", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `large-${i}`);
  for (const fit of [10, 1]) {
    const api = serverOf(names, fit);
    const { items } = await new SnapshotReader(api, new FakeClock()).take(never);
    expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted());
  }
});

test("a list whose pages had to be smaller is not asked for in one piece when the server forgets it half-way", async () => {
  const api = serverOf(
    Array.from({ length: 30 }, (_, i) => `large-${i}`),
    10,
  );
  const { beforePage } = api;
  api.beforePage = async (request) => {
    await beforePage(request);
    if (request.continueToken !== undefined) throw new FakeFault("expired");
  };
  await expect(new SnapshotReader(api, new FakeClock()).take(never)).rejects.toThrow("fake expired");
  expect(api.lists.map(({ limit }) => limit)).not.toContain(undefined);
});

const running: Reflector[] = [];

afterEach(async () => {
  for (const reflector of running.splice(0)) await reflector.stop();
});

/** A reflector, not yet started, of a server that holds `names` and answers streams as told. */
function setUp(names: readonly string[], onStream: (stream: FakeStream, api: FakeListWatch) => void) {
  const clock = new FakeClock();
  const api = new FakeListWatch();
  for (const name of names) api.put(name);
  api.onStream = (stream) => onStream(stream, api);
  const changes: string[] = [];
  const reflector = new Reflector({
    kind: "InstanceProfile",
    listWatch: api,
    clock,
    random: () => 0,
    logger: new RecordingLogger(),
    onChange: (change) => changes.push(`${change.type} ${keyOf(change.type === "deleted" ? change.old : change.new)}`),
  });
  running.push(reflector);
  return { clock, api, changes, reflector };
}

async function started(names: readonly string[], onStream: (stream: FakeStream, api: FakeListWatch) => void) {
  const all = setUp(names, onStream);
  all.reflector.start();
  await settle();
  return all;
}

const serve = (stream: FakeStream, api: FakeListWatch): void => api.sendList(stream);
/** The answer of a server that hangs up on whoever watches from before. */
const expired = (): Error => new FakeFault("expired");

test("takes the whole list from a stream, closes it, and watches from where it ended", async () => {
  const { api, changes, reflector, clock } = await started(["a", "b"], serve);
  expect(changes).toEqual(["added default/a", "added default/b"]);
  expect(reflector.hasSynced).toBe(true);
  expect(api.lists).toEqual([]);
  expect(api.streams.map(({ isOpen }) => isOpen)).toEqual([false]);
  expect(api.watches.map(({ request }) => request.resourceVersion)).toEqual([api.version]);
  expect(clock.timerCount).toBe(2);
});

test("shows nothing of a stream before its end", async () => {
  const { api, changes, reflector } = await started(["a"], () => {});
  const [stream] = api.streams;
  stream?.send({ type: "ADDED", object: api.put("a") });
  await settle();
  expect([changes, reflector.hasSynced]).toEqual([[], false]);
  stream?.send({ type: "END", resourceVersion: api.version });
  await settle();
  expect([changes, reflector.hasSynced]).toEqual([["added default/a"], true]);
});

test("takes what changes during the stream into the list", async () => {
  const { api, changes, reflector } = await started(["a", "b"], (stream, server) => {
    stream.send({ type: "ADDED", object: server.put("a") });
    stream.send({ type: "ADDED", object: server.put("b") });
    stream.send({ type: "MODIFIED", object: server.put("a", { spec: 2 }) });
    stream.send({ type: "DELETED", object: server.put("b") });
    stream.send({ type: "END", resourceVersion: server.version });
  });
  expect(changes).toEqual(["added default/a"]);
  expect(reflector.cache.get("default/a")).toMatchObject({ spec: 2 });
  expect(api.lists).toEqual([]);
});

test("finds with a stream what was deleted, changed and made anew while nobody watched", async () => {
  const { api, changes } = await started(["kept", "edited", "gone", "replaced"], serve);
  changes.length = 0;
  api.watches[0]?.send(expired());
  for (const watch of api.watches) watch.isDead = true;
  api.put("edited", { spec: 2 });
  api.remove("gone");
  api.put("replaced", { uid: "another" });
  api.compact();
  await settle();
  expect(api.streams).toHaveLength(2);
  expect(api.lists).toEqual([]);
  expect(changes).toEqual([
    "deleted default/gone",
    "updated default/edited",
    "deleted default/replaced",
    "added default/replaced",
  ]);
});

test.each(["rejected", "notFound"] as const)(
  "lists in pages, at once and for good, where streams are %s",
  async (kind) => {
    const { api, reflector } = await started(["a"], (stream) => stream.send(new FakeFault(kind)));
    expect(reflector.hasSynced).toBe(true);
    api.watches[0]?.send(expired());
    await settle();
    expect([api.streams.length, api.lists.length]).toEqual([1, 2]);
  },
);

test("asks for a stream again when it was the kind that was missing", async () => {
  const { api, clock, reflector } = setUp(["a"], (stream, server) => {
    if (server.streams.length === 1) stream.send(new FakeFault("notFound"));
    else server.sendList(stream);
  });
  api.failList.push(new FakeFault("notFound"));
  reflector.start();
  await clock.advance(2_000);
  expect(reflector.hasSynced).toBe(true);
  expect([api.streams.length, api.lists.length]).toEqual([2, 1]);
});

test.each([
  ["sends nothing", false],
  ["does not even notice that it is left", true],
])("lists in pages from then on when a stream %s for ten seconds", async (_, isDead) => {
  const { api, clock, reflector } = await started(["a"], (stream) => {
    stream.isDead = isDead;
  });
  await clock.advance(9_999);
  expect(api.lists).toEqual([]);
  await clock.advance(1);
  expect(reflector.hasSynced).toBe(true);
  api.watches[0]?.send(expired());
  await settle();
  expect([api.streams.length, api.lists.length]).toEqual([1, 2]);
});

test("lists in pages from then on when a busy stream has no end within a minute", async () => {
  const { api, clock, reflector } = await started(["a"], () => {});
  for (let i = 0; i < 12; i++) {
    api.streams[0]?.send({ type: "MODIFIED", object: api.put("a", { spec: i }) });
    await clock.advance(5_000);
  }
  expect(reflector.hasSynced).toBe(true);
  expect(reflector.cache.get("default/a")).toMatchObject({ spec: 11 });
  api.watches[0]?.send(expired());
  await settle();
  expect([api.streams.length, api.lists.length]).toEqual([1, 2]);
});

test.each<[string, "end" | Error]>([
  ["is closed", "end"],
  ["breaks off", new Error("read ECONNRESET")],
  ["ends in an error event", new FakeFault("rejected")],
])("lists in pages this once when a stream %s midway", async (_, how) => {
  const { api, reflector } = await started(["a", "b"], (stream, server) => {
    if (server.streams.length > 1) return server.sendList(stream);
    stream.send({ type: "ADDED", object: server.put("a") });
    stream.send(how);
  });
  expect(reflector.cache.keys()).toEqual(["default/a", "default/b"]);
  api.watches[0]?.send(expired());
  await settle();
  expect([api.streams.length, api.lists.length]).toEqual([2, 1]);
});

test("waits as for a list when the server is away, and tries the other way next", async () => {
  const { api, clock, reflector } = await started(["a"], (stream) => stream.send(new FakeFault("unavailable")));
  expect([api.streams.length, api.lists.length]).toEqual([1, 0]);
  await clock.advance(799);
  expect(api.lists).toEqual([]);
  await clock.advance(1);
  expect(reflector.hasSynced).toBe(true);
  expect([api.streams.length, api.lists.length]).toEqual([1, 1]);
});

test("heeds what a server asks that is too busy to stream", async () => {
  const { api, clock } = await started(["a"], (stream) => stream.send(new FakeFault("throttled", 5_000)));
  await clock.advance(4_999);
  expect([api.streams.length, api.lists.length]).toEqual([1, 0]);
  await clock.advance(1);
  expect(api.lists).toHaveLength(1);
});

test("leaves the stream when it is stopped, and asks for nothing more", async () => {
  const { api, clock, reflector } = await started(["a"], () => {});
  await reflector.stop();
  expect([api.streams[0]?.isOpen, api.lists.length, clock.timerCount]).toEqual([false, 0, 0]);
});
