import { beforeEach, describe, expect, test } from "vitest";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { BlockedError, ConflictError, RetryableError, ThrottledError } from "../../../src/errors.ts";
import { kstatusOf } from "../../support/kstatus.ts";
import { Desk, KEY } from "./desk.ts";

const S3_ALL = { statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }] };
const UNREACHABLE = new RetryableError("no reply from iam", { reason: "EndpointUnreachable" });

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

async function isReady(spec: Record<string, unknown> = {}): Promise<void> {
  desk.apply(spec);
  await desk.reconcile();
  expect(desk.ready).toBe("True InSync");
}

const writesSoFar = (): number => desk.iam.writes.length;

describe("a reconcile that is aborted (timeout, shutdown)", () => {
  async function cutAt(kind: string): Promise<void> {
    const abort = new AbortController();
    desk.iam.fate = (action) => {
      if (action.kind !== kind) return "do";
      abort.abort(new Error("The reconcile was aborted after 120 s"));
      return abort.signal.reason;
    };
    await expect(desk.reconcile(abort.signal)).rejects.toThrow("The reconcile was aborted");
    desk.iam.fate = () => "do";
  }

  test("reports nothing: no status, no Event", async () => {
    desk.apply();
    await cutAt("CreateInstanceProfile");
    expect(desk.object?.status).toBeUndefined();
    expect(desk.eventReasons).toEqual([]);
  });

  test("has its writes recorded: they are not repeated, however stale the next read", async () => {
    desk.apply();
    await cutAt("CreateInstanceProfile");
    desk.iam.lag = 2;
    await desk.reconcile();
    // A role that IAM does not show proves nothing, so its profile waits for it.
    expect(desk.iam.writes.map(({ kind }) => kind)).toEqual(["CreateRole", "PutRolePolicy"]);
    desk.iam.lag = 0;
    await desk.reconcile();
    expect(desk.iam.writes.map(({ kind }) => kind)).toEqual([
      "CreateRole",
      "PutRolePolicy",
      "CreateInstanceProfile",
      "AddRoleToInstanceProfile",
    ]);
    expect(desk.ready).toBe("True InSync");
  });
});

describe("a stale copy of the object", () => {
  test("does not release it by a deletion policy that was changed since", async () => {
    await isReady({ deletionPolicy: "Retain" });
    desk.kube.delete(KEY);
    const old = desk.kube.read(KEY);
    desk.apply({ deletionPolicy: "Delete" });
    expect(await desk.reconcile(undefined, old)).toEqual({ kind: "backoff" });
    expect(desk.isHeld).toBe(true);
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    expect(desk.iam.account.roles).toEqual({});
  });

  test("does not force a deletion after the annotation was removed", async () => {
    await isReady();
    desk.iam.outsider((account) => {
      const { app } = account.roles;
      return { ...account, roles: app ? { app: { ...app, managedPolicyArns: ["arn:aws:iam::1:policy/theirs"] } } : {} };
    });
    desk.kube.delete(KEY);
    desk.kube.annotate(KEY, { "iam.instanceprofile.dev/force-delete": "true" });
    const old = desk.kube.read(KEY);
    desk.kube.annotate(KEY, { "iam.instanceprofile.dev/force-delete": "false" });
    const before = writesSoFar();
    await desk.reconcile(undefined, old);
    expect(writesSoFar()).toBe(before);
  });

  test("does not overwrite a newer status", async () => {
    await isReady();
    const old = desk.kube.read(KEY);
    desk.apply(S3_ALL);
    await desk.reconcile();
    desk.iam.getRole = () => Promise.reject(new BlockedError("no", { reason: "AccessDenied" }));
    expect(await desk.reconcile(undefined, old)).toEqual({ kind: "backoff" });
    expect(desk.object?.status?.observedGeneration).toBe(2);
    expect(desk.ready).toBe("True InSync");
  });

  test("of another object of the same name changes neither AWS nor status", async () => {
    await isReady();
    const old = desk.kube.read(KEY);
    desk.kube.delete(KEY);
    await desk.reconcile();
    await isReady(S3_ALL);
    const [before, status] = [writesSoFar(), desk.object?.status];
    await desk.reconcile(undefined, old);
    expect(writesSoFar()).toBe(before);
    expect(desk.object?.status).toEqual(status);
  });
});

