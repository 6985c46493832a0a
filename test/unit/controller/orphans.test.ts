import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { keyText } from "../../../src/controller/object-key.ts";
import { Releases } from "../../../src/controller/orphans/deleted-objects.ts";
import { Orphans } from "../../../src/controller/orphans/orphans.ts";
import type { CrdDeletion } from "../../../src/controller/reconcile/crd-deletion.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import type { WatchedObject } from "../../../src/runtime/watch/list-watch.ts";
import { crdDeletionOf, FakeCrd } from "../../fakes/fake-crd.ts";
import { settle } from "../../support/fake-clock.ts";
import { OrphanDesk } from "../../support/orphan-desk.ts";

const { signal } = new AbortController();

let desk: OrphanDesk;
let crd: FakeCrd;
let nowMs: number;
let crdDeletion: CrdDeletion;
let orphans: Orphans;
beforeEach(() => {
  desk = new OrphanDesk();
  crd = new FakeCrd();
  nowMs = 0;
  const monotonicMs = (): number => nowMs;
  crdDeletion = crdDeletionOf(crd, { monotonicMs });
  orphans = new Orphans({
    ...desk.options({ crdDeletion, monotonicMs }),
    releases: new Releases(),
    asJudged: (last: KubeObject) => last as unknown as InstanceProfile,
    accountOf: () => desk.account,
  });
});

/** The watch shows that the object is gone. */
function gone(object: InstanceProfile): void {
  const old = object as unknown as WatchedObject;
  orphans.objectChanged({ type: "deleted", old, isFinalStateUnknown: false }, true);
}

const isProven = ({ status }: InstanceProfile): boolean => desk.deleted.ofRole(status?.role?.id ?? "") !== undefined;

/** The next read of the CRD is answered when the test says so. */
function slowRead(): () => void {
  const read = Promise.withResolvers<void>();
  crd.beforeReply = () => {
    crd.beforeReply = async () => {};
    return read.promise;
  };
  return read.resolve;
}

describe("the deletion of an object is a proof", () => {
  test("when the CRD is not being deleted", async () => {
    const object = await desk.leave();
    gone(object);
    await settle();
    expect(isProven(object)).toBe(true);
  });

  test("for each of a burst, with two reads of the CRD: the one in progress began before most were deleted", async () => {
    const objects = await Promise.all(Array.from({ length: 50 }, (_, i) => desk.leave(`app-${i}`)));
    const answer = slowRead();
    gone(objects[0] as InstanceProfile);
    await settle();
    for (const object of objects.slice(1)) gone(object);
    answer();
    await settle();
    expect([objects.every(isProven), crd.reads]).toEqual([true, 2]);
  });
});

describe("the deletion of an object is no proof", () => {
  test("when its CRD is being deleted, although AWS is slow and the CRD exists again by then", async () => {
    const [slow, victim] = [await desk.leave("slow", { spec: { deletionPolicy: "Retain" } }), await desk.leave()];
    const aws = Promise.withResolvers<void>();
    desk.iam.beforeRead = () => aws.promise;
    gone(slow);
    await settle();
    crd.isBeingDeleted = true;
    gone(victim);
    await settle();
    crd.isBeingDeleted = false;
    aws.resolve();
    await settle();
    expect(isProven(victim)).toBe(false);
  });

  test("when the CRD is being deleted since a read that was in progress", async () => {
    const [first, victim] = [await desk.leave("first"), await desk.leave()];
    const answer = slowRead();
    gone(first);
    await settle();
    crd.isBeingDeleted = true;
    gone(victim);
    answer();
    await settle();
    expect([isProven(first), isProven(victim)]).toEqual([true, false]);
  });

  test("when the controller has retained it with its CRD, also once the CRD exists again", async () => {
    const object = await desk.leave();
    crd.isBeingDeleted = true;
    expect(await crdDeletion.effectOn(keyText(object.metadata), object.metadata.uid, signal)).toBe("Retain");
    crdDeletion.forget(keyText(object.metadata));
    crd.isBeingDeleted = false;
    gone(object);
    await settle();
    expect(isProven(object)).toBe(false);
  });

  test("when the API server answers so late that the CRD may exist again, or does not say", async () => {
    const [late, unsaid] = [await desk.leave("late"), await desk.leave("unsaid")];
    const answer = slowRead();
    gone(late);
    await settle();
    nowMs += 5_001;
    answer();
    await settle();
    crd.fault = new RetryableError("the API server is not ready", { reason: "Http500" });
    gone(unsaid);
    await settle();
    expect([isProven(late), isProven(unsaid)]).toEqual([false, false]);
  });

  test("without permission to read the CRD, unless it was in deletion for ten seconds", async () => {
    crd.isReadable = false;
    const [sudden, waited] = [await desk.leave("sudden"), await desk.leave("waited")];
    await crdDeletion.effectOn(keyText(waited.metadata), waited.metadata.uid, signal);
    nowMs += 10_000;
    gone(sudden);
    gone(waited);
    await settle();
    expect([isProven(sudden), isProven(waited)]).toEqual([false, true]);
  });
});
