import { beforeEach, describe, expect, test } from "vitest";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { RetryableError } from "../../../src/errors.ts";
import { crdDeletionOf, FakeCrd } from "../../fakes/fake-crd.ts";
import { Desk, KEY } from "./desk.ts";

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

/** An object in AWS, deleted as the API server deletes it when its CRD goes. */
async function goesWithItsCrd(spec: Record<string, unknown> = {}): Promise<void> {
  desk.apply();
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
  if (Object.keys(spec).length > 0) desk.apply(spec);
  desk.crd.isBeingDeleted = true;
  desk.kube.delete(KEY);
  desk.iam.writes.length = 0;
}

describe("an object that is deleted because its CRD is", () => {
  test("is released, and AWS keeps everything: an Event and a line in the log say so, with the ARNs", async () => {
    await goesWithItsCrd();
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object).toBeUndefined();
    expect(desk.iam.writes).toEqual([]);
    const { reason, note } = desk.kube.events.at(-1) ?? {};
    expect([reason, note]).toEqual([
      "Retained",
      "CustomResourceDefinition instanceprofiles.iam.instanceprofile.dev is being deleted, so the controller removes its finalizer and " +
        "leaves AWS as it is. In AWS: arn:aws:iam::123456789012:role/app, arn:aws:iam::123456789012:instance-profile/app. To manage it " +
        "again, install the CustomResourceDefinition and create the object again with the same name.",
    ]);
    expect(desk.logger.lines.at(-1)).toEqual({
      level: "info",
      message: "retained what the object has in AWS, because its CRD is being deleted",
      fields: {
        crd: "instanceprofiles.iam.instanceprofile.dev",
        awsAccount: "123456789012",
        role: "arn:aws:iam::123456789012:role/app",
        instanceProfile: "arn:aws:iam::123456789012:instance-profile/app",
      },
    });
  });

  test.each([
    ["says deletionPolicy: Delete", { deletionPolicy: "Delete" }],
    ["is suspended", { suspend: true }],
    ["is a dry run", { mode: "DryRun" }],
    ["has an invalid spec", { roleName: "no/such/name" }],
    ["names a class that does not exist", { className: "gone" }],
  ])("is released in the same way when it %s", async (_, spec) => {
    await goesWithItsCrd(spec);
    await desk.reconcile();
    expect([desk.object, desk.iam.writes]).toEqual([undefined, []]);
    expect(desk.eventReasons.at(-1)).toBe("Retained");
  });

  test("changes nothing in AWS either when another client has taken the finalizer off, and others hold it", async () => {
    await goesWithItsCrd();
    const held = desk.kube.read(KEY) as { metadata: object };
    await desk.reconcile(undefined, { ...held, metadata: { ...held.metadata, finalizers: ["other/finalizer"] } });
    expect(desk.iam.writes).toEqual([]);
  });

  test("is deleted in AWS under --crd-deletion-policy=Delete", async () => {
    desk.crdDeletionPolicy = "Delete";
    desk.restart();
    await goesWithItsCrd();
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    expect(desk.iam.writes.map(({ kind }) => kind)).toContain("DeleteRole");
    expect(desk.eventReasons.at(-1)).toBe("Deleted");
  });
});

test("the CRD is read for each deletion anew: what was read for the one before proves nothing", async () => {
  desk.apply();
  await desk.reconcile();
  desk.kube.delete(KEY);
  await desk.reconcile();
  expect(desk.eventReasons.at(-1)).toBe("Deleted");
  await goesWithItsCrd();
  await desk.reconcile();
  expect(desk.eventReasons.at(-1)).toBe("Retained");
});

test("while the API server does not say whether the CRD is being deleted, nothing is deleted in AWS", async () => {
  await goesWithItsCrd();
  desk.crd.fault = new RetryableError("the API server is not ready", { reason: "Http500" });
  expect(await desk.reconcile()).toEqual({ kind: "backoff" });
  expect(desk.iam.writes).toEqual([]);
  expect(desk.isHeld).toBe(true);
});

