import { beforeEach, describe, expect, test } from "vitest";
import { TerminalError } from "../../../src/errors.ts";
import { Desk, KEY } from "./desk.ts";

const RESYNC_MS = 600_000;
const OTHER = encodeURIComponent(
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }),
);

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

const writesSoFar = (): number => desk.iam.writes.length;

/** Somebody else's controller puts its own policy there each time, long after our write. */
function undo(document: string = OTHER): void {
  desk.nowMs += RESYNC_MS;
  desk.iam.outsider((account) => {
    const { app } = account.roles;
    if (app === undefined) throw new Error("there is no role");
    return { ...account, roles: { app: { ...app, inlinePolicyDocuments: { app: document } } } };
  });
}

async function givenUp(): Promise<void> {
  desk.apply();
  await desk.reconcile();
  for (let i = 0; i < 3; i += 1) {
    undo();
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
  }
  undo();
  await desk.reconcile();
}

describe("the same writes, three times without lasting effect", () => {
  test("are not repeated a fourth time: the object is Stalled, and its message names the drift and what to do", async () => {
    await givenUp();
    expect(writesSoFar()).toBe(4 + 3);
    expect(desk.ready).toBe("False NotConverging");
    expect(desk.object?.status?.conditions?.map(({ type }) => type)).toEqual(["Ready", "Stalled"]);
    expect(desk.message).toContain("~ inline policy app of role app");
    expect(desk.message).toContain("reconcile-at");
    expect(desk.object?.status?.plan).toEqual(["~ inline policy app of role app"]);
    expect(desk.eventReasons.at(-1)).toBe("NotConverging");
  });

  test("are then observed at a slow interval, and reported once", async () => {
    await givenUp();
    const [writes, kubeWrites, events] = [writesSoFar(), desk.kube.writes.length, desk.eventReasons.length];
    for (let i = 0; i < 3; i += 1) {
      undo();
      expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: RESYNC_MS, urgency: "resync" });
    }
    expect([writesSoFar(), desk.kube.writes.length, desk.eventReasons.length]).toEqual([writes, kubeWrites, events]);
  });

  test.each<[string, () => void]>([
    ["the spec changes", () => desk.apply({ description: "other" })],
    ["the spec changes in what AWS does not show", () => desk.apply({ deletionPolicy: "Retain" })],
    ["a person asks for a look", () => desk.kube.annotate(KEY, { "iam.instanceprofile.dev/reconcile-at": "now" })],
    ["the difference becomes another one", () => undo(OTHER.replace("Allow", "Deny"))],
  ])("are made again when %s", async (_what, change) => {
    await givenUp();
    const before = writesSoFar();
    change();
    await desk.reconcile();
    expect(writesSoFar()).toBeGreaterThan(before);
    expect(desk.ready).toBe("True InSync");
  });

  test("are reset when AWS is observed in sync, whichever client changed it", async () => {
    await givenUp();
    undo(desk.iam.writes.map((action) => ("document" in action ? action.document : "")).at(-1));
    await desk.reconcile();
    expect(desk.ready).toBe("True InSync");
    const before = writesSoFar();
    for (let i = 0; i < 3; i += 1) {
      undo();
      await desk.reconcile();
    }
    expect(writesSoFar()).toBe(before + 3);
  });

  test("are not counted while IAM lags behind a recent write", async () => {
    desk.apply();
    await desk.reconcile();
    desk.iam.lag = 1;
    for (let i = 0; i < 20; i += 1) {
      desk.nowMs += 5_000;
      await desk.reconcile();
    }
    expect(writesSoFar()).toBe(4);
    expect(desk.ready).toBe("False PropagationPending");
  });
});

describe("a principal that IAM rejects", () => {
  test("may have been created just now: the controller retries for two minutes, then waits for a change", async () => {
    desk.iam.fate = () => new TerminalError("Invalid principal in policy", { reason: "InvalidPrincipal" });
    desk.apply();
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 10_000 });
    expect(desk.object?.status?.conditions?.map(({ type }) => type)).toEqual(["Ready", "Reconciling"]);
    desk.nowMs += 119_000;
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 10_000 });
    desk.nowMs += 1_000;
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: RESYNC_MS, urgency: "resync" });
    expect(desk.object?.status?.conditions?.map(({ type }) => type)).toEqual(["Ready", "Stalled"]);
  });

  test("is retried for two minutes, whatever failed before", async () => {
    desk.iam.fate = () => new TerminalError("not a policy", { reason: "MalformedPolicyDocument" });
    desk.apply();
    await desk.reconcile();
    desk.nowMs += 119_000;
    desk.iam.fate = () => new TerminalError("Invalid principal in policy", { reason: "InvalidPrincipal" });
    await desk.reconcile();
    desk.nowMs += 60_000;
    expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 10_000 });
  });

  test("is retried for another two minutes after a success", async () => {
    desk.apply();
    await desk.reconcile();
    for (let i = 0; i < 2; i += 1) {
      desk.iam.fate = () => new TerminalError("Invalid principal in policy", { reason: "InvalidPrincipal" });
      desk.apply({ description: `edit ${i}` });
      desk.nowMs += RESYNC_MS;
      expect(await desk.reconcile()).toEqual({ kind: "after", delayMs: 10_000 });
      desk.iam.fate = () => "do";
      await desk.reconcile();
      expect(desk.ready).toBe("True InSync");
    }
  });
});