describe("an invalid spec of an object in deletion", () => {
  const broken = { roleName: "no spaces allowed" };

  test("keeps its entities in AWS, and its message says what to do", async () => {
    await isReady();
    desk.kube.delete(KEY);
    desk.apply(broken);
    const before = writesSoFar();
    await desk.reconcile();
    expect(writesSoFar()).toBe(before);
    expect(desk.isHeld).toBe(true);
    expect(desk.ready).toBe("False InvalidSpec");
    expect(desk.message).toContain(FINALIZER);
    desk.apply();
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    expect(desk.iam.account.roles).toEqual({});
  });

  test("writes nothing when the object never had the finalizer", async () => {
    desk.apply(broken, { finalizers: ["somebody.example/else"] });
    desk.kube.delete(KEY);
    const before = desk.kube.read(KEY);
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.kube.read(KEY)).toEqual(before);
  });
});

describe("suspend", () => {
  test("keeps the status and the observed generation of Ready", async () => {
    await isReady();
    desk.apply({ ...S3_ALL, suspend: true });
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object?.status).toMatchObject({
      observedGeneration: 2,
      conditions: [
        { type: "Ready", status: "True", reason: "Suspended", observedGeneration: 1 },
        { type: "Suspended", status: "True", reason: "Suspended", observedGeneration: 2 },
      ],
    });
  });

  test("is all that an object reports that was never reconciled, and kstatus takes it for Current", async () => {
    desk.apply({ suspend: true });
    await desk.reconcile();
    expect(desk.ready).toBe("absent Suspended");
    expect(kstatusOf(desk.kube.read(KEY) ?? {})).toBe("Current");
    expect(desk.isHeld).toBe(false);
  });

  test("takes the place of Ready=False, so that nobody waits for an object that was blocked before", async () => {
    desk.iam.outsiderMakesRole("app");
    desk.apply();
    await desk.reconcile();
    expect(kstatusOf(desk.kube.read(KEY) ?? {})).toBe("Failed");
    desk.apply({ suspend: true });
    await desk.reconcile();
    expect(desk.ready).toBe("absent Suspended");
    expect(kstatusOf(desk.kube.read(KEY) ?? {})).toBe("Current");
  });

  test("blocks a deletion until it is unset", async () => {
    await isReady();
    desk.apply({ suspend: true });
    desk.kube.delete(KEY);
    const before = writesSoFar();
    await desk.reconcile();
    expect(writesSoFar()).toBe(before);
    expect(desk.message).toContain("deletion is blocked");
    await desk.reconcile();
    expect(desk.kube.events.slice(1)).toEqual([
      expect.objectContaining({
        type: "Warning",
        reason: "Suspended",
        action: "Delete",
        note: desk.messageOf("Suspended"),
      }),
    ]);
    desk.apply({ suspend: false });
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
    expect(desk.iam.account.roles).toEqual({});
  });
});

describe("mode DryRun", () => {
  test("after Enforce shows the plan and writes nothing; Enforce again executes it", async () => {
    await isReady();
    desk.apply({ ...S3_ALL, mode: "DryRun" });
    const before = writesSoFar();
    await desk.reconcile();
    expect(writesSoFar()).toBe(before);
    expect(desk.ready).toBe("absent DryRun");
    expect(desk.object?.status?.role?.arn).toContain(":role/app");
    desk.apply(S3_ALL);
    await desk.reconcile();
    expect(desk.iam.writes.slice(before).map(({ kind }) => kind)).toEqual(["PutRolePolicy"]);
    expect(desk.ready).toBe("True InSync");
  });

  test("right after a create shows the ARNs, however stale the read", async () => {
    await isReady();
    desk.iam.lag = 4;
    desk.apply({ mode: "DryRun" });
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 5_000 });
    expect(desk.object?.status?.instanceProfile?.arn).toContain(":instance-profile/app");
  });

  test("of an object in deletion reports that the deletion is blocked, and releases an object without entities", async () => {
    await isReady();
    desk.apply({ mode: "DryRun" });
    desk.kube.delete(KEY);
    await desk.reconcile();
    expect(desk.message).toMatch(/deletion is blocked .*4 writes pending/);
    expect(desk.isHeld).toBe(true);
    desk.iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
    desk.nowMs += 120_000;
    await desk.reconcile();
    expect(desk.object).toBeUndefined();
  });
});

describe("a persistent failure", () => {
  test.each([
    ["AWS out of reach", UNREACHABLE],
    [
      "throttling with a time to come back at",
      new ThrottledError("slow", { reason: "Throttled", retryAfterMs: 5_000 }),
    ],
    ["throttling", new ThrottledError("slow", { reason: "Throttled" })],
    ["a conflict", new ConflictError("moved", { reason: "ConcurrentModification" })],
  ])("%s turns a ready object around at the third look, not before, and once", async (_, error) => {
    await isReady();
    const { getRole } = desk.iam;
    desk.iam.getRole = () => Promise.reject(error);
    for (let i = 0; i < 2; i++) await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
    for (let i = 0; i < 5; i++) await desk.reconcile();
    expect(desk.ready).toBe(`False ${error.reason}`);
    expect(desk.eventReasons).toEqual(["Created", error.reason]);
    desk.iam.getRole = getRole;
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
  });

  test("is counted from zero after each success", async () => {
    await isReady();
    const { getRole } = desk.iam;
    for (let i = 0; i < 5; i++) {
      desk.iam.getRole = () => Promise.reject(UNREACHABLE);
      for (let j = 0; j < 2; j++) await desk.reconcile();
      desk.iam.getRole = getRole;
      await desk.reconcile();
    }
    expect(desk.eventReasons).toEqual(["Created"]);
  });
});

