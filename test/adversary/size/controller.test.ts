import { beforeEach, describe, expect, test } from "vitest";
import { boundedObject } from "../../../src/api/bounded-object.ts";
import type { InstanceProfileClassSpec } from "../../../src/api/instance-profile-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";
import { grid } from "../../support/large-objects.ts";
import { Desk, KEY } from "../../unit/controller/desk.ts";

const SMALL = { statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] };
const LARGE = grid(20, 300, 200);

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

function classIs(spec: Partial<InstanceProfileClassSpec>): void {
  desk.classes = [aClass(spec, { metadata: { generation: ++desk.nowMs % 1_000 } }) as unknown as KubeObject];
}

function actionsInAws(): readonly string[] {
  const documents = Object.values(desk.iam.role("app")?.inlinePolicyDocuments ?? {});
  return documents.flatMap((text) => JSON.parse(text).Statement.flatMap(({ Action }: { Action: string[] }) => Action));
}

describe("an object whose policy is too large", () => {
  test("is told so, and creates nothing", async () => {
    desk.apply(LARGE);
    await desk.reconcile();
    expect(desk.condition("Ready")).toBe("False PolicyTooLarge");
    expect(desk.condition("Stalled")).toBe("True PolicyTooLarge");
    expect(desk.iam.role("app")).toBeUndefined();
  });

  test("leaves in AWS what was there before the edit, and is in sync again after the next one", async () => {
    desk.apply(SMALL);
    await desk.reconcile();
    desk.apply(LARGE);
    await desk.reconcile();
    expect([desk.condition("Ready"), actionsInAws()]).toEqual(["False PolicyTooLarge", ["s3:*"]]);
    desk.apply(SMALL);
    await desk.reconcile();
    expect(desk.condition("Ready")).toBe("True InSync");
  });

  test("takes everything with it when it is deleted", async () => {
    desk.apply(SMALL);
    await desk.reconcile();
    desk.apply(LARGE);
    await desk.reconcile();
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect([desk.iam.role("app"), desk.object]).toEqual([undefined, undefined]);
  });

  test.each([
    ["suspended", { suspend: true }],
    ["a dry run", { mode: "DryRun" }],
    ["to be adopted", { adoptionPolicy: "IfExists" }],
  ])("is told so although it is %s", async (_, spec) => {
    desk.apply({ ...LARGE, ...spec });
    await desk.reconcile();
    expect(desk.condition("Ready")).toBe("False PolicyTooLarge");
  });

  test("keeps what its class allows, under Strip and under Keep", async () => {
    for (const onViolation of ["Strip", "Keep"] as const) {
      desk = new Desk();
      classIs({ allowedActions: ["s3:*"], onViolation });
      desk.apply({ className: "readers", ...SMALL });
      await desk.reconcile();
      desk.apply({ className: "readers", ...LARGE });
      await desk.reconcile();
      expect([desk.condition("Compliant"), actionsInAws()]).toEqual(["False PolicyTooLarge", ["s3:*"]]);
    }
  });

  test("does not keep by its size what a narrowed class forbids, under Strip", async () => {
    classIs({ allowedActions: ["s3:*"], onViolation: "Strip" });
    desk.apply({ className: "readers", ...SMALL });
    await desk.reconcile();
    desk.apply({ className: "readers", ...LARGE });
    classIs({ allowedActions: ["s3:Get*"], onViolation: "Strip" });
    await desk.reconcile();
    expect([desk.condition("Ready"), actionsInAws()]).toEqual(["False PolicyTooLarge", []]);
    expect(desk.condition("Compliant")).toBe("False PolicyTooLarge");
  });

  test("is not accepted by a class", async () => {
    classIs({ allowedActions: ["s3:*"] });
    desk.apply({ className: "readers", ...LARGE });
    await desk.reconcile();
    expect(desk.condition("Compliant")).toBe("False PolicyTooLarge");
    expect(desk.iam.role("app")).toBeUndefined();
  });

  test("gets the same answer when the cache keeps less of it", async () => {
    desk.apply(LARGE);
    await desk.reconcile(undefined, boundedObject(desk.kube.read(KEY) as KubeObject));
    expect(desk.condition("Ready")).toBe("False PolicyTooLarge");
  });
});
