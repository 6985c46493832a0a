import { beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "./desk.ts";

/** Whose role and instance profile a status names: others read their ARNs and ids from there. */
type Fields = Readonly<Record<string, unknown>>;
const STATEMENT = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

describe("a status has the name and not the ARN of a role", () => {
  test("that the object does not own", async () => {
    desk.iam.outsiderMakesRole("app");
    desk.apply();
    await desk.reconcile();
    expect(desk.ready).toBe("False AlreadyExists");
    expect(desk.object?.status?.role).toEqual({ name: "app" });
  });

  test("that the object has not adopted yet", async () => {
    desk.classes = [aClass({ allowAdoption: true, allowedActions: ["s3:*"] }) as unknown as KubeObject];
    desk.iam.outsiderMakesRole("app");
    desk.apply({ className: "readers", statements: [STATEMENT], adoptionPolicy: "IfExists" });
    await desk.reconcile();
    expect(desk.ready).toBe("False AdoptionPlanned");
    expect(desk.object?.status?.role).toEqual({ name: "app" });
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
    expect(desk.object?.status?.role?.arn).toBeDefined();
  });
});

describe("a process that stopped after the create and before the first status", () => {
  /** The role and the instance profile exist, and the status says nothing of them. */
  beforeEach(async () => {
    desk.apply();
    await desk.reconcile();
    const { status: _, ...unreported } = desk.kube.read(KEY) as Fields;
    desk.kube.wipeStatus(KEY);
    expect(unreported["status"]).toBeUndefined();
    desk.restart();
    desk.nowMs += 180_000;
  });

  const edits: readonly [string, () => void, string][] = [
    ["that the plan blocks", () => desk.apply({ path: "/other/" }), "False PathConflict"],
    ["that is invalid", () => desk.apply({ statements: [{ effect: "Maybe" }] }), "False InvalidSpec"],
    [
      "that the class blocks",
      () => {
        desk.classes = [aClass({ allowedActions: ["ec2:*"] }) as unknown as KubeObject];
        desk.apply({ suspend: false });
      },
      "False ClassRequired",
    ],
  ];
  test.each(edits)("names them although an edit follows %s", async (_, edit, ready) => {
    edit();
    await desk.reconcile();
    expect(desk.ready).toBe(ready);
    expect(desk.object?.status?.role?.arn).toMatch(/:role\/app$/);
    expect(desk.object?.status?.instanceProfile?.arn).toMatch(/:instance-profile\/app$/);
  });

  test("puts the finalizer back when that is lost meanwhile", async () => {
    desk.apply({ statements: [{ effect: "Maybe" }] });
    await desk.reconcile();
    desk.kube.loseFinalizers(KEY);
    await desk.reconcile();
    expect(desk.isHeld).toBe(true);
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
