import { afterEach, describe, expect, test } from "vitest";
import { isRewound, keyOf } from "../../../src/runtime/watch/list-watch.ts";
import { Reflector } from "../../../src/runtime/watch/reflector.ts";
import type { ObjectChange } from "../../../src/runtime/watch/store.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { FakeFault, FakeListWatch } from "../../support/fake-list-watch.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

const running: Reflector[] = [];

afterEach(async () => {
  for (const reflector of running.splice(0)) await reflector.stop();
});

function setUp(onChange: (change: ObjectChange) => void = () => {}) {
  const clock = new FakeClock();
  const api = new FakeListWatch();
  const logger = new RecordingLogger();
  const changes: string[] = [];
  const ends: string[] = [];
  const reflector = new Reflector({
    kind: "InstanceProfile",
    listWatch: api,
    clock,
    random: () => 0,
    logger,
    onChange: (change) => {
      changes.push(`${change.type} ${keyOf(change.type === "deleted" ? change.old : change.new)}`);
      onChange(change);
    },
    observer: { watchEnded: (end) => ends.push(end) },
  });
  running.push(reflector);
  return { clock, api, logger, changes, ends, reflector };
}

/** A reflector that has listed what `api` holds and watches on. */
async function watching(names: readonly string[] = ["a", "b"], onChange?: (change: ObjectChange) => void) {
  const all = setUp(onChange);
  for (const name of names) all.api.put(name);
  all.reflector.start();
  await settle();
  all.changes.length = 0;
  return all;
}

test("lists first, then watches from where the list ended", async () => {
  const { api, changes, reflector } = setUp();
  api.put("a");
  reflector.start();
  await settle();
  expect(changes).toEqual(["added default/a"]);
  expect(api.lists).toMatchObject([{ limit: 500, continueToken: undefined }]);
  expect(api.watches.map((watch) => watch.request.resourceVersion)).toEqual([api.version]);
});

test("is synced only when the handlers have seen the whole initial list", async () => {
  const { api, clock, reflector, changes } = setUp(() => expect(reflector.hasSynced).toBe(false));
  api.put("a");
  api.put("b");
  let isSynced = false;
  const synced = reflector.whenSynced(120_000).then(() => {
    isSynced = true;
  });
  reflector.start();
  expect(isSynced).toBe(false);
  await synced;
  expect(changes).toHaveLength(2);
  expect(reflector.hasSynced).toBe(true);
  await settle();
  expect(clock.timerCount).toBe(2);
});

test("says why it is not synced when the time for it is over", async () => {
  const { clock, api, reflector } = setUp();
  api.beforePage = () => {
    throw new FakeFault("forbidden");
  };
  reflector.start();
  const synced = expect(reflector.whenSynced(120_000)).rejects.toThrow(
    "The cache of InstanceProfile was not filled within 120 s: forbidden: fake forbidden",
  );
  await clock.advance(120_000);
  await synced;
});

test("tells what was there from what came later", async () => {
  const seen: ObjectChange[] = [];
  const { api } = await watching(["a"], (change) => seen.push(change));
  api.put("b");
  await settle();
  expect(seen).toMatchObject([
    { type: "added", isInInitialList: true },
    { type: "added", isInInitialList: false },
  ]);
});

test("hands over the old and the new object of an update", async () => {
  const seen: ObjectChange[] = [];
  const { api } = await watching(["a"], (change) => seen.push(change));
  api.put("a", { spec: { size: 2 } });
  await settle();
  expect(seen.at(-1)).toMatchObject({ type: "updated", new: { spec: { size: 2 } } });
  expect((seen.at(-1) as { old: object }).old).not.toHaveProperty("spec");
});

test("hands over the final state of an object whose deletion it saw", async () => {
  const seen: ObjectChange[] = [];
  const { api, reflector } = await watching(["a"], (change) => seen.push(change));
  api.remove("a");
  await settle();
  expect(seen.at(-1)).toMatchObject({
    type: "deleted",
    isFinalStateUnknown: false,
    old: { metadata: { resourceVersion: api.version } },
  });
  expect(reflector.cache.keys()).toEqual([]);
});

test("asks the server to end the watch after five to ten minutes, and goes on at once when it does", async () => {
  const { clock, api, reflector } = await watching();
  expect(api.watches[0]?.request.timeoutSeconds).toBe(300);
  await clock.advance(170_000);
  api.bookmark();
  await clock.advance(130_000);
  api.watches[0]?.send("end");
  await settle();
  expect(api.watches).toHaveLength(2);
  expect(api.lists).toHaveLength(1);
  expect(reflector.hasSynced).toBe(true);
});

