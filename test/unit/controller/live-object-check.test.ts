import { beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { RetryableError } from "../../../src/errors.ts";
import type { Action } from "../../../src/plan/action.ts";
import { aClass } from "../../support/builders.ts";
import { Desk, KEY } from "./desk.ts";

/** What must still hold right before each write to AWS, and what a write that is not sent leaves behind. */
const FORCE = "iam.instanceprofile.dev/force-delete";
const GET = { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] };
const EDITED = { description: "edited", tags: { team: "a" }, statements: [GET] };
const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];
const UNREACHABLE = new RetryableError("no reply", { reason: "EndpointUnreachable" });

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

const kinds = (): string[] => desk.iam.writes.map(({ kind }) => kind);

/** The first write of this kind waits so long for its turn at the rate limiter; meanwhile this happens. */
function waitingFor(kind: Action["kind"], ms: number, meanwhile: () => void): void {
  let isOver = false;
  desk.iam.beforeWrite = async (action) => {
    if (isOver || action.kind !== kind) return;
    isOver = true;
    desk.nowMs += ms;
    meanwhile();
  };
}

async function inSync(): Promise<void> {
  desk.apply();
  await desk.reconcile();
  desk.nowMs += 180_000;
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
  desk.iam.writes.length = 0;
}

describe("a write that waits for the rate limit", () => {
  const CHANGES: readonly (readonly [string, () => void])[] = [
    ["the spec was edited", () => desk.apply({ description: "another" })],
    ["the object was deleted", () => desk.kube.delete(KEY)],
    ["the object is gone", () => desk.kube.forget(KEY)],
    [
      "another object has the name",
      () => {
        desk.kube.forget(KEY);
        desk.apply();
      },
    ],
  ];

  test.each(CHANGES)("is not sent when meanwhile %s", async (_what, change) => {
    desk.apply();
    waitingFor("CreateRole", 6_000, change);
    expect(await desk.reconcile()).toEqual({ kind: "backoff" });
    expect(kinds()).toEqual([]);
    expect(desk.object?.status).toBeUndefined();
  });

  test.each(CHANGES)("is not sent when %s after the first write of the reconcile", async (_what, change) => {
    desk.apply();
    waitingFor("CreateInstanceProfile", 6_000, change);
    await desk.reconcile();
    expect(kinds()).toEqual(CREATION.slice(0, 2));
  });

  test("is not sent when the deletion is no longer forced", async () => {
    await inSync();
    desk.iam.outsider(({ roles: { app }, instanceProfiles }) => ({
      roles: app ? { app: { ...app, managedPolicyArns: ["arn:aws:iam::123456789012:policy/theirs"] } } : {},
      instanceProfiles,
    }));
    desk.kube.delete(KEY);
    desk.kube.annotate(KEY, { [FORCE]: "true" });
    waitingFor("RemoveRoleFromInstanceProfile", 6_000, () => desk.kube.annotate(KEY, { [FORCE]: "false" }));
    await desk.reconcile();
    expect(kinds()).toEqual([]);
  });

  test("does not enter the rate limiter when the object changed before", async () => {
    await inSync();
    desk.apply(EDITED);
    const seen = desk.kube.read(KEY);
    desk.apply({ description: "another" });
    let turns = 0;
    desk.iam.beforeWrite = async () => {
      turns += 1;
    };
    await desk.reconcile(undefined, seen);
    expect(turns).toBe(0);
  });

  test("counts the age of the last read from when its request was sent", async () => {
    await inSync();
    desk.apply(EDITED);
    const { get } = desk.kube;
    let asked = 0;
    desk.kube.get = async (key) => {
      asked += 1;
      const live = await get.call(desk.kube, key);
      // The reply is long in coming.
      if (asked === 1) desk.nowMs += 4_000;
      return live;
    };
    waitingFor("UpdateRole", 2_000, () => desk.apply({ description: "another" }));
    await desk.reconcile();
    expect(kinds()).not.toContain("UpdateRole");
  });

  test("counts the age of the finalizer's patch, which proves the object, from when it was sent", async () => {
    desk.apply();
    const { patch } = desk.kube;
    desk.kube.patch = async (key, operations) => {
      const written = await patch.call(desk.kube, key, operations);
      desk.nowMs += 4_000;
      return written;
    };
    waitingFor("CreateRole", 2_000, () => desk.apply({ description: "another" }));
    await desk.reconcile();
    expect(kinds()).toEqual([]);
  });

  test("is not sent while the API server does not respond, which the status does not report", async () => {
    await inSync();
    desk.apply(EDITED);
    const { get } = desk.kube;
    waitingFor("UpdateRole", 6_000, () => {
      desk.kube.get = () => Promise.reject(UNREACHABLE);
    });
    const { status } = desk.object ?? {};
    expect(await desk.reconcile()).toEqual({ kind: "backoff" });
    expect(kinds()).not.toContain("UpdateRole");
    expect(desk.object?.status).toEqual(status);
    desk.kube.get = get;
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
  });
});

