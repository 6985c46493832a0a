import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../src/api/instance-profile.ts";
import type { ObservedRole, ObservedState } from "../../src/model/observed-state.ts";
import type { Action } from "../../src/plan/action.ts";
import { diff } from "../../src/plan/diff.ts";
import { isInSync } from "../../src/plan/plan.ts";
import { renderPlans } from "../../src/plan/render.ts";
import { plainLine } from "../../src/text/line.ts";
import { desiredAbsence, desiredOf, NOTHING, stateAfter } from "../support/builders.ts";

const managed = (n: number): string => `arn:aws:iam::aws:policy/Policy${n}`;

/** Specs from small pools, so that two of them share and differ in every way; sometimes at the bounds. */
const spec: fc.Arbitrary<Partial<InstanceProfileSpec>> = fc.record({
  policyName: fc.constantFrom("one", "two", "three"),
  statements: fc.array(
    fc.record({
      effect: fc.constantFrom("Allow" as const, "Deny" as const),
      actions: fc.subarray(["s3:Get*", "s3:List*", "ec2:Describe*"], { minLength: 1 }),
      resources: fc.subarray(["*", "arn:aws:s3:::a"], { minLength: 1 }),
    }),
    { minLength: 0, maxLength: 2 },
  ),
  managedPolicyArns: fc.oneof(
    fc.subarray([1, 2, 3, 4].map(managed)),
    fc.constantFrom(0, 100, 200).map((base) => Array.from({ length: 20 }, (_, i) => managed(base + i))),
  ),
  description: fc.constantFrom("", "a", "b"),
  maxSessionDurationSeconds: fc.constantFrom(3600, 7200),
  trust: fc
    .subarray(["ec2.amazonaws.com", "ssm.amazonaws.com"], { minLength: 1 })
    .map((services) => ({ services, statements: [] })),
  tags: fc.oneof(
    fc
      .uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 })
      .chain((keys) =>
        fc
          .tuple(...keys.map((key) => fc.tuple(fc.constant(key), fc.constantFrom("1", "2"))))
          .map((pairs) => Object.fromEntries(pairs)),
      ),
    fc
      .constantFrom("x", "y")
      .map((prefix) => Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`${prefix}${i}`, "v"]))),
  ),
  unmanagedPolicies: fc.constant("Report" as const),
});

const withBoundary = fc
  .tuple(spec, fc.option(fc.constantFrom("arn:aws:iam::1:policy/b1", "arn:aws:iam::1:policy/b2"), { nil: undefined }))
  .map(([rest, boundary]) => (boundary === undefined ? rest : { ...rest, permissionsBoundaryArn: boundary }));

/** A state on the way from one spec to another, cut anywhere: what a crash or an edit can leave behind. */
const reachable: fc.Arbitrary<ObservedState> = fc
  .array(fc.tuple(withBoundary, fc.nat(40)), { maxLength: 3 })
  .map((edits) =>
    edits.reduce(
      (state, [edit, cut]) => stateAfter(state, diff(desiredOf(edit), state).actions.slice(0, cut)),
      NOTHING,
    ),
  );

const STRANGERS = { tag: "stranger", inline: "stranger-inline", managed: "arn:aws:iam::1:policy/stranger" };

function withStrangers(state: ObservedState): ObservedState {
  if (state.role.presence === "absent") return state;
  const role: ObservedRole = {
    ...state.role,
    tags: { ...state.role.tags, [STRANGERS.tag]: "1" },
    inlinePolicyNames: [...state.role.inlinePolicyNames, STRANGERS.inline].sort(),
    managedPolicyArns: [...state.role.managedPolicyArns, STRANGERS.managed].sort(),
  };
  return { ...state, role };
}