test("resumes from the last bookmark although nothing happened to its objects", async () => {
  const { clock, api } = await watching();
  for (let i = 0; i < 50; i++) api.put("of-another-kind");
  api.bookmark();
  await clock.advance(2_000);
  api.watches[0]?.send("end");
  await settle();
  expect(api.watches[1]?.request.resourceVersion).toBe(api.version);
});

/** Ends each watch after five minutes, as the server does, for so long. */
async function watchesEnd(api: FakeListWatch, clock: FakeClock, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 300_000) {
    await clock.advance(150_000);
    api.bookmark();
    await clock.advance(150_000);
    api.openWatches[0]?.send("end");
    await settle();
  }
}

test("finds an object, an edit and a deletion of which no watch has told, within the hour", async () => {
  const { clock, api, changes } = await watching(["edited", "deleted"]);
  const tell = api.watches[0]?.send;
  for (const watch of api.watches) watch.send = () => {};
  api.put("created");
  api.put("edited", { spec: 2 });
  api.remove("deleted");
  for (const watch of api.watches) if (tell) watch.send = tell;
  await watchesEnd(api, clock, 1_500_000);
  expect(changes).toEqual([]);
  await watchesEnd(api, clock, 600_000);
  expect(changes).toEqual(["deleted default/deleted", "updated default/edited", "added default/created"]);
  expect(api.lists).toHaveLength(2);
});

test("watches on where a list that is due fails, and lists when the next is due", async () => {
  const { clock, api, changes } = await watching();
  await watchesEnd(api, clock, 1_500_000);
  api.failList.push(new FakeFault("throttled"));
  await watchesEnd(api, clock, 300_000);
  await clock.advance(800);
  expect(api.openWatches).toHaveLength(1);
  api.put("c");
  await settle();
  expect(changes).toEqual(["added default/c"]);
  expect(api.lists).toHaveLength(2);
});

test("goes on after a connection reset soon after an event, without listing and without losing an event", async () => {
  const { clock, api, changes } = await watching();
  api.watches[0]?.send(new Error("read ECONNRESET"));
  await settle();
  api.put("c");
  api.remove("a");
  await clock.advance(800);
  expect(changes).toEqual(["added default/c", "deleted default/a"]);
  expect(api.lists).toHaveLength(1);
});

for (const [symptom, fault] of [
  ["429 on the watch", new FakeFault("throttled")],
  ["503 or a refused connection on the watch", new FakeFault("unavailable")],
  ["401 on the watch", new FakeFault("unauthorized")],
  ["403 on the watch", new FakeFault("forbidden")],
] as const) {
  test(`keeps its place and goes on after ${symptom}`, async () => {
    const { clock, api, changes } = await watching();
    api.watches[0]?.send(fault);
    await settle();
    api.put("c");
    await clock.advance(800);
    expect(changes).toEqual(["added default/c"]);
    expect([api.lists.length, api.watches.length]).toEqual([1, 2]);
  });

  test(`lists after ${symptom} for seconds, in which another past could have begun`, async () => {
    const { clock, api, changes } = await watching();
    api.failWatch.push(fault);
    api.watches[0]?.send(fault);
    await settle();
    api.put("c");
    await clock.advance(800 + 1_600);
    expect(changes).toEqual(["added default/c"]);
    expect([api.lists.length, api.watches.length]).toEqual([2, 3]);
  });

  test(`fills its cache after ${symptom.replace("watch", "list")}`, async () => {
    const { clock, api, changes, reflector } = setUp();
    api.put("a");
    api.failList.push(fault, fault, fault);
    reflector.start();
    await clock.advance(800 + 1_600 + 3_200);
    expect(changes).toEqual(["added default/a"]);
    expect(reflector.hasSynced).toBe(true);
  });
}

test("lists anew at once after 410 on the watch, and finds what it missed, deletions included", async () => {
  const seen: ObjectChange[] = [];
  const { api, changes } = await watching(["a", "b"], (change) => seen.push(change));
  api.watches[0]?.send(new FakeFault("expired"));
  api.remove("a");
  api.put("b", { spec: 2 });
  api.put("c");
  await settle();
  expect(changes).toEqual(["deleted default/a", "updated default/b", "added default/c"]);
  expect(seen.find((change) => change.type === "deleted")).toMatchObject({ isFinalStateUnknown: true });
  expect(api.lists).toHaveLength(2);
});

