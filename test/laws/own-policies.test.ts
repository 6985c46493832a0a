import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ownPoliciesOf } from "../../src/engine/observe/observe-iam.ts";
import { compileAccess } from "../../src/model/access/evaluate/evaluate.ts";
import { ownPolicyTags, recordedOwnPolicies } from "../../src/model/applied-record.ts";
import type { DesiredState } from "../../src/model/desired-state.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { readPolicy } from "../../src/model/policy/policy-document.ts";
import type { JsonValue } from "../../src/model/policy/policy-json.ts";
import type { Action } from "../../src/plan/action.ts";
import { diff } from "../../src/plan/diff.ts";
import { desiredAbsence, desiredOf, NOTHING, PLACE, type SpecOverrides, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";

const statement = fc.record({
  effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
  actions: fc.subarray(["s3:*", "s3:Get*", "s3:GetObject", "ec2:Describe*"], { minLength: 1 }),
  resources: fc.subarray(["*", "arn:aws:s3:::a"], { minLength: 1 }),
});
const statements = fc.array(statement, { minLength: 1, maxLength: 2 });

const spec: fc.Arbitrary<SpecOverrides> = fc.record({
  statements: fc.array(statement, { maxLength: 2 }),
  managedPolicies: fc
    .uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) => fc.record({ name: fc.constant(name), fieldPath: fc.constant(name), statements })),
      ),
    ),
  managedPolicyArns: fc.subarray(["arn:aws:iam::aws:policy/M1"]),
  tags: fc.constantFrom({}, { team: "a" }, { team: "b" }),
  permissionsBoundaryArn: fc.constantFrom("arn:aws:iam::1:policy/b1", "arn:aws:iam::1:policy/b1"),
});

/** What the controller finds of the managed policies: those of the spec, and those that the tags of the role name. */
function seen(desired: DesiredState, state: ObservedState): ObservedState {
  const { managedPolicies = [], ...rest } = state;
  const found = managedPolicies.filter(({ arn }) => ownPoliciesOf(desired, state.role).includes(arn));
  return found.length === 0 ? rest : { ...rest, managedPolicies: found };
}

function planOf(desired: DesiredState, state: ObservedState): readonly Action[] {
  const plan = diff(desired, seen(desired, state));
  expect(plan.blockers).toEqual([]);
  return plan.actions;
}

const reached = (desired: DesiredState, state: ObservedState): ObservedState =>
  stateAfter(state, planOf(desired, state));

/** A state on the way from one spec to another, cut anywhere: what a crash or an edit can leave behind. */
const reachable: fc.Arbitrary<ObservedState> = fc.array(fc.tuple(spec, fc.nat(30)), { maxLength: 3 }).map((edits) =>
  edits.reduce((state, [edit, cut]) => {
    const desired = desiredOf(edit);
    return stateAfter(state, planOf(desired, state).slice(0, cut));
  }, NOTHING),
);

/** Without what depends on how often a policy was written. */
function timeless({ managedPolicies, ...state }: ObservedState): unknown {
  const canonical = (text: string | undefined): string => readPolicy(text ?? "", "permissions").canonical;
  const policies = managedPolicies?.map(({ versionIds: _, defaultVersionId: __, document, ...policy }) => {
    return { ...policy, document: canonical(document) };
  });
  const inline =
    state.role.presence === "present" ? Object.values(state.role.inlinePolicyDocuments).map(canonical) : [];
  return { ...state, role: { ...state.role, inlinePolicyDocuments: inline }, policies };
}

/** The state after an action that IAM takes only of a policy with a certain number of versions. */
function checked(state: ObservedState, action: Action): ObservedState {
  const isDeleted = (arn: string): boolean => action.kind === "DeletePolicy" && action.ownPolicyArn === arn;
  expect(
    (state.managedPolicies ?? []).filter(({ arn, versionIds }) => isDeleted(arn) && versionIds.length > 1),
  ).toEqual([]);
  const next = stateAfter(state, [action]);
  for (const { versionIds, defaultVersionId } of next.managedPolicies ?? []) {
    expect(versionIds.length).toBeLessThanOrEqual(5);
    expect(versionIds).toContain(defaultVersionId);
  }
  return next;
}

