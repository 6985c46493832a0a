import { describe, expect, test } from "vitest";
import type { InstanceProfileStatus } from "../../../src/api/instance-profile.ts";
import { BlockedError, RetryableError, TerminalError } from "../../../src/errors.ts";
import type { ObservedInstanceProfile, ObservedRole, ObservedState } from "../../../src/model/observed-state.ts";
import type { Action } from "../../../src/plan/action.ts";
import { diff } from "../../../src/plan/diff.ts";
import { isAnnounced } from "../../../src/status/conditions-of.ts";
import type { Outcome, ReportedObject } from "../../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { sameStatus } from "../../../src/status/status-change.ts";
import type { Summary } from "../../../src/status/summarize.ts";
import { anInstanceProfile, desiredAbsence, desiredOf, NOTHING, stateAfter } from "../../support/builders.ts";
import { summaryAfter } from "../../support/results.ts";

const CREATE = diff(desiredOf(), NOTHING);
const MADE = stateAfter(NOTHING, CREATE.actions);
const EMPTY = { actions: [], blockers: [], unmanagedPolicies: [] };
const ASKED = { "iam.instanceprofile.dev/reconcile-at": "7" };
const BLOCKER = { reason: "AlreadyExists", message: "role app already exists." };
const DENIED = new BlockedError("PutRolePolicy on role app: AccessDenied: no", { reason: "AccessDenied" });

const FIRST = "2026-01-01T00:00:00Z";
const LATER = "2026-01-01T01:00:00Z";

function converged(applied: readonly Action[] = [], after: ObservedState = MADE): Outcome {
  return { kind: "converged", plan: { ...EMPTY, actions: applied }, applied, failed: undefined, after, visibleInMs: 0 };
}

function at(object: ReportedObject, outcome: Outcome, now: string = FIRST, failures = 0): Summary {
  return summaryAfter(object, outcome, { now, random: 0.5, intervals: DEFAULT_REQUEUE_INTERVALS, failures });
}

function withIds(roleId: string, profileId: string): ObservedState {
  const [role, profile] = [MADE.role as ObservedRole, MADE.instanceProfile as ObservedInstanceProfile];
  const arn = (kind: string): string => `arn:aws:iam::123456789012:${kind}/app`;
  return {
    role: { ...role, roleId, arn: arn("role") },
    instanceProfile: { ...profile, id: profileId, arn: arn("instance-profile") },
  };
}

const READY = at(anInstanceProfile(), converged(CREATE.actions)).status;

const objectWith = (status: InstanceProfileStatus | undefined, metadata: object = {}) =>
  anInstanceProfile({ metadata, ...(status && { status }) });

describe("lastVerifiedTime", () => {
  test("is there once AWS matches, and stays while nothing happens", () => {
    expect(READY.lastVerifiedTime).toBe(FIRST);
    expect(at(objectWith(READY), converged(), LATER).status.lastVerifiedTime).toBe(FIRST);
  });

  test("moves with a write, with a new generation, and with a question", () => {
    const moved = [
      at(objectWith(READY), converged(CREATE.actions.slice(0, 1)), LATER),
      at(objectWith(READY, { generation: 2 }), converged(), LATER),
      at(objectWith(READY, { annotations: ASKED }), converged(), LATER),
    ];
    expect(moved.map(({ status }) => status.lastVerifiedTime)).toEqual([LATER, LATER, LATER]);
  });

  test("does not move for a question that was answered", () => {
    const answered = at(objectWith(READY, { annotations: ASKED }), converged(), FIRST).status;
    expect(answered.lastHandledReconcileAt).toBe("7");
    expect(at(objectWith(answered, { annotations: ASKED }), converged(), LATER).status).toEqual(answered);
  });

  test("does not move while the ARNs are not shown, nor when AWS was not seen to match", () => {
    const hidden = { ...MADE, role: { ...(MADE.role as ObservedRole), arn: "AROAEXAMPLE" } };
    const blocked: Outcome = {
      kind: "previewed",
      plan: { ...EMPTY, blockers: [BLOCKER] },
      observed: MADE,
      visibleInMs: 0,
    };
    for (const outcome of [converged([], hidden), blocked]) {
      expect(at(objectWith(undefined), outcome).status.lastVerifiedTime).toBeUndefined();
    }
  });
});