test("does not announce again what a second list shows unchanged", async () => {
  const { api, changes } = await watching();
  api.watches[0]?.send(new FakeFault("expired"));
  await settle();
  expect(api.lists).toHaveLength(2);
  expect(changes).toEqual([]);
});

test("does not list in a tight loop when every watch is answered with 410", async () => {
  const { clock, api } = await watching();
  api.watches[0]?.send(new FakeFault("expired"));
  for (let i = 0; i < 100; i++) api.failWatch.push(new FakeFault("expired"));
  await clock.advance(60_000);
  expect(api.lists.length).toBeLessThan(12);
});

test("waits for the CRD when the list is answered with 404", async () => {
  const { clock, api, logger, reflector } = setUp();
  for (let i = 0; i < 5; i++) api.failList.push(new FakeFault("notFound"));
  reflector.start();
  await clock.advance(60_000);
  expect(reflector.hasSynced).toBe(true);
  expect(logger.messages("error")).toEqual(["The API server does not know this kind. Install its CRD."]);
});

test("keeps its cache when the CRD is removed, and lists anew when it is back", async () => {
  const { clock, api, changes, reflector } = await watching();
  api.failList.push(new FakeFault("notFound"));
  api.watches[0]?.send(new FakeFault("notFound"));
  await clock.advance(800);
  expect(reflector.cache.size).toBe(2);
  await clock.advance(1_600);
  expect(api.lists).toHaveLength(3);
  expect(changes).toEqual([]);
});

test("lists anew after a line that cannot be understood, instead of skipping it", async () => {
  const { clock, api, changes } = await watching();
  const watch = api.watches[0];
  watch?.send(new FakeFault("malformed"));
  await settle();
  api.put("c");
  await clock.advance(800);
  expect(changes).toEqual(["added default/c"]);
  expect(api.lists).toHaveLength(2);
});

test("lists anew after an error event that names no cause it knows", async () => {
  const { clock, api } = await watching();
  api.watches[0]?.send(new FakeFault("rejected"));
  await clock.advance(800);
  expect(api.lists).toHaveLength(2);
});

test("waits at least as long as the server asks", async () => {
  const { clock, api } = await watching();
  api.watches[0]?.send(new FakeFault("throttled", 5_000));
  await clock.advance(4_999);
  expect(api.watches).toHaveLength(1);
  await clock.advance(1);
  expect(api.watches).toHaveLength(2);
});

test("waits longer each time while the server stays away, and starts over once it was well for two minutes", async () => {
  const { clock, api, reflector } = setUp();
  const triedMs: number[] = [];
  api.beforePage = () => {
    triedMs.push(clock.monotonicMs());
    if (triedMs.length <= 9) throw new FakeFault("unavailable");
  };
  reflector.start();
  await clock.advance(150_000);
  const gaps = triedMs.slice(1).map((atMs, i) => atMs - (triedMs[i] ?? 0));
  expect(gaps).toEqual([800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000, 10_000]);
  await clock.advance(120_000);
  api.watches[0]?.send(new FakeFault("unavailable"));
  await clock.advance(800);
  expect(api.watches).toHaveLength(2);
});

test("does not watch in a tight loop when the server ends every watch at once", async () => {
  const { clock, api } = await watching();
  api.onWatch = (watch) => watch.send("end");
  api.watches[0]?.send("end");
  await clock.advance(60_000);
  expect(api.watches.length).toBeLessThan(11);
});

test("gives up a watch that is silent for three minutes, and lists before the next", async () => {
  const { clock, api, ends } = await watching();
  await clock.advance(179_999);
  expect(api.watches).toHaveLength(1);
  await clock.advance(1);
  expect(ends).toEqual(["silent"]);
  expect(api.watches).toHaveLength(2);
  expect(api.openWatches).toHaveLength(1);
  expect(api.lists).toHaveLength(2);
});

test("keeps a quiet watch that sends bookmarks", async () => {
  const { clock, api } = await watching();
  for (let minute = 0; minute < 5; minute++) {
    await clock.advance(60_000);
    api.bookmark();
  }
  await settle();
  expect(api.watches).toHaveLength(1);
});

test("gives up a watch that the server does not end when it should", async () => {
  const { clock, api, ends } = await watching();
  for (let i = 0; i < 33; i++) {
    api.bookmark();
    await clock.advance(10_000);
  }
  expect(ends).toEqual(["overdue"]);
  expect(api.watches).toHaveLength(2);
});

test("leaves a dead connection behind that does not even notice being aborted", async () => {
  const { clock, api, changes } = await watching();
  const dead = api.watches[0];
  if (dead !== undefined) dead.isDead = true;
  api.put("c");
  await clock.advance(180_000);
  expect(changes).toEqual(["added default/c"]);
});

