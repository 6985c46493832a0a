import { expect, test } from "vitest";
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