describe("lastHandledReconcileAt", () => {
  test("answers whatever the result is, as Flux does: blocked by the plan or the class, or failed", () => {
    const blocked: Outcome = {
      kind: "previewed",
      plan: { ...EMPTY, blockers: [BLOCKER] },
      observed: MADE,
      visibleInMs: 0,
    };
    const refused: Outcome = { kind: "refused", blockers: [BLOCKER] };
    for (const outcome of [blocked, refused, { kind: "failed", error: DENIED } as const]) {
      expect(at(objectWith(READY, { annotations: ASKED }), outcome).status.lastHandledReconcileAt).toBe("7");
    }
  });

  test("answers a request that fails transiently at once, which is otherwise not reported while the object is ready", () => {
    const throttled = new RetryableError("later", { reason: "Timeout" });
    const { status } = at(objectWith(READY, { annotations: ASKED }), { kind: "failed", error: throttled });
    expect(status.lastHandledReconcileAt).toBe("7");
    expect(status.conditions?.[0]).toMatchObject({ type: "Ready", status: "False" });
  });

  test("does not answer for a suspended object, or without a request", () => {
    const asked = objectWith(READY, { annotations: ASKED });
    expect(at(asked, { kind: "suspended" }).status.lastHandledReconcileAt).toBeUndefined();
    expect(at(objectWith(READY), converged()).status.lastHandledReconcileAt).toBeUndefined();
  });

  test("answers a value that is too long for status with its beginning, once", () => {
    const object = objectWith(READY, { annotations: { ...ASKED, [Object.keys(ASKED)[0] ?? ""]: "x".repeat(3_000) } });
    const { status } = at(object, converged());
    expect(status.lastHandledReconcileAt).toBe("x".repeat(1_024));
    expect(at({ ...object, status }, converged()).status).toEqual(status);
  });
});

describe("the plan in status", () => {
  const plan = (n: number): Action[] =>
    Array.from({ length: n }, (_, i) => ({ kind: "DetachRolePolicy", roleName: "app", policyArn: `arn:${i}` }));
  const pending = (actions: readonly Action[]): readonly string[] | undefined =>
    at(objectWith(undefined), { kind: "previewed", plan: { ...EMPTY, actions }, observed: MADE, visibleInMs: 0 }).status
      .plan;

  test("is what is still to be done: all of a preview, the rest of what failed", () => {
    expect(pending(CREATE.actions)?.slice(1)).toHaveLength(4);
    const failed: Outcome = {
      ...(converged(CREATE.actions.slice(0, 1)) as Extract<Outcome, { kind: "converged" }>),
      plan: CREATE,
      failed: { action: CREATE.actions[1] as Action, error: DENIED },
    };
    expect(at(objectWith(undefined), failed).status.plan).toEqual([
      ...["+ inline policy app of role app", "+ instance profile app", "+ role app in instance profile app"],
    ]);
    expect(READY.plan).toBeUndefined();
  });

  test("is cut at 20 lines, the rest is counted", () => {
    expect(pending(plan(19))?.length).toBe(20);
    const cut = pending(plan(25)) ?? [];
    expect(cut.length).toBe(20);
    expect(cut.slice(-2)).toEqual(["- managed policy arn:17 on role app", "… and 7 more"]);
  });
});

describe("names in status", () => {
  test("stay without the role, and so does the account", () => {
    const { status } = at(objectWith(READY), converged([], NOTHING));
    expect(status).toMatchObject({ role: { name: "app" }, instanceProfile: { name: "app" } });
    expect(status.role).not.toHaveProperty("arn");
    expect(status.accountId).toBe("123456789012");
  });

  test("stay when nothing is known of AWS", () => {
    for (const outcome of [{ kind: "failed", error: DENIED }, { kind: "suspended" }] satisfies Outcome[]) {
      expect(at(objectWith(READY), outcome).status).toMatchObject({
        role: READY.role,
        instanceProfile: READY.instanceProfile,
      });
    }
  });
});

