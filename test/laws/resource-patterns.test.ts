import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../src/api/instance-profile.ts";
import { requestContext } from "../../src/model/access/access-request.ts";
import { isNoWider } from "../../src/model/access/policy-relations.ts";
import { buildPolicy, type PolicyDocument, samePolicy } from "../../src/model/policy/policy-document.ts";
import { permissionsDocument } from "../../src/model/policy/policy-spec.ts";
import { completedResource } from "../../src/model/policy/resource-pattern.ts";
import { classViolations } from "../../src/plan/class/class-guards.ts";
import { lint } from "../../src/plan/lint/lint.ts";
import { resourceComplaint } from "../../src/sandbox/aws/policy/resource-arn.ts";
import { aClass, anInstanceProfile, statementsIn } from "../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../support/class-policy.ts";
import { lawRuns } from "../support/law-runs.ts";
import { matchesArn } from "../support/matches-arn.ts";
import { classPattern, requestArn, resourcePattern } from "../support/resource-patterns.ts";

const numRuns = Number(process.env["WILDCARD_RUNS"] ?? lawRuns(1_000));
/** CEL takes some ms for each. */
const ADMITTED_RUNS = Math.ceil(numRuns / 5);
const timeout = Math.max(30_000, numRuns * 20);

interface Form {
  readonly resources: readonly string[];
  readonly negated: boolean;
}

function specOf({ resources, negated }: Form): InstanceProfileSpec {
  const where = negated ? { notResources: resources } : { resources };
  return anInstanceProfile({ spec: { statements: [{ effect: "Allow", actions: ["iam:*"], ...where }] } }).spec;
}

const classOf = (allowedResources: readonly string[]) =>
  aClass({
    allowedActions: ["*"],
    allowNotResources: true,
    allowedResources: [...new Set(allowedResources)],
    namespaces: ["*"],
  });

function guarded(spec: InstanceProfileSpec, allowed: readonly string[]): readonly string[] {
  const bounds = { class: classOf(allowed), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
  return classViolations(spec, bounds).map(({ reason }) => reason);
}

function admitted(spec: InstanceProfileSpec, allowed: readonly string[]): readonly string[] {
  return saidAtAdmission(spec, classOf(allowed), { namespace: "team-a" }).map(reasonOf);
}

const documentOf = (spec: InstanceProfileSpec): PolicyDocument =>
  buildPolicy(permissionsDocument(statementsIn(spec)), "permissions");

const forms = fc.record({
  resources: fc.array(resourcePattern, { minLength: 1, maxLength: 3 }),
  negated: fc.boolean(),
});
const allowedLists = fc.uniqueArray(classPattern, { minLength: 1, maxLength: 3 });
const inFull = (patterns: readonly string[]): readonly string[] =>
  patterns.map((pattern) => completedResource(pattern));

describe("a pattern and its completed form", () => {
  test("are the same to the class guards and the admission policy, in an object and in a class", { timeout }, () => {
    const seen = { allowed: 0, refused: 0, refusedEarly: 0 };
    fc.assert(
      fc.property(forms, allowedLists, (form, allowed) => {
        const [written, full] = [specOf(form), specOf({ ...form, resources: inFull(form.resources) })];
        const said = guarded(written, allowed);
        const early = admitted(written, allowed);
        seen[said.length === 0 ? "allowed" : "refused"] += 1;
        if (early.length > 0) seen.refusedEarly += 1;
        for (const [spec, list] of [
          [full, allowed],
          [written, inFull(allowed)],
          [full, inFull(allowed)],
        ] as const) {
          expect(guarded(spec, list)).toEqual(said);
          expect(admitted(spec, list)).toEqual(early);
        }
        // Early, nothing is refused that the guards accept.
        expect(said).toEqual(expect.arrayContaining([...early]));
      }),
      { numRuns: ADMITTED_RUNS },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(ADMITTED_RUNS / 50);
  });

  test("are the same to lint, to the comparison of policies and to the order of writes", { timeout }, () => {
    fc.assert(
      fc.property(forms, (form) => {
        const [written, full] = [specOf(form), specOf({ ...form, resources: inFull(form.resources) })];
        const rules = (spec: InstanceProfileSpec): readonly string[] =>
          lint({ spec }).map(({ rule, path }) => `${rule} ${path}`);
        expect(rules(written)).toEqual(rules(full));
        const [one, other] = [documentOf(written), documentOf(full)];
        expect(samePolicy(one, other)).toBe(true);
        expect(isNoWider([one], [other]) && isNoWider([other], [one])).toBe(true);
      }),
      { numRuns },
    );
  });

  test("are the same to the sandbox's IAM, when it takes a policy and when it decides by it", { timeout }, () => {
    fc.assert(
      fc.property(resourcePattern, requestArn, contexts, (pattern, arn, variables) => {
        const full = completedResource(pattern);
        expect(matchesArn(pattern, arn, variables)).toBe(matchesArn(full, arn, variables));
        expect(resourceComplaint(pattern, "aws") === undefined).toBe(resourceComplaint(full, "aws") === undefined);
      }),
      { numRuns },
    );
  });
});

const contexts = fc
  .record({
    username: fc.constantFrom("a", "ab", undefined),
    tag: fc.constantFrom("a", "b:1", "1:a:b", "*", undefined),
  })
  .map(({ username, tag }) =>
    requestContext({ "aws:username": username, "aws:PrincipalTag/t": tag, "aws:PrincipalAccount": "1" }),
  );

test("what the guards accept lets the sandbox's IAM allow nothing that the class does not", { timeout }, () => {
  const seen = { accepted: 0, matched: 0 };
  fc.assert(
    fc.property(
      forms,
      allowedLists,
      fc.array(requestArn, { minLength: 20, maxLength: 20 }),
      contexts,
      (form, allowed, arns, variables) => {
        if (guarded(specOf(form), allowed).length > 0) return;
        seen.accepted += 1;
        for (const arn of ["*", ...arns]) {
          const isListed = form.resources.some((pattern) => matchesArn(pattern, arn, variables));
          if (isListed === form.negated) continue;
          seen.matched += 1;
          expect([arn, allowed.some((pattern) => matchesArn(pattern, arn))]).toEqual([arn, true]);
        }
      },
    ),
    { numRuns },
  );
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(numRuns / 50);
});