describe("the laws of a plan", () => {
  test("applying a plan leaves nothing to plan", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const desired = desiredOf(wanted);
        const end = stateAfter(state, diff(desired, state).actions);
        expect(diff(desired, end).actions).toEqual([]);
      }),
    );
  });

  test("a plan cut after any action still converges to the same end", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const desired = desiredOf(wanted);
        const { actions } = diff(desired, state);
        const whole = stateAfter(state, actions);
        for (let cut = 0; cut <= actions.length; cut++) {
          const middle = stateAfter(state, actions.slice(0, cut));
          expect(stateAfter(middle, diff(desired, middle).actions)).toEqual(whole);
        }
      }),
    );
  });

  test("what any sequence of edits and crashes leads to equals a fresh start", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const desired = desiredOf(wanted);
        expect(stateAfter(state, diff(desired, state).actions)).toEqual(
          stateAfter(NOTHING, diff(desired, NOTHING).actions),
        );
      }),
    );
  });

  test("tags and policies of others stay, whatever is edited and wherever it is cut", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const shared = withStrangers(state);
        fc.pre(shared.role.presence === "present");
        const end = stateAfter(shared, diff(desiredOf(wanted), shared).actions).role as ObservedRole;
        expect(end.tags[STRANGERS.tag]).toBe("1");
        expect(end.inlinePolicyNames).toContain(STRANGERS.inline);
        expect(end.managedPolicyArns).toContain(STRANGERS.managed);
      }),
    );
  });

  test("no action names what another object owns, and there is a blocker instead", () => {
    fc.assert(
      fc.property(
        reachable,
        withBoundary,
        fc.constantFrom("IfExists" as const, "Never" as const),
        (state, wanted, adoptionPolicy) => {
          fc.pre(state.role.presence === "present" && state.instanceProfile.presence === "present");
          const other = desiredOf({ ...wanted, adoptionPolicy }, { name: "other", uid: "uid-2" });
          const plan = diff(other, state);
          expect(plan.actions).toEqual([]);
          // One where the role and the instance profile have one name.
          expect(new Set(plan.blockers.map((blocker) => blocker.reason))).toEqual(new Set(["OwnedByAnother"]));
          expect(diff(desiredAbsence(wanted, { name: "other", uid: "uid-2" }), state).actions).toEqual([]);
        },
      ),
    );
  });

  test("deletion creates nothing, and what it leaves is nothing", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const plan = diff(desiredAbsence(wanted), state);
        expect(plan.actions.filter((action) => /^(Create|Put|Attach|Add|Tag|Update)/.test(action.kind))).toEqual([]);
        expect(plan.blockers).toEqual([]);
        expect(stateAfter(state, plan.actions)).toEqual(NOTHING);
      }),
    );
  });

  test("a deletion cut after any action still ends in nothing", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const { actions } = diff(desiredAbsence(wanted), state);
        for (let cut = 0; cut <= actions.length; cut++) {
          const middle = stateAfter(state, actions.slice(0, cut));
          expect(stateAfter(middle, diff(desiredAbsence(wanted), middle).actions)).toEqual(NOTHING);
        }
      }),
    );
  });

  test("the same inputs give the same bytes, and a plan is plain JSON", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const plan = diff(desiredOf(wanted), state);
        expect(JSON.stringify(diff(desiredOf(structuredClone(wanted)), structuredClone(state)))).toBe(
          JSON.stringify(plan),
        );
        expect(JSON.parse(JSON.stringify(plan))).toEqual(JSON.parse(JSON.stringify(structuredClone(plan))));
      }),
    );
  });

  test("doing an action twice is doing it once", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        let so = state;
        for (const action of diff(desiredOf(wanted), state).actions) {
          so = stateAfter(so, [action]);
          if (!isRemoval(action)) expect(stateAfter(so, [action])).toEqual(so);
        }
      }),
    );
  });

  test("a plan says in sync exactly when it has nothing to show", () => {
    fc.assert(
      fc.property(reachable, withBoundary, (state, wanted) => {
        const plan = diff(desiredOf(wanted), state);
        const text = renderPlans([{ namespace: "team-a", name: "app", plan }], "text")
          .map(plainLine)
          .join("\n");
        expect(text.includes("team-a/app: in sync")).toBe(isInSync(plan));
      }),
    );
  });
});

function isRemoval(action: Action): boolean {
  return /^(Delete|Detach|Remove|Untag)/.test(action.kind);
}
