import { expect, test } from "vitest";
import type { JsonObject } from "../../../../../src/crd/contract.ts";
import { applied, created, now, owners, updated } from "./ownership-fixtures.ts";

/** The same sequences were run against kube-apiserver 1.36.2, with the same owners. */

const later = "2026-02-02T00:00:00Z";

function entries(object: JsonObject): readonly JsonObject[] {
  return ((object["metadata"] as JsonObject)["managedFields"] ?? []) as JsonObject[];
}

test("gives all of a created object to its creator", () => {
  const object = created("creator", {
    metadata: { labels: { l: "1" } },
    spec: { a: "1", set: ["x"], atomic: ["p"], keyed: [{ n: "k", v: 1 }], map: {}, obj: { q: { r: 1 } } },
  });
  expect(owners(object)).toEqual({
    "creator Update": {
      "f:metadata": { "f:labels": { ".": {}, "f:l": {} } },
      "f:spec": {
        ".": {},
        "f:a": {},
        "f:atomic": {},
        "f:keyed": { ".": {}, 'k:{"n":"k"}': { ".": {}, "f:n": {}, "f:v": {} } },
        "f:map": {},
        "f:obj": { ".": {}, "f:q": { ".": {}, "f:r": {} } },
        "f:set": { ".": {}, 'v:"x"': {} },
      },
    },
  });
  expect(entries(object)).toMatchObject([{ manager: "creator", operation: "Update", time: now }]);
});

test("gives a changed field to who changed it, and its time", () => {
  const object = updated(created("creator", { spec: { a: "1", b: 1 } }), "other", {
    spec: { a: "2", b: 1 },
    now: later,
  });
  expect(owners(object)).toEqual({
    "creator Update": { "f:spec": { ".": {}, "f:b": {} } },
    "other Update": { "f:spec": { "f:a": {} } },
  });
  expect(entries(object).map((entry) => [entry["manager"], entry["time"]])).toEqual([
    ["creator", now],
    ["other", later],
  ]);
});

test("takes a removed field from everyone", () => {
  const live = applied(created("creator", { spec: { a: "1", map: { k: "v", l: "w" } } }), "alice", {
    spec: { map: { k: "v" } },
  });
  expect(owners(updated(live, "other", { spec: { a: "1", map: { l: "w" } } }))).toEqual({
    "creator Update": { "f:spec": { ".": {}, "f:a": {}, "f:map": { ".": {}, "f:l": {} } } },
  });
});

test("does not change the record when nothing else changes", () => {
  const live = created("creator", { spec: { a: "1" } });
  expect(updated(live, "other", { spec: { a: "1" }, now: later })).toEqual(live);
});

test("does not count what the server itself keeps in metadata", () => {
  const live = created("creator", { spec: { a: "1" } });
  expect(owners(updated(live, "other", { metadata: { resourceVersion: "2", uid: "u", generation: 3 } }))).toEqual({
    "creator Update": { "f:spec": { ".": {}, "f:a": {} } },
  });
});

test("keeps an entry of its own for writes to the status subresource", () => {
  const live = created("controller", { spec: { a: "1" }, status: { x: "ignored" } });
  const object = updated(live, "controller", {
    status: { x: "1", conditions: [{ type: "Ready" }] },
    subresource: "status",
  });
  expect(owners(object)).toEqual({
    "controller Update": { "f:spec": { ".": {}, "f:a": {} } },
    "controller Update/status": {
      "f:status": { "f:conditions": { ".": {}, 'k:{"type":"Ready"}': { ".": {}, "f:type": {} } }, "f:x": {} },
    },
  });
});

test("lists appliers before updaters, and the older before the newer", () => {
  const live = updated(created("z", { spec: { a: "1" }, now: later }), "a", { spec: { a: "1", b: 1 }, now: later });
  const object = applied(live, "applier", { spec: { map: { k: "v" } }, now: "2026-03-03T00:00:00Z" });
  expect(entries(object).map((entry) => entry["manager"])).toEqual(["applier", "a", "z"]);
});

test("forgets everyone when asked to, and tracks again only from the next apply", () => {
  const live = created("creator", { spec: { a: "1" } });
  const cleared = updated(live, "other", { metadata: { managedFields: [{}] } });
  expect(entries(cleared)).toEqual([]);
  expect(entries(updated(live, "other", { metadata: { managedFields: [] } }))).toEqual([]);
  expect(entries(updated(cleared, "other", { spec: { a: "2" } }))).toEqual([]);
  expect(Object.keys(owners(applied(cleared, "alice", { spec: { b: 1 } })))).toEqual([
    "alice Apply",
    "before-first-apply Update",
  ]);
});

test("goes on from the record that a client sends along", () => {
  const live = created("creator", { spec: { a: "1" } });
  const record = [
    {
      manager: "renamed",
      operation: "Update",
      apiVersion: "test.example.com/v1",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:a": {} } },
    },
  ];
  expect(owners(updated(live, "other", { metadata: { managedFields: record } }))).toEqual({
    "renamed Update": { "f:spec": { "f:a": {} } },
  });
});

test("survives a malformed record", () => {
  const live = created("creator", { spec: { a: "1" } });
  const broken = { ...live, metadata: { name: "w", managedFields: [{ manager: "x", operation: "Guess" }] } };
  expect(entries(updated(broken, "other", { spec: { a: "2" } }))).toEqual([]);
});
