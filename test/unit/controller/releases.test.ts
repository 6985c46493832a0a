import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { addFinalizerPatch, FINALIZER, removeFinalizerPatch } from "../../../src/controller/finalizer.ts";
import { Releases } from "../../../src/controller/orphans/deleted-objects.ts";
import type { KubeObject, ObjectClient } from "../../../src/engine/ports.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";

const { signal } = new AbortController();
const KEY = { namespace: "default", name: "app" };
const OBJECT = { metadata: { ...KEY, uid: "uid-1", generation: 1, resourceVersion: "1", finalizers: [FINALIZER] } };
const object = OBJECT as Pick<InstanceProfile, "metadata">;

let reply: PromiseWithResolvers<KubeObject>;
let releases: Releases;
let client: ObjectClient;
beforeEach(() => {
  reply = Promise.withResolvers();
  releases = new Releases();
  const patch = (): Promise<KubeObject> => reply.promise;
  client = releases.noting({ get: async () => undefined, patch, patchStatus: patch });
});

describe("an object is released by this process", () => {
  test("when its finalizer was removed", async () => {
    const patched = client.patch(KEY, removeFinalizerPatch(object), signal);
    reply.resolve({});
    await patched;
    expect(await releases.has("uid-1")).toBe(true);
  });

  test("also when the watch shows the deletion before the reply", async () => {
    const patched = client.patch(KEY, removeFinalizerPatch(object), signal);
    const isReleased = releases.has("uid-1");
    reply.resolve({});
    await patched;
    expect(await isReleased).toBe(true);
  });

  test("when the reply was lost, because the removal may have succeeded", async () => {
    const patched = client.patch(KEY, removeFinalizerPatch(object), signal);
    reply.reject(new RetryableError("connection reset", { reason: "Network" }));
    await expect(patched).rejects.toThrow("connection reset");
    expect(await releases.has("uid-1")).toBe(true);
  });
});

describe("an object is not released by this process", () => {
  test("when another client removed the finalizer first", async () => {
    const patched = client.patch(KEY, removeFinalizerPatch(object), signal);
    reply.reject(new ConflictError("the test failed", { reason: "PatchTestFailed" }));
    await expect(patched).rejects.toThrow("the test failed");
    expect(await releases.has("uid-1")).toBe(false);
  });

  test.each([
    ["the finalizer was added", addFinalizerPatch({ metadata: { ...object.metadata, finalizers: [] } })],
    ["anything else was patched", [{ op: "remove", path: "/metadata/annotations/a" }] as const],
  ])("when %s", async (_, operations) => {
    const patched = client.patch(KEY, operations, signal);
    reply.resolve({});
    await patched;
    expect(await releases.has("uid-1")).toBe(false);
  });

  test("when another object of its name was released", async () => {
    const patched = client.patch(KEY, removeFinalizerPatch(object), signal);
    reply.resolve({});
    await patched;
    expect(await releases.has("uid-2")).toBe(false);
  });
});
