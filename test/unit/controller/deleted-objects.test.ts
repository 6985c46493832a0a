import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileSpec, InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { addFinalizerPatch, FINALIZER, removeFinalizerPatch } from "../../../src/controller/finalizer.ts";
import { asDeleted, DeletedObjects, Releases } from "../../../src/controller/orphans/deleted-objects.ts";
import type { KubeObject, ObjectClient } from "../../../src/engine/ports.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";
import { anInstanceProfile, asStored, CLUSTER_ID } from "../../support/builders.ts";

const DELETED_AT = "2026-01-01T00:00:00Z";
const ROLE = { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" };
const PROFILE = { arn: "arn:aws:iam::123456789012:instance-profile/app", id: "AIPA1" };
const ACCEPTED = { name: "readers", accountId: "123456789012", acceptedTime: DELETED_AT };

let deleted: DeletedObjects;
beforeEach(() => {
  deleted = new DeletedObjects(CLUSTER_ID);
});

/** The last version of a deleted object. */
function last(
  spec: Partial<InstanceProfileSpec> = {},
  status: InstanceProfileStatus = { role: ROLE },
): InstanceProfile {
  return anInstanceProfile({ spec, metadata: { deletionTimestamp: DELETED_AT }, status });
}

describe("a deletion proves", () => {
  test("that the role with the unique id of the status belonged to the object", () => {
    deleted.record(last({}, { role: ROLE, instanceProfile: PROFILE }));
    expect(deleted.ofRole("AROA1")).toMatchObject({
      uid: "uid-1",
      roleId: "AROA1",
      instanceProfileId: "AIPA1",
      isRetained: false,
      desired: { presence: "absent", roleName: "app", owner: { namespace: "team-a", name: "app" } },
    });
    expect(deleted.ofRole("AROA2")).toBeUndefined();
  });

  test("that the object retained its role", () => {
    deleted.record(last({ deletionPolicy: "Retain" }));
    expect(deleted.ofRole("AROA1")).toMatchObject({ isRetained: true });
  });

  test("nothing when the status named no role, or one without a unique id", () => {
    deleted.record(last({}, {}));
    deleted.record(last({}, { role: { arn: ROLE.arn, id: "" } }));
    expect(deleted.ofRole("")).toBeUndefined();
  });

  test("nothing about a role that others manage, whatever the status says", () => {
    deleted.record(last({ role: { management: "External" }, deletionPolicy: "Delete" }));
    expect(deleted.ofRole("AROA1")).toBeUndefined();
  });

  test("nothing for an object that is not in deletion", () => {
    deleted.record(anInstanceProfile({ status: { role: ROLE } }));
    expect(deleted.ofRole("AROA1")).toBeUndefined();
  });

  test.each<Partial<InstanceProfileSpec>>([{ suspend: true }, { mode: "DryRun" }])(
    "nothing for an object with %j, whose deletion must not change AWS, unless a class has accepted it",
    (spec) => {
      deleted.record(last(spec));
      expect(deleted.ofRole("AROA1")).toBeUndefined();
      deleted.record(last(spec, { role: ROLE, class: ACCEPTED }));
      expect(deleted.ofRole("AROA1")).toBeDefined();
    },
  );
});

describe("the last version of a deleted object", () => {
  const raw = (object: object): KubeObject => object as KubeObject;

  test("has a deletion timestamp, also when it had no finalizer", () => {
    expect(asDeleted(asStored(last()))?.metadata.deletionTimestamp).toBe(DELETED_AT);
    expect(asDeleted(asStored(anInstanceProfile()))?.metadata.deletionTimestamp).toBe("unknown");
  });

  test("is not used when its spec is invalid, because its names cannot be trusted", () => {
    expect(asDeleted(raw({ ...last(), spec: { roleName: "not a name" } }))).toBeUndefined();
  });
});

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
