import { applyPatch } from "rfc6902";
import { describe, expect, test } from "vitest";
import { addFinalizerPatch, FINALIZER, hasFinalizer, removeFinalizerPatch } from "../../../src/controller/finalizer.ts";
import type { PatchOperation } from "../../../src/engine/ports.ts";
import { anInstanceProfile } from "../../support/builders.ts";

type Metadata = Parameters<typeof anInstanceProfile>[0] extends { metadata?: infer M } | undefined ? M : never;

const object = (metadata: Metadata = {}) => anInstanceProfile({ metadata });
const OTHER = "somebody.example/else";

/** The finalizers after the patch, or the name of the fault. */
function patched(live: ReturnType<typeof object>, operations: readonly PatchOperation[]): unknown {
  const copy = structuredClone(live);
  const fault = applyPatch(copy, structuredClone(operations) as never).find((result) => result !== null);
  return fault?.name ?? copy.metadata.finalizers;
}

describe("the finalizer", () => {
  test.each([[undefined], [[]]])("is added to an object with none (%j)", (finalizers) => {
    const it = object(finalizers && { finalizers });
    expect(patched(it, addFinalizerPatch(it))).toEqual([FINALIZER]);
  });

  test("is added after those of other controllers", () => {
    const it = object({ finalizers: [OTHER] });
    expect(patched(it, addFinalizerPatch(it))).toEqual([OTHER, FINALIZER]);
  });

  test("is not added to another version than the one that was read", () => {
    expect(patched(object({ resourceVersion: "2" }), addFinalizerPatch(object()))).toBe("TestError");
  });

  test("is removed without touching others", () => {
    const it = object({ finalizers: [OTHER, FINALIZER] });
    expect(patched(it, removeFinalizerPatch(it))).toEqual([OTHER]);
  });

  test.each<[string, Metadata]>([
    ["from another object of the same name", { uid: "uid-2" }],
    ["when the spec is another one by now", { generation: 2 }],
    ["when it is not where it was", { finalizers: [OTHER, FINALIZER] }],
  ])("is not removed %s", (_, metadata) => {
    const it = object({ finalizers: [FINALIZER] });
    expect(patched(object({ finalizers: [FINALIZER], ...metadata }), removeFinalizerPatch(it))).toBe("TestError");
  });

  test("is detected", () => {
    expect(
      [object(), object({ finalizers: [OTHER] }), object({ finalizers: [FINALIZER] })].map((one) => hasFinalizer(one)),
    ).toEqual([false, false, true]);
  });
});
