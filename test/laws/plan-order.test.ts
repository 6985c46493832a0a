import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../src/api/instance-profile.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { diff } from "../../src/plan/diff.ts";
import { desiredAbsence, desiredOf, NOTHING, stateAfter } from "../support/builders.ts";

const BOUNDARIES = ["arn:aws:iam::1:policy/b1", "arn:aws:iam::1:policy/b2"];
const SERVICES = ["ec2.amazonaws.com", "ssm.amazonaws.com", "lambda.amazonaws.com"];

const statement = fc.record({
  effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
  actions: fc.subarray(["s3:Get*", "s3:List*", "ec2:Describe*"], { minLength: 1 }),
  resources: fc.subarray(["*", "arn:aws:s3:::a"], { minLength: 1 }),
});

const spec: fc.Arbitrary<Partial<InstanceProfileSpec>> = fc
  .record({
    policyName: fc.constantFrom("one", "two"),
    statements: fc.array(statement, { maxLength: 3 }),
    managedPolicyArns: fc.subarray(["arn:aws:iam::aws:policy/M1", "arn:aws:iam::aws:policy/M2"]),
    permissionsBoundaryArn: fc.option(fc.constantFrom(...BOUNDARIES), { nil: undefined }),
    services: fc.subarray(SERVICES, { minLength: 1 }),
  })
  .map(({ permissionsBoundaryArn, services, ...rest }) => ({
    ...rest,
    trust: { services, statements: [] },
    ...(permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn }),
  }));

/** What a state grants, in words of its own: who may do what, under which denials and which boundary. */
interface Grants {
  readonly principals: ReadonlySet<string>;
  readonly allows: ReadonlySet<string>;
  readonly denies: ReadonlySet<string>;
  readonly boundary: string | undefined;
}

const GRANTS_NOTHING: Grants = { principals: new Set(), allows: new Set(), denies: new Set(), boundary: undefined };

function grantsOf({ role }: ObservedState): Grants {
  if (role.presence === "absent") return GRANTS_NOTHING;
  const statements = Object.values(role.inlinePolicyDocuments).flatMap((text) => JSON.parse(text).Statement);
  const pairs = (effect: string): string[] =>
    statements
      .filter(({ Effect }) => Effect === effect)
      .flatMap(({ Action, Resource }) =>
        [Action].flat().flatMap((action: string) => [Resource].flat().map((it) => `${action.toLowerCase()} ${it}`)),
      );
  const trust: { Principal: { Service: string | string[] } }[] = JSON.parse(role.trustPolicy).Statement;
  return {
    principals: new Set(trust.flatMap(({ Principal }) => [Principal.Service].flat())),
    allows: new Set([...pairs("Allow"), ...role.managedPolicyArns]),
    denies: new Set(pairs("Deny")),
    boundary: role.permissionsBoundaryArn,
  };
}

/** What `now` grants to somebody that `allowed` would not have granted to the same one. */
function isGranted(principal: string, allowed: string, now: Grants, by: Grants): boolean {
  return (
    by.principals.has(principal) &&
    by.allows.has(allowed) &&
    isSubset(by.denies, now.denies) &&
    (by.boundary === undefined || by.boundary === now.boundary)
  );
}

function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((member) => whole.has(member));
}

function excess(now: Grants, before: Grants, after: Grants): string[] {
  return [...now.principals].flatMap((principal) =>
    [...now.allows]
      .filter((allowed) => !isGranted(principal, allowed, now, before) && !isGranted(principal, allowed, now, after))
      .map((allowed) => `${principal} may ${allowed} (denied: ${[...now.denies].join()}; boundary: ${now.boundary})`),
  );
}

/** Boundary and principals both replaced at once: the one kind of edit that no order of single writes makes safe. */
function isTwofoldReplacement(before: Grants, after: Grants): boolean {
  const isBoundaryReplaced =
    before.boundary !== undefined && after.boundary !== undefined && before.boundary !== after.boundary;
  const isTrustReplaced =
    !isSubset(before.principals, after.principals) && !isSubset(after.principals, before.principals);
  return isBoundaryReplaced && isTrustReplaced;
}

function expectNoExcess(start: ObservedState, actions: ReturnType<typeof diff>["actions"]): void {
  const before = grantsOf(start);
  const after = grantsOf(stateAfter(start, actions));
  fc.pre(!isTwofoldReplacement(before, after));
  for (let cut = 0; cut <= actions.length; cut++) {
    const now = grantsOf(stateAfter(start, actions.slice(0, cut)));
    const kinds = actions.map(({ kind }, i) => (i === cut - 1 ? `[${kind}]` : kind)).join(" ");
    expect(excess(now, before, after), `after ${cut}: ${kinds}`).toEqual([]);
  }
}

describe("no prefix of a plan grants what neither the old nor the new state grants", () => {
  test("from nothing", () => {
    fc.assert(fc.property(spec, (wanted) => expectNoExcess(NOTHING, diff(desiredOf(wanted), NOTHING).actions)));
  });

  test("from one spec to another", () => {
    fc.assert(
      fc.property(spec, spec, (old, wanted) => {
        const start = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        expectNoExcess(start, diff(desiredOf(wanted), start).actions);
      }),
      { numRuns: 400 },
    );
  });

  test("from an edit that was cut off, to yet another spec", () => {
    fc.assert(
      fc.property(spec, spec, fc.nat(8), spec, (old, edit, cut, wanted) => {
        const first = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        const start = stateAfter(first, diff(desiredOf(edit), first).actions.slice(0, cut));
        expectNoExcess(start, diff(desiredOf(wanted), start).actions);
      }),
      { numRuns: 300 },
    );
  });

  test("to nothing", () => {
    fc.assert(
      fc.property(spec, (old) => {
        const start = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        expectNoExcess(start, diff(desiredAbsence(old), start).actions);
      }),
    );
  });
});

describe("an edit of one thing stays one write", () => {
  const start = (old: Partial<InstanceProfileSpec>): ObservedState =>
    stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);

  test("of the statements, whatever is taken away and given", () => {
    fc.assert(
      fc.property(spec, fc.array(statement, { minLength: 1, maxLength: 3 }), (old, statements) => {
        const state = start({ ...old, statements: [{ effect: "Allow", actions: ["a:b"], resources: ["*"] }] });
        const kinds = diff(desiredOf({ ...old, statements }), state).actions.map(({ kind }) => kind);
        expect(kinds).toEqual(["PutRolePolicy"]);
      }),
    );
  });

  test("of the boundary, and of the trust policy", () => {
    fc.assert(
      fc.property(spec, fc.subarray(SERVICES, { minLength: 1 }), (old, services) => {
        const state = start({ ...old, permissionsBoundaryArn: "arn:aws:iam::1:policy/b1" });
        const bounded = { ...old, permissionsBoundaryArn: "arn:aws:iam::1:policy/b2" };
        const trusted = {
          ...old,
          permissionsBoundaryArn: "arn:aws:iam::1:policy/b1",
          trust: { services, statements: [] },
        };
        const kindsOf = (wanted: Partial<InstanceProfileSpec>): string[] =>
          diff(desiredOf(wanted), state).actions.map(({ kind }) => kind);
        expect(kindsOf(bounded)).toEqual(["PutRolePermissionsBoundary"]);
        expect(kindsOf(trusted).filter((kind) => kind !== "UpdateAssumeRolePolicy")).toEqual([]);
      }),
    );
  });
});