describe("a class that is narrowed while the watch does not show it", () => {
  const spec = { className: "readers", statements: [GET] };
  const classOf = (allowedActions: readonly string[], generation: number): readonly KubeObject[] => [
    aClass({ allowedActions }, { metadata: { generation } }) as unknown as KubeObject,
  ];
  const narrowed = (): void => {
    desk.seenClasses = classOf(["s3:*"], 1);
    desk.classes = classOf(["ec2:*"], 2);
  };
  beforeEach(() => {
    desk.classes = classOf(["s3:*"], 1);
  });

  test("is effective for the first write, when the object was checked long before", async () => {
    desk.apply(spec);
    const { patch } = desk.kube;
    desk.kube.patch = async (key, operations) => {
      const written = await patch.call(desk.kube, key, operations);
      desk.nowMs += 6_000;
      narrowed();
      return written;
    };
    await desk.reconcile();
    expect(kinds()).toEqual([]);
  });

  test("is effective for a write long after the request for the classes, however late their list arrived", async () => {
    desk.apply(spec);
    await desk.reconcile();
    desk.iam.writes.length = 0;
    desk.nowMs += 180_000;
    desk.apply({ ...spec, description: "edited" });
    let isSlow = true;
    desk.iam.beforeRead = async () => {
      if (isSlow) desk.nowMs += 6_000;
      isSlow = false;
    };
    desk.afterClassList = async () => {
      desk.nowMs += 4_000;
      desk.afterClassList = async () => {};
    };
    waitingFor("UpdateRole", 2_000, narrowed);
    await desk.reconcile();
    expect(kinds()).not.toContain("UpdateRole");
  });
});

describe("a write that was not sent", () => {
  test("leaves nothing to wait for: the object that was deleted meanwhile is released at once", async () => {
    desk.apply();
    waitingFor("CreateRole", 6_000, () => desk.kube.delete(KEY));
    await desk.reconcile();
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object).toBeUndefined();
  });

  test("keeps the writes before it recorded, however stale the next read", async () => {
    desk.apply();
    waitingFor("CreateInstanceProfile", 6_000, () => desk.apply({ description: "another" }));
    await desk.reconcile();
    expect(kinds()).toEqual(CREATION.slice(0, 2));
    desk.iam.lag = 2;
    const tried: string[] = [];
    desk.iam.beforeWrite = async ({ kind }) => {
      tried.push(kind);
    };
    await desk.reconcile();
    desk.iam.lag = 0;
    await desk.reconcile();
    expect(tried).not.toContain("CreateRole");
    expect(desk.ready).toBe("True InSync");
  });
});

describe("what AWS does not find to delete", () => {
  test("keeps the object only until it must have propagated", async () => {
    desk.apply();
    await desk.reconcile();
    const createdMs = desk.nowMs;
    desk.kube.delete(KEY);
    desk.iam.fate = () => "miss";
    while (desk.object !== undefined && desk.nowMs < createdMs + 600_000) {
      await desk.reconcile();
      desk.nowMs += 5_000;
    }
    expect(desk.object).toBeUndefined();
    expect(desk.nowMs).toBeLessThanOrEqual(createdMs + 130_000);
    expect(desk.nowMs).toBeGreaterThan(createdMs + 120_000);
  });

  test("and this process has not created does not exist: the object is released at once", async () => {
    desk.apply();
    await desk.reconcile();
    desk.restart();
    desk.kube.delete(KEY);
    desk.iam.fate = () => "miss";
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object).toBeUndefined();
  });
});
