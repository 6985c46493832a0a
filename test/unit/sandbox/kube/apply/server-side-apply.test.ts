import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../../src/crd/contract.ts";
import type { ApplyOutcome } from "../../../../../src/sandbox/kube/apply/server-side-apply.ts";
import { serverSideApply } from "../../../../../src/sandbox/kube/apply/server-side-apply.ts";
import { applied, apply, created, kind, now, owners, updated } from "./ownership-fixtures.ts";

/** The same sequences were run against kube-apiserver 1.36.2, with the same objects, owners and conflicts. */

function conflict(outcome: ApplyOutcome): { readonly message: string; readonly fields: readonly string[] } {
  if (outcome.kind !== "conflict") {
    throw new Error("the apply went through");
  }
  return { message: outcome.message, fields: outcome.causes.map((cause) => `${cause.field}: ${cause.message}`) };
}

describe("ownership of an applied configuration", () => {
  const object = applied(undefined, "alice", {
    metadata: {
      labels: { l: "1" },
      finalizers: ["a.b/c"],
      ownerReferences: [{ apiVersion: "v1", kind: "A", name: "n", uid: "u1" }],
    },
    spec: {
      a: "1",
      set: ["x", "y"],
      atomic: ["p"],
      keyed: [{ n: "k", v: 1 }],
      ports: [{ port: 80 }, { port: 80, protocol: "UDP", v: 1 }],
      map: { k: "v" },
      whole: { k: "v" },
      obj: { p: "x", q: { r: 1 } },
      any: { z: { y: 1, l: [1] } },
    },
  });

  test("follows the list and map types of the schema and of metadata", () => {
    expect(owners(object)).toEqual({
      "alice Apply": {
        "f:metadata": {
          "f:finalizers": { 'v:"a.b/c"': {} },
          "f:labels": { "f:l": {} },
          "f:ownerReferences": { 'k:{"uid":"u1"}': {} },
        },
        "f:spec": {
          "f:a": {},
          "f:any": { "f:z": { ".": {}, "f:l": {}, "f:y": {} } },
          "f:atomic": {},
          "f:keyed": { 'k:{"n":"k"}': { ".": {}, "f:n": {}, "f:v": {} } },
          "f:map": { "f:k": {} },
          "f:obj": { "f:p": {}, "f:q": { "f:r": {} } },
          "f:ports": {
            'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {} },
            'k:{"port":80,"protocol":"UDP"}': { ".": {}, "f:port": {}, "f:protocol": {}, "f:v": {} },
          },
          "f:set": { 'v:"x"': {}, 'v:"y"': {} },
          "f:whole": {},
        },
      },
    });
  });

  test("is written as managedFields entries", () => {
    expect((object["metadata"] as JsonObject)["managedFields"]).toMatchObject([
      { manager: "alice", operation: "Apply", apiVersion: "test.example.com/v1", fieldsType: "FieldsV1", time: now },
    ]);
  });
});

