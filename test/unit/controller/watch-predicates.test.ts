import { describe, expect, test } from "vitest";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { priorityOf } from "../../../src/controller/urgency.ts";
import { shouldReconcile, urgencyAtStart, urgencyOfChange } from "../../../src/controller/watch-predicates.ts";

type Fields = Readonly<Record<string, unknown>>;

const METADATA: Fields = {
  name: "app",
  uid: "uid-1",
  generation: 2,
  resourceVersion: "7",
  finalizers: [FINALIZER],
  annotations: { "iam.instanceprofile.dev/reconcile-at": "1" },
};

const version = (metadata: Fields = {}, rest: Fields = {}) => ({ metadata: { ...METADATA, ...metadata }, ...rest });

describe("a reconcile is triggered by", () => {
  test.each<[string, Fields]>([
    ["another object of the same name", { uid: "uid-2" }],
    ["a new spec", { generation: 3 }],
    ["an older spec: the API server was set back", { generation: 1 }],
    ["the deletion", { deletionTimestamp: "2026-01-01T00:00:00Z" }],
    ["reconcile-at", { annotations: { "iam.instanceprofile.dev/reconcile-at": "2" } }],
    ["reconcile-at taken away", { annotations: undefined }],
    [
      "force-delete",
      { annotations: { ...(METADATA["annotations"] as Fields), "iam.instanceprofile.dev/force-delete": "true" } },
    ],
    ["the loss of our finalizer", { finalizers: ["somebody.example/else"] }],
    ["the loss of all finalizers", { finalizers: undefined }],
  ])("%s", (_, metadata) => {
    expect(shouldReconcile(version(), version(metadata))).toBe(true);
  });

  test("a spec that was edited at the same time as the status was written", () => {
    expect(
      shouldReconcile(version(), version({ generation: 3, resourceVersion: "9" }, { status: { plan: ["x"] } })),
    ).toBe(true);
  });
});

describe("no reconcile is triggered by", () => {
  test.each<[string, Fields, Fields]>([
    ["our own status", { resourceVersion: "8" }, { status: { observedGeneration: 2 } }],
    ["labels", { labels: { team: "a" } }, {}],
    ["annotations of others", { annotations: { ...(METADATA["annotations"] as Fields), other: "1" } }, {}],
    ["finalizers of others", { finalizers: [FINALIZER, "somebody.example/else"] }, {}],
    ["managed fields", { managedFields: [{}] }, {}],
  ])("%s", (_, metadata, rest) => {
    expect(shouldReconcile(version(), version(metadata, rest))).toBe(false);
  });

  test("adding the controller's finalizer", () => {
    expect(shouldReconcile(version({ finalizers: undefined }), version())).toBe(false);
  });
});

/** Everything that was asked for is answered. */
const ANSWERED = { status: { observedGeneration: 2, lastHandledReconcileAt: "1" } };

describe("for a process that becomes the leader", () => {
  test.each<[string, Fields, Fields]>([
    ["one that was edited while nobody looked", { generation: 3 }, ANSWERED],
    ["one that was deleted while nobody looked", { deletionTimestamp: "2026-01-01T00:00:00Z" }, ANSWERED],
    [
      "one whose reconcile was requested while no process was running",
      { annotations: { "iam.instanceprofile.dev/reconcile-at": "2" } },
      ANSWERED,
    ],
    ["one that nobody has ever looked at", { generation: 1 }, {}],
  ])("%s goes before those that are only due for a look, and after what is changed now", (_, metadata, rest) => {
    const due = priorityOf(urgencyAtStart(version({}, ANSWERED)));
    const pending = priorityOf(urgencyAtStart(version(metadata, rest)));
    expect([pending > due, pending < 0]).toEqual([true, true]);
  });
});

describe("the urgency of a change is", () => {
  const allow = (...actions: readonly string[]) => ({
    spec: { statements: [{ effect: "Allow", actions, resources: ["*"] }] },
  });
  const inAws = (status: Fields = {}) => ({ status: { observedGeneration: 2, accountId: "123456789012", ...status } });

  test("that of a creation while nothing of the object is in AWS, whatever its author writes", () => {
    const forged = version({ finalizers: [FINALIZER], annotations: METADATA["annotations"] }, allow("s3:*"));
    expect(urgencyOfChange(undefined, forged)).toBe("creation");
    const edited = version({ generation: 3 }, { ...allow("s3:Get*"), status: { observedGeneration: 2 } });
    expect(urgencyOfChange(version({}, { ...allow("s3:*"), status: { observedGeneration: 2 } }), edited)).toBe(
      "creation",
    );
  });

  test("that of a change for a deletion, and for reconcile-at", () => {
    const deleted = version({ deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(urgencyOfChange(version(), deleted)).toBe("change");
    const asked = version({ annotations: { "iam.instanceprofile.dev/reconcile-at": "2" } }, inAws());
    expect(urgencyOfChange(version({}, inAws()), asked)).toBe("change");
  });

  test("that of a narrowing edit only if the earlier spec was reconciled", () => {
    const narrowed = version({ generation: 3 }, { ...allow("s3:Get*"), ...inAws() });
    expect(urgencyOfChange(version({}, { ...allow("s3:*"), ...inAws() }), narrowed)).toBe("narrowing");
    const before = version({}, { ...allow("s3:*"), ...inAws({ observedGeneration: 1 }) });
    expect(urgencyOfChange(before, narrowed)).toBe("change");
  });

  test("that of a change for an edit that widens", () => {
    const widened = version({ generation: 3 }, { ...allow("s3:*"), ...inAws() });
    expect(urgencyOfChange(version({}, { ...allow("s3:Get*"), ...inAws() }), widened)).toBe("change");
  });
});
