import { expect, test } from "vitest";
import { type Change, CompactedError, ObjectStore } from "../../../../../src/sandbox/kube/storage/object-store.ts";

const storage = "example.dev/widgets";
const named = (name: string, size = 0) => ({ metadata: { name }, size });

const brief = ({ type, key, revision }: Change): string => `${revision} ${type} ${key}`;

test("numbers all writes with one counter and stamps the objects with it", () => {
  const store = new ObjectStore(100);
  const first = store.put(storage, "ns/a", named("a"));
  const second = store.put("/namespaces", "ns", named("ns"));
  expect([first, second].map(({ metadata }) => metadata)).toMatchObject([
    { resourceVersion: "2" },
    { resourceVersion: "3" },
  ]);
  expect(store.revision).toBe(3);
  expect(store.remove(storage, "ns/a")).toMatchObject({ metadata: { resourceVersion: "4" } });
  expect(store.remove(storage, "ns/a")).toBeUndefined();
});

test("hands out objects that nobody can change", () => {
  const store = new ObjectStore(100);
  const stored = store.put(storage, "a", { metadata: { labels: { a: "b" } } });
  expect(() => Object.assign((stored["metadata"] as { labels: object }).labels, { a: "c" })).toThrow(TypeError);
});

test("lists in the order of keys, as etcd does", () => {
  const store = new ObjectStore(100);
  for (const key of ["b/x", "a/z", "a-b/x", "a/y"]) store.put(storage, key, named(key));
  expect(store.list(storage, "").entries.map(([key]) => key)).toEqual(["a-b/x", "a/y", "a/z", "b/x"]);
  expect(store.list(storage, "a/").entries.map(([key]) => key)).toEqual(["a/y", "a/z"]);
  expect(store.storages()).toEqual([storage]);
});

test("reads the past as it was, through creations, changes and removals", () => {
  const store = new ObjectStore(100);
  store.put(storage, "a", named("a", 1));
  const then = store.revision;
  store.put(storage, "a", named("a", 2));
  store.put(storage, "b", named("b"));
  store.remove(storage, "a");
  expect(store.list(storage, "", then).entries).toMatchObject([["a", { size: 1 }]]);
  expect(store.list(storage, "", then - 1).entries).toEqual([]);
  expect(store.list(storage, "").entries.map(([key]) => key)).toEqual(["b"]);
});

test("tells the changes since a revision, and refuses when some are forgotten", () => {
  const store = new ObjectStore(2);
  store.put(storage, "a", named("a"));
  const start = store.revision;
  store.put(storage, "a", named("a", 2));
  store.put("/other", "x", named("x"));
  expect(store.changesSince(storage, start).map(brief)).toEqual(["3 MODIFIED a"]);
  store.remove(storage, "a");
  expect(() => store.changesSince(storage, start)).toThrow(CompactedError);
  expect(() => store.list(storage, "", start)).toThrow(CompactedError);
  expect(store.changesSince(storage, 3).map(brief)).toEqual(["5 DELETED a"]);
});

test("forgets all history at once when compacted, but not the present", () => {
  const store = new ObjectStore(100);
  store.put(storage, "a", named("a"));
  store.put(storage, "b", named("b"));
  store.compact();
  expect(() => store.changesSince(storage, 2)).toThrow("the oldest that is kept is 3");
  expect(store.changesSince(storage, 3)).toEqual([]);
  expect(store.list(storage, "").entries).toHaveLength(2);
});

test("tells every listener all writes in order, even those that a listener makes", () => {
  const store = new ObjectStore(100);
  const heard: string[] = [];
  store.subscribe((change) => {
    if (change.key === "a" && change.type === "ADDED") store.put(storage, "b", named("b"));
  });
  const stop = store.subscribe((change) => heard.push(brief(change)));
  store.put(storage, "a", named("a"));
  stop();
  store.put(storage, "c", named("c"));
  expect(heard).toEqual(["2 ADDED a", "3 ADDED b"]);
});
