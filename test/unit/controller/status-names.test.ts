import { beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";
import { Desk } from "./desk.ts";

/** Whose role and instance profile a status names: others read their ARNs and ids from there. */
const STATEMENT = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

describe("a status names no role", () => {
  test("that the object does not own", async () => {
    desk.iam.outsiderMakesRole("app");
    desk.apply();
    await desk.reconcile();
    expect(desk.ready).toBe("False AlreadyExists");
    expect(desk.object?.status?.role).toBeUndefined();
  });

  test("that the object has not adopted yet", async () => {
    desk.classes = [aClass({ allowAdoption: true, allowedActions: ["s3:*"] }) as unknown as KubeObject];
    desk.iam.outsiderMakesRole("app");
    desk.apply({ className: "readers", statements: [STATEMENT], adoptionPolicy: "IfExists" });
    await desk.reconcile();
    expect(desk.ready).toBe("False AdoptionPlanned");
    expect(desk.object?.status?.role).toBeUndefined();
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
    expect(desk.object?.status?.role).toBeDefined();
  });
});

test("a status still names the object's role when another role replaces it", async () => {
  desk.apply();
  await desk.reconcile();
  const { role } = desk.object?.status ?? {};
  expect(role).toBeDefined();
  desk.nowMs += 180_000;
  desk.iam.outsiderMakesRole("app");
  await desk.reconcile();
  expect(desk.ready).toBe("False AlreadyExists");
  expect(desk.object?.status?.role).toEqual(role);
});