describe("conditions", () => {
  const types = (outcome: Outcome): string[] =>
    at(objectWith(undefined), outcome, FIRST, 9).status.conditions?.map(({ type, status }) => `${type}=${status}`) ??
    [];

  test("stall when only another spec or another hand helps, and reconcile otherwise", () => {
    const errorOf = (error: unknown) => types({ kind: "failed", error });
    expect(errorOf(new TerminalError("x", { reason: "InvalidSpec" }))).toEqual(["Ready=False", "Stalled=True"]);
    expect(errorOf(DENIED)).toEqual(["Ready=False", "Reconciling=True"]);
    expect(errorOf(new RetryableError("x", { reason: "ServiceFailure" }))).toEqual(["Ready=False", "Reconciling=True"]);
  });

  test("of a failure that nobody has classified say so", () => {
    const action = CREATE.actions[0] as Action;
    const bug: Outcome = {
      ...(converged() as Extract<Outcome, { kind: "converged" }>),
      plan: CREATE,
      failed: { action, error: new Error("boom") },
    };
    expect(at(objectWith(undefined), bug).status.conditions).toMatchObject([
      { type: "Ready", reason: "UnexpectedError", message: "boom" },
      { type: "Reconciling", reason: "ProgressingWithRetry" },
    ]);
  });

  test("of a preview say what is pending, and count one write as one", () => {
    const preview = (n: number): Outcome => ({
      kind: "previewed",
      plan: { ...EMPTY, actions: CREATE.actions.slice(0, n) },
      observed: MADE,
      visibleInMs: 0,
    });
    expect(types(preview(0))).toEqual(["Ready=True"]);
    expect(types(preview(1))).toEqual(["DryRun=True"]);
    const message = (n: number) => at(objectWith(undefined), preview(n)).status.conditions?.[0]?.message;
    expect([message(1), message(2)]).toEqual([
      "mode is DryRun: 1 write pending, see status.plan",
      "mode is DryRun: 2 writes pending, see status.plan",
    ]);
  });
});

