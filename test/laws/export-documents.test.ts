import fc from "fast-check";
import { expect, test } from "vitest";
import { parseInstanceProfile } from "../../src/api/parse-instance-profile.ts";
import { type DesiredPresent, desiredState } from "../../src/model/desired-state.ts";
import type { ObservedRole } from "../../src/model/observed-state.ts";
import { readPolicy, samePolicy } from "../../src/model/policy/policy-document.ts";
import type { JsonValue } from "../../src/model/policy/policy-json.ts";
import { diff } from "../../src/plan/diff.ts";
import { exportedManifest } from "../../src/plan/exported-manifest.ts";
import { isRefusedByIam, lint } from "../../src/plan/lint/lint.ts";
import { checkIdentityPolicy } from "../../src/sandbox/aws/policy/identity-grammar.ts";
import { parseTrustPolicy } from "../../src/sandbox/aws/policy/trust-grammar.ts";
import { CLUSTER_ID, createdState, NOTHING, stateAfter } from "../support/builders.ts";

/** One value, or a list of some. */
function oneOrMore<T>(values: readonly T[], minLength = 1): fc.Arbitrary<T | readonly T[]> {
  return fc.oneof(fc.constantFrom(...values), fc.array(fc.constantFrom(...values), { minLength, maxLength: 3 }));
}

const VARIABLE = ["$", "{aws:username}"].join("");
const actions = oneOrMore(["*", "s3:Get*", "S3:getobject", "odd:Any thing", "a.b-c:x", "ec2:*"]);
const resources = oneOrMore([
  "*",
  "arn:aws:s3:::a",
  `arn:aws:s3:::a/${VARIABLE}/*`,
  "arn:aws:sqs",
  "arn:aws:iam::123456789012:role/é",
]);
const condition = fc.dictionary(
  fc.constantFrom("StringEquals", "stringlike", "ForAnyValue:ArnLikeIfExists", "Bool", "NumericLessThan"),
  fc.dictionary(
    fc.constantFrom("aws:RequestedRegion", "AWS:requestedregion", "s3:prefix"),
    fc.oneof(fc.boolean(), fc.nat(9), oneOrMore(["a", "", VARIABLE, "true"], 0)),
    { minKeys: 1, maxKeys: 2 },
  ),
  { maxKeys: 2 },
);
const envelope = { Version: fc.constantFrom("2012-10-17", "2008-10-17"), Id: fc.constantFrom("", "an id") };

function documents(statement: fc.Arbitrary<object>): fc.Arbitrary<string> {
  const withSids = fc
    .array(fc.tuple(statement, fc.constantFrom("none", "empty", "own")), { minLength: 1, maxLength: 3 })
    .map((all) =>
      all.map(([one, sid], index) => (sid === "none" ? one : { Sid: sid === "empty" ? "" : `S${index}`, ...one })),
    );
  const Statement = fc.oneof(
    withSids,
    withSids.map(([one]) => one as object),
  );
  return fc
    .record({ ...envelope, Statement }, { requiredKeys: ["Statement"] })
    .chain((value) =>
      fc.constantFrom(
        JSON.stringify(value),
        JSON.stringify(value, undefined, 2),
        encodeURIComponent(JSON.stringify(value)),
      ),
    );
}

const effect = fc.constantFrom("Allow", "Deny");
const permissions = documents(
  fc
    .record({ Effect: effect, Condition: fc.option(condition), what: actions, where: resources, not: fc.nat(3) })
    .map(({ Effect, Condition, what, where, not }) => ({
      Effect,
      [not % 2 === 0 ? "Action" : "NotAction"]: what,
      [not < 2 ? "Resource" : "NotResource"]: where,
      ...(Condition !== null && { Condition }),
    })),
);
const principal = fc.oneof(
  fc.constant("*"),
  fc.record({ Service: oneOrMore(["ec2.amazonaws.com", "ssm.amazonaws.com"]) }),
  fc.record({ AWS: oneOrMore(["*", "123456789012", "arn:aws:iam::123456789012:root"], 0) }),
  fc.record({ Federated: fc.constant("accounts.google.com"), Service: fc.constant("ec2.amazonaws.com") }),
);
const trusts = documents(
  fc
    .record({
      Effect: effect,
      Principal: principal,
      Action: oneOrMore(["sts:AssumeRole", "STS:TagSession"]),
      Condition: fc.option(condition),
    })
    .map(({ Condition, ...rest }) => ({ ...rest, ...(Condition !== null && { Condition }) })),
);