describe("without permission to read the CRD", () => {
  beforeEach(async () => {
    desk.crd.isReadable = false;
    await goesWithItsCrd();
    desk.crd.isBeingDeleted = false;
  });

  test("an object is deleted ten seconds later, when discovery would show a deletion of the CRD", async () => {
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 10_000 });
    expect([desk.iam.writes, desk.object?.metadata.finalizers]).toEqual([[], [FINALIZER]]);
    desk.nowMs += 10_000;
    await desk.reconcile();
    expect(desk.eventReasons.at(-1)).toBe("Deleted");
  });

  test("an object is released when discovery shows the deletion of the CRD late", async () => {
    await desk.reconcile();
    desk.crd.isBeingDeleted = true;
    desk.nowMs += 10_000;
    await desk.reconcile();
    expect([desk.eventReasons.at(-1), desk.iam.writes]).toEqual(["Retained", []]);
  });

  test("the log says once which permission is missing", async () => {
    await desk.reconcile();
    await desk.reconcile();
    expect(desk.logger.messages("warn")).toEqual([
      expect.stringContaining("Grant the verb get on customresourcedefinitions of apiextensions.k8s.io"),
    ]);
  });
});

describe("without permission to read the CRD, the ten seconds of an object", () => {
  const { signal } = new AbortController();
  let crd: FakeCrd;
  let nowMs: number;
  beforeEach(() => {
    crd = new FakeCrd();
    crd.isReadable = false;
    nowMs = 0;
  });
  const opened = () => crdDeletionOf(crd, { monotonicMs: () => nowMs });

  test("end also when more objects are in deletion than any bound, and they ask in turn", async () => {
    const crdDeletion = opened();
    const effects = async (): Promise<ReadonlySet<string>> => {
      const all = new Set<string>();
      for (let i = 0; i < 30_000; i += 1) all.add(await crdDeletion.effectOn(`team-a/${i}`, `uid-${i}`, signal));
      return all;
    };
    expect(await effects()).toEqual(new Set(["Unknown"]));
    nowMs += 10_000;
    expect(await effects()).toEqual(new Set(["Delete"]));
  });

  test("begin anew for another object of its name, and for one that was forgotten", async () => {
    const crdDeletion = opened();
    await crdDeletion.effectOn("team-a/app", "uid-1", signal);
    nowMs += 10_000;
    expect(await crdDeletion.effectOn("team-a/app", "uid-2", signal)).toBe("Unknown");
    nowMs += 10_000;
    expect(await crdDeletion.effectOn("team-a/app", "uid-2", signal)).toBe("Delete");
    crdDeletion.forget("team-a/app");
    expect(await crdDeletion.effectOn("team-a/app", "uid-2", signal)).toBe("Unknown");
  });

  test("are those before the read: one that began earlier and took long proves nothing", async () => {
    const crdDeletion = opened();
    await crdDeletion.effectOn("team-a/app", "uid-1", signal);
    const read = Promise.withResolvers<void>();
    crd.beforeReply = () => read.promise;
    const effect = crdDeletion.effectOn("team-a/app", "uid-1", signal);
    nowMs += 10_000;
    read.resolve();
    expect(await effect).toBe("Unknown");
  });

  test("begin anew when any read shows the deletion of the CRD: API servers may lag behind each other", async () => {
    const crdDeletion = opened();
    await crdDeletion.effectOn("team-a/app", "uid-1", signal);
    nowMs += 9_000;
    crd.isBeingDeleted = true;
    expect(await crdDeletion.effectOn("team-a/other", "uid-2", signal)).toBe("Retain");
    crd.isBeingDeleted = false;
    nowMs += 1_000;
    expect(await crdDeletion.effectOn("team-a/app", "uid-1", signal)).toBe("Unknown");
  });
});