describe("with managed policies of its own, a plan", () => {
  test("leaves nothing to plan, wherever it was cut", () => {
    fc.assert(
      fc.property(reachable, spec, (state, wanted) => {
        const desired = desiredOf(wanted);
        const actions = planOf(desired, state);
        for (let cut = 0; cut <= actions.length; cut++) {
          const end = reached(desired, stateAfter(state, actions.slice(0, cut)));
          expect(planOf(desired, end)).toEqual([]);
        }
      }),
      { numRuns: lawRuns(40) },
    );
  });

  test("leads to what a fresh start leads to, and leaves no policy behind", () => {
    fc.assert(
      fc.property(reachable, spec, (state, wanted) => {
        const desired = desiredOf(wanted);
        expect(timeless(reached(desired, state))).toEqual(timeless(reached(desired, NOTHING)));
      }),
    );
  });

  test("keeps at most five versions of each policy, and deletes all but the default before the policy", () => {
    fc.assert(
      fc.property(fc.array(spec, { minLength: 5, maxLength: 9 }), (edits) => {
        edits.reduce((start, edit) => planOf(desiredOf(edit), start).reduce(checked, start), NOTHING);
      }),
      { numRuns: 20 },
    );
  });

  test("of a deletion leaves nothing, wherever it was cut", () => {
    fc.assert(
      fc.property(reachable, spec, (state, wanted) => {
        const desired = desiredAbsence(wanted);
        const actions = planOf(desired, state);
        for (let cut = 0; cut <= actions.length; cut++) {
          expect(reached(desired, stateAfter(state, actions.slice(0, cut)))).toEqual(NOTHING);
        }
      }),
    );
  });
});

const REQUESTS = ["s3:GetObject", "s3:GetBucketAcl", "s3:PutObject", "ec2:DescribeImages"].flatMap((action) =>
  ["*", "arn:aws:s3:::a", "arn:aws:s3:::b"].map((resource) => ({ action, resource, context: new Map() })),
);
const M1: JsonValue = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
};

function grantsOf({ role, managedPolicies = [] }: ObservedState): ReadonlySet<string> {
  if (role.presence === "absent") return new Set();
  const attached = role.managedPolicyArns.map((arn): JsonValue => {
    const own = managedPolicies.find((policy) => policy.arn === arn);
    return own?.document === undefined ? M1 : JSON.parse(own.document);
  });
  const inline = Object.values(role.inlinePolicyDocuments).map((text): JsonValue => JSON.parse(text));
  const permissions = compileAccess({ use: "permissions", layers: [[...inline, ...attached]] });
  const allowed = REQUESTS.filter((request) => permissions.evaluate(request).isAllowed);
  return new Set(allowed.map(({ action, resource }) => `${action} ${resource}`));
}

test("a prefix of a plan with managed policies of the object allows nothing that neither the old nor the new state allows", () => {
  fc.assert(
    fc.property(spec, spec, (old, wanted) => {
      const start = reached(desiredOf(old), NOTHING);
      const actions = planOf(desiredOf(wanted), start);
      const [before, after] = [grantsOf(start), grantsOf(stateAfter(start, actions))];
      for (let cut = 0; cut <= actions.length; cut++) {
        const now = grantsOf(stateAfter(start, actions.slice(0, cut)));
        const kinds = actions.map(({ kind }, i) => (i === cut - 1 ? `[${kind}]` : kind)).join(" ");
        const wider = [...now].filter((grant) => !before.has(grant) && !after.has(grant));
        expect(wider, `wider after ${cut}: ${kinds}`).toEqual([]);
      }
    }),
    { numRuns: lawRuns(200) },
  );
});

test("the tags of a role give back the names of policies, whatever characters IAM takes in them", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "Z", "0", "_", "+", "=", ",", ".", "@", "-"),
    minLength: 1,
    maxLength: 60,
  });
  const path = fc
    .string({ unit: fc.constantFrom("a", "!", "~", "%", ":", "'", "/"), minLength: 1, maxLength: 30 })
    .map((text) => `/${text}/`);
  const arn = fc
    .tuple(fc.oneof(fc.constant("/"), path), name)
    .map(([at, what]) => `arn:aws:iam::${PLACE.accountId}:policy${at}${what}`);
  fc.assert(
    fc.property(fc.uniqueArray(arn, { maxLength: 10 }), (arns) => {
      const tags = ownPolicyTags(arns);
      for (const value of Object.values(tags)) expect(value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,256}$/u);
      expect(recordedOwnPolicies({ ...tags, other: "x" }, PLACE)).toEqual(arns.toSorted());
    }),
  );
});