test("reads a list in pages of one snapshot although objects are deleted in between", async () => {
  const { api, changes, reflector } = setUp();
  for (const name of ["a", "b", "c", "d", "e"]) api.put(name);
  api.pageLimit = 2;
  api.beforePage = (request) => {
    if (request.continueToken !== undefined && api.lists.length === 2) {
      api.remove("a");
      api.remove("e");
    }
  };
  reflector.start();
  await settle();
  expect(api.lists).toHaveLength(3);
  expect(api.watches.map((watch) => watch.request.resourceVersion)).toEqual(["6"]);
  expect(changes).toEqual([
    ...["a", "b", "c", "d", "e"].map((name) => `added default/${name}`),
    "deleted default/a",
    "deleted default/e",
  ]);
  expect(reflector.cache.keys()).toEqual(["default/b", "default/c", "default/d"]);
});

test("does not report objects of later pages as deleted when it lists again", async () => {
  const { api, changes, reflector } = setUp();
  for (const name of ["a", "b", "c", "d", "e"]) api.put(name);
  api.pageLimit = 2;
  reflector.start();
  await settle();
  changes.length = 0;
  api.watches[0]?.send(new FakeFault("expired"));
  await settle();
  expect(api.lists).toHaveLength(6);
  expect(changes).toEqual([]);
});

test("lists in one piece when the snapshot expires between two pages", async () => {
  const { api, reflector } = setUp();
  for (const name of ["a", "b", "c", "d", "e"]) api.put(name);
  api.pageLimit = 2;
  api.beforePage = () => {
    if (api.lists.length === 2) api.compact();
  };
  reflector.start();
  await settle();
  expect(reflector.cache.size).toBe(5);
  expect(api.lists.map((list) => list.limit)).toEqual([500, 500, undefined]);
});

test("treats the same name with a new uid as a deletion and an addition", async () => {
  const { api, changes } = await watching(["a"]);
  api.watches[0]?.send(new FakeFault("expired"));
  api.remove("a");
  api.put("a", { uid: "another" });
  await settle();
  expect(changes).toEqual(["deleted default/a", "added default/a"]);
});

test("survives a handler that throws, and goes on with the next change", async () => {
  const { api, changes, logger } = await watching([], (change) => {
    if (change.type === "added" && change.new.metadata.name === "bad") throw new Error("a bug");
  });
  api.put("bad");
  api.put("good");
  await settle();
  expect(changes).toEqual(["added default/bad", "added default/good"]);
  expect(logger.messages("error")).toEqual(["A handler failed; the object stays in the cache"]);
});

test("says once and loudly that it is forbidden to watch, and says when that is over", async () => {
  const { clock, api, logger, reflector } = setUp();
  for (let i = 0; i < 6; i++) api.failList.push(new FakeFault("forbidden"));
  reflector.start();
  await settle();
  expect(reflector.fault).toContain("Bind the role that the deployment ships");
  await clock.advance(120_000);
  expect(reflector.fault).toBeUndefined();
  expect(logger.messages("error")).toHaveLength(1);
  expect(logger.messages("info")).toEqual(["The API server responds again"]);
  expect(logger.lines.find((line) => line.level === "info")?.fields).toMatchObject({ attempts: 6 });
});

test("has no fault that a person must mend while the API server is only away", async () => {
  const { api, reflector } = setUp();
  api.failList.push(new FakeFault("unavailable"));
  reflector.start();
  await settle();
  expect(reflector.fault).toBeUndefined();
});

for (const heedsAbort of [true, false]) {
  const how = heedsAbort ? "" : ", even if the list is answered nevertheless";
  test(`opens no watch and calls no handler after it was stopped during the list${how}`, async () => {
    const { clock, api, changes, reflector } = setUp();
    api.put("a");
    api.heedsAbort = heedsAbort;
    const answer = Promise.withResolvers<void>();
    api.beforePage = () => answer.promise;
    reflector.start();
    await settle();
    const stopped = reflector.stop();
    answer.resolve();
    await stopped;
    await clock.advance(600_000);
    expect(api.watches).toEqual([]);
    expect(changes).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });
}

test("opens no watch after it was stopped during a pause", async () => {
  const { clock, api, reflector } = await watching();
  api.watches[0]?.send(new FakeFault("unavailable"));
  await settle();
  await reflector.stop();
  await clock.advance(600_000);
  expect(api.watches).toHaveLength(1);
  expect(clock.timerCount).toBe(0);
});

