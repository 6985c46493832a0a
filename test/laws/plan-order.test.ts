import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileAccess } from "../../src/model/access/evaluate/evaluate.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import type { JsonValue } from "../../src/model/policy/policy-json.ts";
import { diff } from "../../src/plan/diff.ts";
import { desiredAbsence, desiredOf, NOTHING, type SpecOverrides, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";

const BOUNDARIES = ["arn:aws:iam::1:policy/b1", "arn:aws:iam::1:policy/b2"];
const SERVICES = ["ec2.amazonaws.com", "ssm.amazonaws.com", "lambda.amazonaws.com"];

const statement = fc.record({
  effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
  actions: fc.subarray(["s3:*", "s3:Get*", "s3:GetObject", "s3:List*", "ec2:Describe*", "*"], { minLength: 1 }),
  resources: fc.subarray(["*", "arn:aws:s3:::a"], { minLength: 1 }),
});

const spec: fc.Arbitrary<SpecOverrides> = fc
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

/** The same with up to three inline policies. */
const several: fc.Arbitrary<SpecOverrides> = fc
  .record({
    rest: spec,
    inlinePolicies: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("one", "two", "three"),
        fieldPath: fc.constant("spec.inlinePolicies[0].statements"),
        statements: fc.array(statement, { minLength: 1, maxLength: 2 }),
      }),
      { selector: ({ name }) => name, maxLength: 3 },
    ),
  })
  .map(({ rest, inlinePolicies }) => ({ ...rest, inlinePolicies }));

const MANAGED = "arn:aws:iam::aws:policy/";

/** What the policies are that a spec names by ARN. */
const DOCUMENTS: Readonly<Record<string, JsonValue>> = {
  [`${MANAGED}M1`]: allow(["s3:List*"], "*"),
  [`${MANAGED}M2`]: allow(["ec2:*", "s3:GetObject"], "*"),
  [BOUNDARIES[0] as string]: allow(["s3:*", "ec2:DescribeImages"], "*"),
  [BOUNDARIES[1] as string]: allow(["s3:Get*", "ec2:*"], "*"),
};

function allow(Action: readonly string[], Resource: string): JsonValue {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] };
}

/** Requests that tell the patterns of the specs apart. */
const REQUESTS = [
  "s3:GetObject",
  "s3:GetBucketAcl",
  "s3:ListBucket",
  "s3:PutObject",
  "ec2:DescribeImages",
  "ec2:RunInstances",
].flatMap((action) =>
  ["*", "arn:aws:s3:::a", "arn:aws:s3:::b"].map((resource) => ({ action, resource, context: new Map() })),
);

/** The requests that each service may make with the role, as `service action resource`. */
function grantsOf({ role }: ObservedState): Set<string> {
  if (role.presence === "absent") return new Set();
  const documentsOf = (arns: readonly string[]): readonly JsonValue[] => arns.map((arn) => DOCUMENTS[arn] ?? null);
  const inline = Object.values(role.inlinePolicyDocuments).map((text): JsonValue => JSON.parse(text));
  const boundary = role.permissionsBoundaryArn === undefined ? [] : [documentsOf([role.permissionsBoundaryArn])];
  const layers = [[...inline, ...documentsOf(role.managedPolicyArns)], ...boundary];
  const permissions = compileAccess({ use: "permissions", layers });
  const trust = compileAccess({ use: "trust", layers: [[JSON.parse(role.trustPolicy)]] });
  const allowed = REQUESTS.filter((request) => permissions.evaluate(request).isAllowed);
  const services = SERVICES.filter(
    (service) =>
      trust.evaluate({ action: "sts:AssumeRole", resource: "*", context: new Map(), principal: `Service:${service}` })
        .isAllowed,
  );
  return new Set(
    services.flatMap((service) => allowed.map(({ action, resource }) => `${service} ${action} ${resource}`)),
  );
}

/** The boundary and the trust policy of two states. */
function framesOf(...states: readonly ObservedState[]): readonly (readonly (string | undefined)[])[] {
  const roles = states.map(({ role }) => (role.presence === "absent" ? undefined : role));
  return [roles.map((role) => role?.permissionsBoundaryArn), roles.map((role) => role?.trustPolicy)];
}

function isReplaced(values: readonly (string | undefined)[]): boolean {
  return !values.includes(undefined) && new Set(values).size > 1;
}

