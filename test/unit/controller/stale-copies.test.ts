import { beforeEach, describe, expect, test } from "vitest";
import { RetryableError } from "../../../src/errors.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { Desk, KEY } from "./desk.ts";

/** What the controller decides from a cache that is behind, and from objects that others have written meanwhile. */
const FINALIZER = "iam.instanceprofile.dev/cleanup";
const OTHER = "example.com/other";

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

async function inSync(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  desk.apply(spec);
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

describe("a finalizer is added", () => {
  test.each([
    ["the first", {}],
    ["one beside another's", { finalizers: [OTHER] }],
  ])("to the very version that was read alone, as %s", async (_what, metadata) => {
    desk.apply({}, metadata);
    const old = desk.kube.read(KEY);
    desk.apply({ description: "edited" });
    expect(await desk.reconcile(undefined, old)).toEqual({ kind: "backoff" });
    expect(desk.isHeld).toBe(false);
    expect(desk.iam.writes).toEqual([]);
  });
});

describe("a finalizer is removed", () => {
  const retained = { deletionPolicy: "Retain" };

  test("not from a successor of the same name", async () => {
    await inSync(retained);
    desk.kube.delete(KEY);
    const old = desk.kube.read(KEY);
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    await inSync({ ...retained, description: "a" });
    // The same generation as the one that was deleted.
    desk.apply({ ...retained, description: "b" });
    await desk.reconcile(undefined, old);
    expect(desk.isHeld).toBe(true);
  });

  test("and never the finalizer of another controller at its index", async () => {
    await inSync(retained);
    desk.kube.delete(KEY);
    const old = desk.kube.read(KEY);
    await desk.kube.patch(KEY, [{ op: "add", path: "/metadata/finalizers", value: [OTHER, FINALIZER] }]);
    await desk.reconcile(undefined, old);
    expect(desk.object?.metadata.finalizers).toEqual([OTHER, FINALIZER]);
  });
});

describe("a cache that lags behind the controller's own writes", () => {
  test("by several versions is overridden", async () => {
    desk.apply();
    const first = desk.kube.read(KEY);
    await desk.reconcile();
    const [writes, { status }] = [desk.iam.writes.length, desk.object ?? {}];
    expect(await desk.reconcile(undefined, first)).toMatchObject({ kind: "after", urgency: "resync" });
    expect(desk.iam.writes.length).toBe(writes);
    expect(desk.object?.status).toEqual(status);
  });

  test("by the status alone is overridden", async () => {
    desk.apply();
    let unreported: ReturnType<typeof desk.kube.read>;
    const { patchStatus } = desk.kube;
    desk.kube.patchStatus = (key, operations) => {
      unreported = desk.kube.read(KEY);
      return patchStatus.call(desk.kube, key, operations);
    };
    await desk.reconcile();
    desk.kube.patchStatus = patchStatus;
    const before = desk.kube.writes.length;
    expect(await desk.reconcile(undefined, unreported)).toMatchObject({ kind: "after", urgency: "resync" });
    expect(desk.kube.writes.length).toBe(before);
  });

  test("by the restored finalizer is overridden", async () => {
    await inSync();
    await desk.kube.patch(KEY, [{ op: "remove", path: "/metadata/finalizers" }]);
    const old = desk.kube.read(KEY);
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
    expect(await desk.reconcile(undefined, old)).toMatchObject({ kind: "after", urgency: "resync" });
  });

  test("for more than a minute counts: the API server may have been restored from a backup", async () => {
    desk.apply();
    const first = desk.kube.read(KEY);
    await desk.reconcile();
    desk.nowMs += 61_000;
    // The guarded patch of the finalizer tells which of the two is right.
    expect(await desk.reconcile(undefined, first)).toEqual({ kind: "backoff" });
    expect(desk.ready).toBe("True InSync");
  });
});

test("a status is not written to another object of the same name", async () => {
  desk.apply({ roleName: "no spaces allowed" });
  const old = desk.kube.read(KEY);
  desk.kube.forget(KEY);
  desk.apply();
  expect(await desk.reconcile(undefined, old)).toEqual({ kind: "backoff" });
  expect(desk.object?.status).toBeUndefined();
});

describe("an object in deletion", () => {
  test("with the finalizer of another controller, that never had entities in AWS, causes no request to AWS", async () => {
    desk.apply({}, { finalizers: [OTHER] });
    desk.kube.delete(KEY);
    const owner = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "default", [TAG_KEYS.name]: "app" };
    desk.iam.outsiderMakesRole("app", owner);
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.iam.role("app")).toBeDefined();
  });

  test("is released at once with deletionPolicy Retain, also while it is suspended", async () => {
    await inSync();
    desk.apply({ suspend: true, deletionPolicy: "Retain" });
    desk.kube.delete(KEY);
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object).toBeUndefined();
    expect(desk.iam.role("app")).toBeDefined();
  });

  test("is kept in a dry run, too, until a role whose create got no reply must have propagated", async () => {
    desk.apply();
    const error = new RetryableError("no reply from iam", { reason: "EndpointUnreachable" });
    desk.iam.fate = ({ kind }) => (kind === "CreateRole" ? { doAndThenFail: error } : "do");
    await desk.reconcile();
    desk.iam.fate = () => "do";
    desk.iam.lag = 1;
    desk.apply({ mode: "DryRun" });
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
    desk.nowMs += 121_000;
    desk.iam.lag = 0;
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
    expect(desk.message).toContain("1 write pending");
  });
});