function isAccepted(text: string, check: (decoded: string) => unknown): boolean {
  try {
    check(text.startsWith("%") ? decodeURIComponent(text) : text);
    return true;
  } catch {
    return false;
  }
}

const roles: fc.Arbitrary<Pick<ObservedRole, "inlinePolicyDocuments" | "trustPolicy">> = fc.record({
  inlinePolicyDocuments: fc.dictionary(
    fc.constantFrom("app", "read", "Odd+=,.@-"),
    permissions.filter((text) =>
      isAccepted(text, (decoded) => checkIdentityPolicy(decoded, { partition: "aws", requiresCurrentVersion: false })),
    ),
  ),
  trustPolicy: trusts.filter((text) => isAccepted(text, parseTrustPolicy)),
});

test("every role that IAM takes is exported whole: its adoption writes tags alone, and a new one reads back the same", () => {
  const base = createdState();
  fc.assert(
    fc.property(roles, ({ inlinePolicyDocuments, trustPolicy }) => {
      const names = Object.keys(inlinePolicyDocuments).sort();
      const role = { ...base.role, tags: {}, inlinePolicyNames: names, inlinePolicyDocuments, trustPolicy };
      const instanceProfile = { ...base.instanceProfile, tags: {} };
      const { manifest, notes } = exportedManifest(role, instanceProfile, { name: "app", namespace: "team-a" });
      expect(notes).toEqual([]);
      const object = parseInstanceProfile(JSON.parse(JSON.stringify(manifest)));
      expect(lint(object).filter(isRefusedByIam)).toEqual([]);
      const desired = desiredState(object, CLUSTER_ID, { allowsAdoption: true }) as DesiredPresent;
      const { actions: writes, blockers } = diff(desired, { role, instanceProfile });
      expect([blockers, [...new Set(writes.map(({ kind }) => kind))].sort()]).toEqual([
        [],
        ["TagInstanceProfile", "TagRole"],
      ]);
      const made = stateAfter(NOTHING, diff(desired, NOTHING).actions).role as ObservedRole;
      const isSame = (one: string | undefined, other: string, use: "permissions" | "trust"): boolean =>
        samePolicy(readPolicy(one ?? "", use), readPolicy(other, use));
      expect(isSame(made.trustPolicy, trustPolicy, "trust")).toBe(true);
      for (const name of names) {
        expect(isSame(made.inlinePolicyDocuments[name], inlinePolicyDocuments[name] ?? "", "permissions")).toBe(true);
      }
    }),
    { numRuns: 120 },
  );
});

test("a document that IAM refuses is refused by the parser, or by what validate finds", () => {
  const wrong: readonly JsonValue[] = [
    { Statement: [] },
    { Statement: [{ Effect: "allow", Action: "*", Resource: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "a:b:c", Resource: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "bucket" }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Condition: { Odd: { a: "b" } } }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Principal: "*" }] },
    { Version: "2013-01-01", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
  ];
  for (const document of wrong) {
    const spec = { roleName: "app", inlinePolicies: [{ name: "p", document }] };
    const manifest = {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "app" },
      spec,
    };
    expect(
      isAccepted(JSON.stringify(document), (text) =>
        checkIdentityPolicy(text, { partition: "aws", requiresCurrentVersion: false }),
      ),
    ).toBe(false);
    const found = (): number => lint(parseInstanceProfile(manifest)).filter(isRefusedByIam).length;
    expect(
      (() => {
        try {
          return found();
        } catch {
          return 1;
        }
      })(),
    ).toBeGreaterThan(0);
  }
});