/**
 * Boundary and principals both replaced at once: the one kind of edit that no order of single writes makes safe. What a managed policy
 * allows is not known to the plan, so no order keeps that while one of them is replaced.
 */
function expectBetween(start: ObservedState, actions: ReturnType<typeof diff>["actions"]): void {
  const end = stateAfter(start, actions);
  const replaced = framesOf(start, end).filter(isReplaced);
  fc.pre(replaced.length < 2);
  const exchangesManaged = actions.some(({ kind }) => kind === "AttachRolePolicy" || kind === "DetachRolePolicy");
  const mayDip = replaced.length > 0 && exchangesManaged;
  const [before, after] = [grantsOf(start), grantsOf(end)];
  for (let cut = 0; cut <= actions.length; cut++) {
    const now = grantsOf(stateAfter(start, actions.slice(0, cut)));
    const kinds = actions.map(({ kind }, i) => (i === cut - 1 ? `[${kind}]` : kind)).join(" ");
    expect(
      [...now].filter((grant) => !before.has(grant) && !after.has(grant)),
      `wider after ${cut}: ${kinds}`,
    ).toEqual([]);
    if (mayDip) continue;
    expect(
      [...before].filter((grant) => after.has(grant) && !now.has(grant)),
      `narrower after ${cut}: ${kinds}`,
    ).toEqual([]);
  }
}

describe("a prefix of a plan allows what both the old and the new state allow, and nothing that neither allows", () => {
  test("from nothing", () => {
    fc.assert(fc.property(spec, (wanted) => expectBetween(NOTHING, diff(desiredOf(wanted), NOTHING).actions)));
  });

  test("from one spec to another", () => {
    fc.assert(
      fc.property(spec, spec, (old, wanted) => {
        const start = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        expectBetween(start, diff(desiredOf(wanted), start).actions);
      }),
      { numRuns: lawRuns(400) },
    );
  });

  test("from several inline policies to others", () => {
    fc.assert(
      fc.property(several, several, (old, wanted) => {
        const start = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        expectBetween(start, diff(desiredOf(wanted), start).actions);
      }),
      { numRuns: lawRuns(400) },
    );
  });

  test("from several inline policies with a Deny to a managed policy that allows a part of what they allowed", () => {
    const resources = ["arn:aws:s3:::a"];
    const documents = [
      { effect: "Allow" as const, actions: ["s3:*"], resources: ["*"] },
      { effect: "Deny" as const, actions: ["ec2:Describe*"], resources },
      { effect: "Deny" as const, actions: ["*"], resources },
    ];
    const inlinePolicies = documents.map((said, i) => ({
      name: `policy-${i}`,
      fieldPath: `spec.inlinePolicies[${i}].statements`,
      statements: [said],
    }));
    const start = stateAfter(NOTHING, diff(desiredOf({ inlinePolicies }), NOTHING).actions);
    const wanted = desiredOf({ inlinePolicies: [], managedPolicyArns: [`${MANAGED}M2`] });
    expectBetween(start, diff(wanted, start).actions);
  });

  test("from nothing to several inline policies", () => {
    fc.assert(fc.property(several, (wanted) => expectBetween(NOTHING, diff(desiredOf(wanted), NOTHING).actions)));
  });

  test("from an edit that was cut off, to yet another spec", () => {
    fc.assert(
      fc.property(spec, spec, fc.nat(8), spec, (old, edit, cut, wanted) => {
        const first = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        const start = stateAfter(first, diff(desiredOf(edit), first).actions.slice(0, cut));
        expectBetween(start, diff(desiredOf(wanted), start).actions);
      }),
      { numRuns: lawRuns(300) },
    );
  });

  test("to nothing", () => {
    fc.assert(
      fc.property(spec, (old) => {
        const start = stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);
        expectBetween(start, diff(desiredAbsence(old), start).actions);
      }),
    );
  });
});

describe("an edit of one thing stays one write", () => {
  const start = (old: SpecOverrides): ObservedState => stateAfter(NOTHING, diff(desiredOf(old), NOTHING).actions);

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
        const kindsOf = (wanted: SpecOverrides): string[] =>
          diff(desiredOf(wanted), state).actions.map(({ kind }) => kind);
        expect(kindsOf(bounded)).toEqual(["PutRolePermissionsBoundary"]);
        expect(kindsOf(trusted).filter((kind) => kind !== "UpdateAssumeRolePolicy")).toEqual([]);
      }),
    );
  });
});