describe("deletion", () => {
  test("is complete with the replies of AWS, without another read", async () => {
    await isReady();
    desk.kube.delete(KEY);
    let reads = 0;
    desk.iam.beforeRead = async () => {
      reads += 1;
    };
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.object).toBeUndefined();
    expect(reads).toBe(5);
    expect(desk.eventReasons).toEqual(["Created", "Deleted"]);
  });

  test("that fails half-way reports what was deleted, and continues from there", async () => {
    await isReady();
    desk.kube.delete(KEY);
    desk.iam.fate = ({ kind }) => (kind === "DeleteRolePolicy" ? UNREACHABLE : "do");
    for (let i = 0; i < 3; i++) await desk.reconcile();
    expect(desk.eventReasons).toEqual(["Created", "Deleting", UNREACHABLE.reason]);
    desk.iam.fate = () => "do";
    expect(await desk.reconcile()).toEqual({ kind: "done" });
    expect(desk.kube.events.at(-1)?.note).toBe("- inline policy app of role app; - role app");
  });
});

test("an object that is deleted right after the reply to its create was lost is kept until the role must have propagated", async () => {
  desk.apply();
  desk.iam.fate = ({ kind }) => (kind === "CreateRole" ? { doAndThenFail: UNREACHABLE } : "do");
  await desk.reconcile();
  desk.iam.fate = () => "do";
  desk.kube.delete(KEY);
  desk.iam.lag = 1;
  expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 5_000 });
  expect(desk.isHeld).toBe(true);
  desk.iam.lag = 0;
  desk.nowMs += 5_000;
  while (desk.object !== undefined && desk.nowMs < Date.parse("2026-01-01T00:10:00Z")) {
    await desk.reconcile();
    desk.nowMs += 5_000;
  }
  expect(desk.object).toBeUndefined();
  expect(desk.iam.account.roles).toEqual({});
});

test("an object that is deleted while its create has not propagated is kept until it must have propagated", async () => {
  desk.apply();
  await desk.reconcile();
  desk.kube.delete(KEY);
  desk.iam.fate = () => "miss";
  for (let i = 0; i < 3; i++) expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 5_000 });
  expect(desk.isHeld).toBe(true);
  desk.iam.fate = () => "do";
  while (desk.object !== undefined && desk.nowMs < Date.parse("2026-01-01T00:10:00Z")) {
    await desk.reconcile();
    desk.nowMs += 5_000;
  }
  expect(desk.object).toBeUndefined();
  expect(desk.nowMs).toBeLessThanOrEqual(Date.parse("2026-01-01T00:02:05Z"));
  expect(desk.iam.account).toEqual({ roles: {}, instanceProfiles: {} });
});

test("a dry run emits no warning, because pending actions are expected", async () => {
  desk.apply({ mode: "DryRun" });
  await desk.reconcile();
  expect(desk.kube.events).toMatchObject([{ type: "Normal", reason: "DryRun" }]);
});

describe("the API server", () => {
  test("rejecting the status is logged, with a level by its severity", async () => {
    desk.apply();
    const refused = new BlockedError("instanceprofiles/status is forbidden", { reason: "Forbidden" });
    desk.kube.patchStatus = () => Promise.reject(refused);
    expect(await desk.reconcile()).toEqual({ kind: "backoff" });
    expect(desk.logger.messages("warn")).toEqual(["Reconciler error"]);
    desk.kube.patchStatus = () => Promise.reject(new ConflictError("moved", { reason: "Conflict" }));
    await desk.reconcile();
    expect(desk.logger.messages("warn")).toEqual(["Reconciler error"]);
  });

  test("unavailable for the last check before a write: nothing is written", async () => {
    await isReady();
    desk.apply(S3_ALL);
    desk.kube.get = () => Promise.reject(UNREACHABLE);
    const before = writesSoFar();
    expect(await desk.reconcile()).toEqual({ kind: "backoff" });
    expect(writesSoFar()).toBe(before);
    expect(desk.ready).toBe("True InSync");
  });
});