test("ends its watch when it is stopped, once, however often it is asked", async () => {
  const { clock, api, reflector } = await watching();
  await Promise.all([reflector.stop(), reflector.stop()]);
  await settle();
  expect(api.openWatches).toEqual([]);
  expect(clock.timerCount).toBe(0);
});

test("watches once when it is started twice, and not at all when it was stopped before", async () => {
  const { api, reflector } = setUp();
  reflector.start();
  reflector.start();
  await settle();
  expect(api.watches).toHaveLength(1);
  const late = setUp();
  await late.reflector.stop();
  late.reflector.start();
  await settle();
  expect(late.api.lists).toEqual([]);
});

test("tells whoever waits for the first list that it was called off", async () => {
  const { api, reflector } = setUp();
  api.beforePage = () => new Promise(() => {});
  const synced = expect(reflector.whenSynced(120_000)).rejects.toThrow("was stopped");
  await reflector.stop();
  await synced;
});

describe("etcd restored from a backup", () => {
  /** Two objects in the cache; after the backup `a` was edited, `b` deleted and `c` created, and then etcd was restored. */
  async function restored() {
    const all = await watching(["a", "b"]);
    const restore = all.api.backUp();
    all.api.put("a", { edited: "before the restore" });
    all.api.remove("b");
    all.api.put("c");
    await all.clock.advance(3_000);
    all.changes.length = 0;
    restore();
    return all;
  }
  const CAUGHT_UP = ["deleted default/c", "updated default/a", "added default/b"];

  for (const [symptom, end, fasterBy] of [
    ["the server ended the watch before its time", "end", 0],
    ["the connection broke", new FakeFault("unavailable"), 0],
    ["the versions have grown beyond those of the lost past", new FakeFault("unavailable"), 100],
  ] as const) {
    test(`is noticed when ${symptom}: a watch would show nothing`, async () => {
      const { api, changes, clock, logger } = await restored();
      api.writeElsewhere(fasterBy);
      api.openWatches[0]?.send(end);
      await clock.advance(1_700);
      expect(changes).toEqual(CAUGHT_UP);
      expect(api.watches.at(-1)?.request.resourceVersion).toBe(api.version);
      expect(logger.messages("warn").join()).toContain("etcd was restored");
    });
  }

  test("is noticed when it took place while the server was asked for a watch", async () => {
    const { api, changes, clock } = await watching(["a"]);
    const restore = api.backUp();
    api.put("a", { edited: "before the restore" });
    await settle();
    api.opensAtOnce = false;
    api.openWatches[0]?.send(new FakeFault("unavailable"));
    await clock.advance(800);
    restore();
    api.writeElsewhere(100);
    await clock.advance(1_300);
    changes.length = 0;
    api.openWatches[0]?.request.onOpen?.();
    await settle();
    expect(changes).toEqual(["updated default/a"]);
  });

  test("lets a server that is slow to accept watches alone once it has listed", async () => {
    const { api, clock, reflector } = setUp();
    api.opensAtOnce = false;
    reflector.start();
    await clock.advance(5_000);
    api.openWatches[0]?.request.onOpen?.();
    await clock.advance(10_000);
    expect([api.lists.length, api.watches.length]).toEqual([1, 1]);
  });

  test("is seen by a bookmark, by an event, and by the reply to a write", async () => {
    const signs: readonly ((all: Awaited<ReturnType<typeof restored>>) => void)[] = [
      ({ api }) => api.bookmark(),
      ({ api }) => void api.put("b", { edited: "after the restore" }),
      ({ reflector }) => reflector.relist("9", "5"),
    ];
    for (const sign of signs) {
      const all = await restored();
      sign(all);
      await all.clock.advance(10);
      expect(all.changes).toEqual(CAUGHT_UP);
    }
  });

  test("cannot hide an edit that has the version of one before the restore", async () => {
    const { api, changes, clock, reflector } = await restored();
    api.put("a", { edited: "after the restore" });
    api.bookmark();
    await clock.advance(10);
    expect(changes).toEqual(CAUGHT_UP);
    expect(reflector.cache.get("default/a")).toMatchObject({ edited: "after the restore" });
  });

  test("is not taken for one while versions only grow, or are no numbers", async () => {
    expect([isRewound("9", "10"), isRewound("10", "10"), isRewound("abc", "1"), isRewound(undefined, "1")]).toEqual([
      ...[false, false, false, false],
    ]);
    expect([isRewound("10", "9"), isRewound("99999999999999999999", "99999999999999999998")]).toEqual([true, true]);
  });
});