describe("Events", () => {
  const reasons = (object: ReportedObject, outcome: Outcome) =>
    at(object, outcome, LATER, 9).events.map(({ reason }) => reason);

  test("call what was written by what it was", () => {
    const [create, put] = [CREATE.actions[0], CREATE.actions[1]] as [Action, Action];
    expect(reasons(objectWith(undefined), converged([create, put]))).toEqual(["Created"]);
    expect(reasons(objectWith(undefined), converged([put]))).toEqual(["Updated"]);
    expect(reasons(objectWith(READY), converged([put]))).toEqual(["DriftRepaired"]);
    expect(reasons(objectWith(READY, { generation: 2 }), converged([put]))).toEqual(["Updated"]);
    expect(reasons(objectWith(READY), converged())).toEqual([]);
  });

  test("say what a deletion has taken away that is not over yet, and each removal by force by itself", () => {
    const going = objectWith(READY, { deletionTimestamp: FIRST });
    const annotations = { "iam.instanceprofile.dev/force-delete": "true" };
    const theirs: ObservedState = {
      ...MADE,
      role: {
        ...(MADE.role as ObservedRole),
        inlinePolicyNames: ["app", "theirs"],
        instanceProfileNames: ["app", "other"],
      },
    };
    const { actions } = diff(desiredAbsence({}, { annotations }), theirs);
    const { events } = at(going, converged(actions, NOTHING));
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Warning ForcedRemoval",
      "Warning ForcedRemoval",
      "Normal Deleting",
    ]);
    expect(events[0]?.note).toContain("role app in instance profile other");
    expect(events[1]?.note).toContain("inline policy theirs of role app");
    expect(at(going, converged()).events).toEqual([]);
  });

  test("say that a role or profile is another one than before, and who has made it", () => {
    const made = converged(CREATE.actions, withIds("AROA1", "AIPA1"));
    const before = objectWith(at(anInstanceProfile(), made).status);
    const notes = (outcome: Outcome): readonly string[] =>
      at(before, outcome).events.flatMap(({ type, reason, note }) =>
        type === "Warning" ? [`${reason}: ${note}`] : [],
      );
    expect(notes(converged([], withIds("AROA1", "AIPA1")))).toEqual([]);
    expect(notes(converged([], withIds("AROA2", "AIPA1")))).toEqual([
      expect.stringMatching(/^RoleRecreated: role app .* by another client, .* AROA2 in place of AROA1/),
    ]);
    expect(notes(converged(CREATE.actions, withIds("AROA1", "AIPA2")))).toEqual([
      expect.stringMatching(/^InstanceProfileRecreated: instance profile app .* by this controller, .* AIPA2/),
    ]);
    expect(notes(converged([], withIds("", "")))).toEqual([]);
  });

  test("say once of what blocks the object that it is another role than before", () => {
    const status = at(anInstanceProfile(), converged(CREATE.actions, withIds("AROA1", "AIPA1"))).status;
    const plan = { ...EMPTY, blockers: [BLOCKER] };
    const after = withIds("AROA2", "AIPA1");
    const outcome: Outcome = { kind: "converged", plan, applied: [], failed: undefined, after, visibleInMs: 0 };
    const first = at(objectWith(status), outcome);
    expect(first.events.map(({ reason }) => reason)).toEqual(["RoleRecreated", "AlreadyExists"]);
    expect(reasons(objectWith(first.status), outcome)).toEqual([]);
  });

  test("announce an adoption with what it will write, and warn of nothing", () => {
    const outcome: Outcome = { kind: "announced", plan: CREATE, observed: NOTHING, visibleInMs: 0 };
    const { events, status, requeue } = at(anInstanceProfile(), outcome);
    expect(events).toMatchObject([{ type: "Normal", reason: "AdoptionPlanned" }]);
    expect(events[0]?.note).toContain("+ role app;");
    expect(status.plan?.length).toBe(CREATE.actions.length);
    expect(status.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Ready AdoptionPlanned",
      "Reconciling AdoptionPlanned",
    ]);
    expect(requeue).toEqual({ kind: "after", delayMs: 0 });
    expect(isAnnounced(objectWith(status), CREATE)).toBe(true);
    expect(isAnnounced(objectWith(status, { generation: 2 }), CREATE)).toBe(false);
    expect(isAnnounced(objectWith(status), { ...CREATE, actions: CREATE.actions.slice(1) })).toBe(false);
    expect(isAnnounced(anInstanceProfile(), CREATE)).toBe(false);
  });

  test("warn once of each trouble, and again when it changes", () => {
    const failed: Outcome = { kind: "failed", error: DENIED };
    const after = at(objectWith(READY), failed, LATER);
    expect(after.events).toMatchObject([{ type: "Warning", reason: "AccessDenied", note: DENIED.message }]);
    expect(reasons(objectWith(after.status), failed)).toEqual([]);
    const other: Outcome = { kind: "failed", error: new BlockedError("other words", { reason: "AccessDenied" }) };
    expect(reasons(objectWith(after.status), other)).toEqual(["AccessDenied"]);
  });

  describe("that the API server would refuse for their length", () => {
    const failing = (text: string): Outcome => ({ kind: "failed", error: new BlockedError(text, { reason: "A" }) });
    const noteOf = (outcome: Outcome): string => at(objectWith(undefined), outcome).events.at(-1)?.note ?? "";

    test("are cut, and say how much there was and where the rest is", () => {
      expect(noteOf(failing("x".repeat(1_024)))).toBe("x".repeat(1_024));
      expect(noteOf(failing("x".repeat(1_025)))).toMatch(
        /^x{900,} … \(1025 characters; status[.]conditions has all of it: kubectl describe\)$/,
      );
    });

    test.each(["x", "ü", "界", "\u{1f512}", "\u001b"])(
      "fit its bytes with the pointer whole, if they consist of %j",
      (letter) => {
        const note = noteOf(failing(letter.repeat(3_000)));
        expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
        expect(Buffer.byteLength(note)).toBeGreaterThan(1_000);
        expect(note).toMatch(/characters; status[.]conditions has all of it: kubectl describe\)$/);
        expect(note.isWellFormed()).toBe(true);
      },
    );

    test("send the reader of the writes to the log, and the reader of a planned adoption to status.plan", () => {
      const attach = (index: number): Action => {
        const policyArn = `arn:aws:iam::123456789012:policy/${"p".repeat(100)}${index}`;
        return { kind: "AttachRolePolicy", roleName: "app", policyArn };
      };
      const actions = Array.from({ length: 20 }, (_, index) => attach(index));
      const plan = { ...CREATE, actions };
      const wrote: Outcome = {
        kind: "converged",
        plan,
        applied: actions,
        failed: undefined,
        after: NOTHING,
        visibleInMs: 0,
      };
      expect(noteOf(wrote)).toMatch(/; the controller's log has all of it\)$/);
      const announced: Outcome = { kind: "announced", plan, observed: NOTHING, visibleInMs: 0 };
      expect(noteOf(announced)).toMatch(/; status[.]plan has more: kubectl describe\)$/);
    });
  });
});

