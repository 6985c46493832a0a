import { describe, expect, test } from "vitest";
import type { WatchedObject } from "../../../src/runtime/watch/list-watch.ts";
import { ObjectStore } from "../../../src/runtime/watch/store.ts";

function anObject(name: string, version: string, fields: Record<string, unknown> = {}): WatchedObject {
  const { metadata, ...rest } = fields as { metadata?: object };
  return { metadata: { namespace: "ns", name, uid: `uid-${name}`, resourceVersion: version, ...metadata }, ...rest };
}

test("freezes objects through and through, so that no reader can change what another sees", () => {
  const store = new ObjectStore();
  store.apply({ type: "ADDED", object: anObject("a", "1", { spec: { statements: [{ sid: "x" }] } }) });
  const object = store.get("ns/a") as unknown as { spec: { statements: { sid: string }[] } };
  expect(() => {
    object.spec.statements.push({ sid: "y" });
  }).toThrow(TypeError);
  expect(() => {
    (object.spec.statements[0] as { sid: string }).sid = "y";
  }).toThrow(TypeError);
});

test("drops managedFields and the last-applied annotation and keeps other annotations", () => {
  const store = new ObjectStore();
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", mine: "yes" };
  store.replace([anObject("a", "1", { metadata: { managedFields: [{ manager: "kubectl" }], annotations } })], {
    isInitialList: true,
    isContinuous: true,
  });
  const metadata = store.get("ns/a")?.metadata;
  expect(metadata).not.toHaveProperty("managedFields");
  expect(metadata?.annotations).toEqual({ mine: "yes" });
});

test("keeps fields that it does not know", () => {
  const store = new ObjectStore();
  store.apply({ type: "ADDED", object: anObject("a", "1", { futureField: { x: 1 } }) });
  expect(store.get("ns/a")).toMatchObject({ futureField: { x: 1 } });
});

test("changes nothing for a state that it knows already", () => {
  const store = new ObjectStore();
  store.apply({ type: "ADDED", object: anObject("a", "1") });
  expect(store.apply({ type: "MODIFIED", object: anObject("a", "1") })).toEqual([]);
  expect(store.replace([anObject("a", "1")], { isInitialList: false, isContinuous: true })).toEqual([]);
});

test("takes an update of an object it does not know for an addition, and ignores the deletion of one", () => {
  const store = new ObjectStore();
  expect(store.apply({ type: "MODIFIED", object: anObject("a", "1") })).toMatchObject([{ type: "added" }]);
  expect(store.apply({ type: "DELETED", object: anObject("b", "2") })).toEqual([]);
});

test("keys cluster-scoped objects by their name alone", () => {
  const store = new ObjectStore();
  store.apply({ type: "ADDED", object: { metadata: { name: "c", uid: "u", resourceVersion: "1" } } });
  expect(store.keys()).toEqual(["c"]);
});

describe("an index of the cache", () => {
  const byTeam = new ObjectStore({ team: (object) => (object as { team?: string }).team });
  const named = (team: string): readonly string[] => byTeam.byIndex("team", team).map(({ metadata }) => metadata.name);

  test("has the objects of a value, as the cache has them now", () => {
    byTeam.replace([anObject("a", "1", { team: "red" }), anObject("b", "1", { team: "red" }), anObject("c", "1")], {
      isInitialList: true,
      isContinuous: true,
    });
    expect(named("red")).toEqual(["a", "b"]);
    byTeam.apply({ type: "MODIFIED", object: anObject("b", "2", { team: "blue" }) });
    expect([named("red"), named("blue")]).toEqual([["a"], ["b"]]);
    byTeam.apply({ type: "MODIFIED", object: anObject("a", "2", { team: "red", edited: true }) });
    expect(byTeam.byIndex("team", "red")).toMatchObject([{ edited: true }]);
    byTeam.apply({ type: "DELETED", object: anObject("a", "3", { team: "red" }) });
    byTeam.apply({ type: "MODIFIED", object: anObject("b", "3") });
    expect([named("red"), named("blue")]).toEqual([[], []]);
    byTeam.apply({ type: "ADDED", object: anObject("d", "4", { team: "red" }) });
    byTeam.replace([anObject("c", "1")], { isInitialList: false, isContinuous: true });
    expect(named("red")).toEqual([]);
  });

  test("is known by its name", () => {
    expect(() => byTeam.byIndex("color", "red")).toThrow("no index color");
  });
});

test("lists the same array until something changes", () => {
  const store = new ObjectStore();
  store.apply({ type: "ADDED", object: anObject("a", "1") });
  const list = store.list();
  store.apply({ type: "MODIFIED", object: anObject("a", "1") });
  expect(store.list()).toBe(list);
  store.apply({ type: "MODIFIED", object: anObject("a", "2") });
  expect(store.list()).not.toBe(list);
  expect(store.list()).toMatchObject([{ metadata: { resourceVersion: "2" } }]);
});
