import { applyPatch } from "rfc6902";
import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import {
  addFinalizerPatch,
  FINALIZER,
  FinalizerKeeper,
  hasFinalizer,
  removeFinalizerPatch,
} from "../../../src/controller/finalizer.ts";
import { MutationCache } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { Subject } from "../../../src/controller/reconcile/subject.ts";
import { ScanCoverage } from "../../../src/controller/scan/scan-coverage.ts";
import type { KubeObject, ObjectKey, PatchOperation } from "../../../src/engine/ports.ts";
import { ConflictError } from "../../../src/errors.ts";
import { FakeKube } from "../../fakes/fake-kube.ts";
import { anInstanceProfile } from "../../support/builders.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

type Metadata = Parameters<typeof anInstanceProfile>[0] extends { metadata?: infer M } | undefined ? M : never;

const objectWith = (metadata: Metadata = {}) => anInstanceProfile({ metadata });
const OTHER = "somebody.example/else";

/** The finalizers after the patch, or the name of the fault. */
function patched(live: ReturnType<typeof objectWith>, operations: readonly PatchOperation[]): unknown {
  const copy = structuredClone(live);
  const fault = applyPatch(copy, structuredClone(operations) as never).find((result) => result !== null);
  return fault?.name ?? copy.metadata.finalizers;
}

describe("the finalizer", () => {
  test.each([[undefined], [[]]])("is added to an object with none (%j)", (finalizers) => {
    const it = objectWith(finalizers && { finalizers });
    expect(patched(it, addFinalizerPatch(it))).toEqual([FINALIZER]);
  });

  test("is added after those of other controllers", () => {
    const it = objectWith({ finalizers: [OTHER] });
    expect(patched(it, addFinalizerPatch(it))).toEqual([OTHER, FINALIZER]);
  });

  test("is not added to another version than the one that was read", () => {
    expect(patched(objectWith({ resourceVersion: "2" }), addFinalizerPatch(objectWith()))).toBe("TestError");
  });

  test("is removed without touching others", () => {
    const it = objectWith({ finalizers: [OTHER, FINALIZER] });
    expect(patched(it, removeFinalizerPatch(it))).toEqual([OTHER]);
  });

  test.each<[string, Metadata]>([
    ["from another object of the same name", { uid: "uid-2" }],
    ["when the spec is another one by now", { generation: 2 }],
    ["when it is not where it was", { finalizers: [OTHER, FINALIZER] }],
  ])("is not removed %s", (_, metadata) => {
    const it = objectWith({ finalizers: [FINALIZER] });
    expect(patched(objectWith({ finalizers: [FINALIZER], ...metadata }), removeFinalizerPatch(it))).toBe("TestError");
  });

  test("is detected", () => {
    expect(
      [objectWith(), objectWith({ finalizers: [OTHER] }), objectWith({ finalizers: [FINALIZER] })].map((one) =>
        hasFinalizer(one),
      ),
    ).toEqual([false, false, true]);
  });
});

const KEY: ObjectKey = { namespace: "team-a", name: "app" };
const signal = new AbortController().signal;

let kube: FakeKube;
let mutationCache: MutationCache;
let keeper: FinalizerKeeper;
beforeEach(() => {
  kube = new FakeKube();
  kube.apply({ ...s3ReadOnly(KEY) } as Record<string, unknown>);
  mutationCache = new MutationCache(() => 0);
  keeper = new FinalizerKeeper({ objects: kube, mutationCache });
});

const raw = (): KubeObject => kube.read(KEY) as KubeObject;
const object = (): InstanceProfile => parseInstanceProfile(raw());
const finalizers = (): readonly string[] => object().metadata.finalizers ?? [];

function subject(): Subject {
  return {
    key: "team-a/app",
    raw: raw(),
    object: object(),
    binding: { kind: "free", object: object() },
    classRevision: "none",
    judgedMs: 0,
    run: { logger: new RecordingLogger(), urgency: "change" },
    coverage: new ScanCoverage(() => 0),
  };
}

/** Writes the status as an earlier reconcile would. */
async function report(status: InstanceProfile["status"]): Promise<void> {
  const operation: PatchOperation = { op: "add", path: "/status", value: status };
  await kube.patchStatus(KEY, [operation]);
}

describe("the finalizer is added", () => {
  test("before the first write to AWS, and the reconcile continues with the new version", async () => {
    const added = await keeper.add(subject(), signal);
    expect(finalizers()).toEqual([FINALIZER]);
    expect(added).toMatchObject({ isNew: true, raw: raw(), object: { metadata: object().metadata } });
  });

  test("once: an object that has it is not written", async () => {
    const held = await keeper.add(subject(), signal);
    expect(await keeper.add(held, signal)).toBe(held);
    expect(kube.writes).toEqual(["patch"]);
  });

  test("to an object that is not new when its status names entities in AWS", async () => {
    await report({ role: { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" } });
    expect(await keeper.add(subject(), signal)).toMatchObject({ isNew: false });
  });

  test("only to the version that was read", async () => {
    const stale = subject();
    kube.annotate(KEY, { changed: "meanwhile" });
    await expect(keeper.add(stale, signal)).rejects.toBeInstanceOf(ConflictError);
    expect(finalizers()).toEqual([]);
  });

  test("and seen by the next reconcile, although the watch lags", async () => {
    const before = raw();
    await keeper.add(subject(), signal);
    expect(mutationCache.newest("team-a/app", before)).toEqual(raw());
  });
});

describe("a finalizer that another client has removed", () => {
  const TRACES: readonly NonNullable<InstanceProfile["status"]>[] = [
    { role: { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" } },
    { class: { name: "readers", accountId: "123456789012", acceptedTime: "2026-01-01T00:00:00.000Z" } },
  ];

  test.each(TRACES)("is added again while the object has, or may have, entities in AWS: %j", async (status) => {
    await report(status);
    expect(await keeper.restore(raw(), object(), signal)).toEqual(raw());
    expect(finalizers()).toEqual([FINALIZER]);
  });

  test("is not added to an object that has nothing in AWS, or that has it", async () => {
    const before = raw();
    expect(await keeper.restore(before, object(), signal)).toBe(before);
    expect(finalizers()).toEqual([]);
    await report({ accountId: "123456789012" });
    await keeper.add(subject(), signal);
    const held = raw();
    expect(await keeper.restore(held, object(), signal)).toBe(held);
  });
});

describe("the finalizer is removed", () => {
  test("from an object that has it", async () => {
    expect(await keeper.remove(object(), signal)).toBe(false);
    await keeper.add(subject(), signal);
    expect(await keeper.remove(object(), signal)).toBe(true);
    expect(finalizers()).toEqual([]);
  });

  test("not when the spec was edited since the reconcile, because its deletion policy may be another one", async () => {
    await keeper.add(subject(), signal);
    const reconciled = object();
    kube.apply({ ...s3ReadOnly(KEY, { deletionPolicy: "Retain" }) } as Record<string, unknown>);
    await expect(keeper.remove(reconciled, signal)).rejects.toBeInstanceOf(ConflictError);
    expect(finalizers()).toEqual([FINALIZER]);
  });
});