describe("two statuses are the same", () => {
  test("whatever the order of their keys, and only then", () => {
    const turned = Object.fromEntries(Object.entries(READY).reverse()) as InstanceProfileStatus;
    expect(sameStatus(turned, READY)).toBe(true);
    expect(sameStatus(undefined, READY)).toBe(false);
    const [condition] = READY.conditions ?? [];
    const twice = { ...READY, conditions: condition ? [condition, condition] : [] };
    expect(sameStatus(twice, READY)).toBe(false);
    expect(sameStatus({ plan: ["a", "b"] }, { plan: ["b", "a"] })).toBe(false);
  });
});

describe("policies on the role that the spec does not name", () => {
  const strangers = (...unmanagedPolicies: string[]): Outcome => {
    const outcome = converged();
    return outcome.kind === "converged" ? { ...outcome, plan: { ...outcome.plan, unmanagedPolicies } } : outcome;
  };
  const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";

  test("are told beside Ready, for the role may do more than the spec says", () => {
    const { status } = at(objectWith(READY), strangers(ADMIN, "handmade"));
    expect(status.conditions?.map(({ type, status: is, message }) => [type, is, message])).toEqual([
      [
        "Ready",
        "True",
        "role, policies and instance profile in AWS match the spec; the role has 2 unmanaged policies, see status.unmanagedPolicies",
      ],
    ]);
  });

  test("are an event when one comes, and none while they stay or when one goes", () => {
    const first = at(objectWith(READY), strangers(ADMIN));
    expect(first.events).toEqual([
      {
        type: "Warning",
        reason: "UnmanagedPolicies",
        action: "Observe",
        note:
          `role app has unmanaged policies, which the spec does not name: ${ADMIN}. The controller leaves them; set ` +
          "unmanagedPolicies: Remove to remove them.",
      },
    ]);
    expect(at(objectWith(first.status), strangers(ADMIN)).events).toEqual([]);
    const second = at(objectWith(first.status), strangers(ADMIN, "handmade"));
    expect(second.events.map(({ reason }) => reason)).toEqual(["UnmanagedPolicies"]);
    expect(at(objectWith(second.status), strangers("handmade")).events).toEqual([]);
  });
});
test("a policy that IAM calls malformed is pointed at, where the fault is known", () => {
  const conditions = { StringEqual: { "aws:a": ["b"] } };
  const statements = [{ effect: "Allow" as const, actions: ["s3:Get*"], resources: ["*"], conditions }];
  const error = new TerminalError(
    "PutRolePolicy on inline policy app of role app: MalformedPolicyDocument: Syntax errors in policy.",
    {
      reason: "MalformedPolicyDocument",
    },
  );
  const { status } = at(anInstanceProfile({ spec: { statements } }), { kind: "failed", error });
  expect(status.conditions?.[0]?.message).toBe(
    "PutRolePolicy on inline policy app of role app: MalformedPolicyDocument: Syntax errors in policy. spec.statements[0].conditions.StringEqual: " +
      "StringEqual is not an IAM condition operator (did you mean StringEquals?), so IAM refuses the policy.",
  );
});