describe("conflicts", () => {
  const live = created("kubectl-client-side-apply", { spec: { a: "1", b: 2 } });

  test("name the manager that set the field otherwise", () => {
    expect(conflict(apply(live, "alice", { spec: { a: "2" } }))).toEqual({
      message:
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using test.example.com/v1: .spec.a',
      fields: ['.spec.a: conflict with "kubectl-client-side-apply" using test.example.com/v1'],
    });
  });

  test("are listed by manager when there are several", () => {
    const two = updated(live, "bob", { spec: { a: "1", b: 3 } });
    expect(conflict(apply(two, "alice", { spec: { a: "2", b: 4 } })).message).toBe(
      [
        'Apply failed with 2 conflicts: conflicts with "bob" using test.example.com/v1:',
        "- .spec.b",
        'conflicts with "kubectl-client-side-apply" using test.example.com/v1:',
        "- .spec.a",
      ].join("\n"),
    );
  });

  test("between appliers name no version", () => {
    const first = applied(undefined, "alice", { spec: { keyed: [{ n: "k", v: 1 }] } });
    expect(conflict(apply(first, "bob", { spec: { keyed: [{ n: "k", v: 2 }] } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "alice": .spec.keyed[n="k"].v',
    );
  });

  test("name the subresource through which the field was set", () => {
    const status = updated(live, "controller", { status: { x: "1" }, subresource: "status" });
    expect(conflict(apply(status, "alice", { status: { x: "2" }, subresource: "status" })).message).toBe(
      'Apply failed with 1 conflict: conflict with "controller" with subresource "status" using test.example.com/v1: .status.x',
    );
  });

  test("do not arise over a value that is the same: it is owned together", () => {
    expect(owners(applied(live, "alice", { spec: { a: "1" } }))).toEqual({
      "alice Apply": { "f:spec": { "f:a": {} } },
      "kubectl-client-side-apply Update": { "f:spec": { ".": {}, "f:a": {}, "f:b": {} } },
    });
  });

  test("give way to force, which takes the field over", () => {
    const forced = applied(live, "alice", { spec: { a: "2" }, force: true });
    expect(forced["spec"]).toEqual({ a: "2", b: 2 });
    expect(owners(forced)).toEqual({
      "alice Apply": { "f:spec": { "f:a": {} } },
      "kubectl-client-side-apply Update": { "f:spec": { ".": {}, "f:b": {} } },
    });
  });

  test("arise over an atomic list or map as a whole", () => {
    const first = applied(undefined, "alice", { spec: { atomic: ["1"], whole: { a: "1" } } });
    expect(conflict(apply(first, "bob", { spec: { atomic: ["2"], whole: { b: "1" } } })).fields).toEqual([
      '.spec.atomic: conflict with "alice"',
      '.spec.whole: conflict with "alice"',
    ]);
  });
});

describe("what a manager no longer applies", () => {
  const both = applied(
    applied(undefined, "alice", {
      spec: {
        a: "1",
        b: 1,
        set: ["x", "y"],
        keyed: [
          { n: "k", v: 1 },
          { n: "l", v: 2 },
        ],
        map: { k: "v", l: "w" },
        obj: { p: "1", q: { r: 1, s: 2 } },
      },
    }),
    "bob",
    { spec: { set: ["y", "z"], keyed: [{ n: "l", v: 2 }], map: { l: "w" }, obj: { q: { s: 2 } } } },
  );

  test("goes, except what others apply too", () => {
    const less = applied(both, "alice", { spec: { a: "1" } });
    expect(less["spec"]).toEqual({
      a: "1",
      set: ["y", "z"],
      keyed: [{ n: "l", v: 2 }],
      map: { l: "w" },
      obj: { q: { s: 2 } },
    });
    const least = applied(less, "bob", { spec: {} });
    expect(least["spec"]).toEqual({ a: "1" });
    expect(owners(least)).toEqual({ "alice Apply": { "f:spec": { "f:a": {} } }, "bob Apply": { "f:spec": {} } });
  });

  test("stays when an updater owns it, or nobody ever did", () => {
    const live = updated(applied(undefined, "alice", { spec: { a: "1", b: 1 } }), "bob", {
      spec: { a: "2", b: 1, map: { k: "v" } },
    });
    expect(applied(live, "alice", { spec: {} })["spec"]).toEqual({ a: "2", map: { k: "v" } });
  });
});

test("orders a merged list like the applied one and keeps the others in their place", () => {
  const live = applied(undefined, "alice", {
    spec: { set: ["a", "b", "c"], keyed: [{ n: "1" }, { n: "2" }, { n: "3" }] },
  });
  const next = applied(live, "bob", {
    spec: { set: ["c", "x", "a"], keyed: [{ n: "3" }, { n: "9" }, { n: "1", v: 1 }] },
  });
  expect(next["spec"]).toEqual({
    set: ["b", "c", "x", "a"],
    keyed: [{ n: "2" }, { n: "3" }, { n: "9" }, { n: "1", v: 1 }],
  });
});

test("adds to a list that it shares no item with at the end", () => {
  const live = updated(created("c", { spec: { a: "1" } }), "s", {
    status: { conditions: [{ type: "Ready" }] },
    subresource: "status",
  });
  const next = applied(live, "other", { status: { conditions: [{ type: "Other" }] }, subresource: "status" });
  expect(next["status"]).toEqual({ conditions: [{ type: "Ready" }, { type: "Other" }] });
});

test("leaves everything as it is when nothing changes, the time included", () => {
  const live = applied(undefined, "alice", { spec: { a: "1" } });
  expect(applied(live, "alice", { spec: { a: "1" }, now: "2026-02-02T00:00:00Z" })).toEqual(live);
});

test("neither owns nor changes the status through the main resource", () => {
  const object = applied(undefined, "alice", { spec: { a: "1" }, status: { x: "1" } });
  expect(owners(object)).toEqual({ "alice Apply": { "f:spec": { "f:a": {} } } });
});

test("owns nothing but the status through its subresource", () => {
  const live = created("c", { spec: { a: "1" } });
  const object = applied(live, "alice", { spec: { a: "9" }, status: { x: "1" }, subresource: "status" });
  expect(owners(object)["alice Apply/status"]).toEqual({ "f:status": { "f:x": {} } });
});

test("counts everything in an object without a record as there before the first apply", () => {
  const live = {
    apiVersion: "test.example.com/v1",
    kind: "Widget",
    metadata: { name: "w", uid: "u" },
    spec: { a: "1" },
  };
  expect(conflict(apply(live, "alice", { spec: { a: "2" } })).fields).toEqual([
    '.spec.a: conflict with "before-first-apply" using test.example.com/v1',
  ]);
});

test("puts a value of another shape in the old one's place", () => {
  const live = created("c", { spec: { any: { a: { b: 1 }, l: [1] } } });
  const next = applied(live, "alice", { spec: { any: { a: "text", l: { x: 1 } } }, force: true });
  expect(next["spec"]).toEqual({ any: { a: "text", l: { x: 1 } } });
  expect(owners(next)["c Update"]).toEqual({ "f:spec": { ".": {}, "f:any": {} } });
});

describe("kubectl, moving from client-side to server-side apply", () => {
  const annotation = "kubectl.kubernetes.io/last-applied-configuration";
  const record = JSON.stringify({
    apiVersion: "test.example.com/v1",
    kind: "Widget",
    metadata: { name: "w" },
    spec: { a: "1", b: 1 },
  });
  const live = created("kubectl-client-side-apply", {
    metadata: { annotations: { [annotation]: record } },
    spec: { a: "1", b: 1 },
  });

  test("takes over what it set itself, and its record follows", () => {
    const next = applied(live, "kubectl", { spec: { a: "2", b: 1 } });
    expect(next["spec"]).toEqual({ a: "2", b: 1 });
    const annotations = (next["metadata"] as JsonObject)["annotations"] as JsonObject;
    expect(annotations[annotation]).toBe(
      '{"apiVersion":"test.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"a":"2","b":1}}\n',
    );
  });

  test("does not take over what others changed since", () => {
    const changed = updated(live, "bob", { spec: { a: "1", b: 7 } });
    expect(conflict(apply(changed, "kubectl", { spec: { a: "2", b: 3 } })).fields).toEqual([
      '.spec.b: conflict with "bob" using test.example.com/v1',
    ]);
  });

  test("is the only one that may", () => {
    expect(apply(live, "alice", { spec: { a: "2", b: 1 } }).kind).toBe("conflict");
  });
});

test("takes lists as atomic where the schema ends, but for those of metadata", () => {
  const object = {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name: "t", finalizers: ["a.b/c"] },
    list: [{ name: "x" }],
  };
  const version = { schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true }, hasStatus: false };
  const outcome = serverSideApply({ applied: object, manager: "alice", force: false, subresource: "", version, now });
  expect(outcome.kind === "applied" ? owners(outcome.object) : {}).toEqual({
    "alice Apply": { "f:list": {}, "f:metadata": { "f:finalizers": { 'v:"a.b/c"': {} } } },
  });
});

test("does not change what it was given", () => {
  const live = created("c", { spec: { a: "1", set: ["x"] } });
  const before = structuredClone(live);
  applied(live, "alice", { spec: { a: "2", set: ["y"] }, force: true });
  expect(live).toEqual(before);
  expect(kind.hasStatus).toBe(true);
});
