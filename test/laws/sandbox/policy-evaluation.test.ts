import { runUnsafeSimulation } from "@cloud-copilot/iam-simulate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { requestContext } from "../../../src/model/access/access-request.ts";
import { evaluatePolicies } from "../../../src/model/access/evaluate/evaluate.ts";
import { lawRuns } from "../../support/law-runs.ts";

// Somebody else's reading of AWS's rules, as the judge of ours. It is under the AGPL, so it tests and is not shipped.
const accountId = "123456789012";
const principal = `arn:aws:sts::${accountId}:assumed-role/app/i-0123456789abcdef0`;

/** A policy variable, as policies write it. */
const variable = (inside: string): string => `$\{${inside}}`;

/** One of them, or a list of some. */
const oneOrMore = (values: readonly string[]): fc.Arbitrary<string | string[]> =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));

const actions = ["s3:GetObject", "s3:getobject", "s3:Get*", "s3:*", "*", "s3:?etObject", "s3:DeleteBucket", "ec2:*"];
const resources = [
  "*",
  "arn:aws:s3:::*",
  "arn:aws:s3:::logs",
  "arn:aws:s3:::logs/*",
  "arn:aws:s3:::logs/a?c",
  `arn:aws:s3:::${variable("aws:PrincipalTag/bucket")}/*`,
  `arn:aws:s3:::${variable("aws:PrincipalTag/none, 'logs'")}/*`,
  `arn:aws:s3:::logs/${variable("*")}`,
];

const texts: Readonly<Record<string, readonly string[]>> = {
  String: ["red", "RED", "r*", "?ed", "blue", variable("aws:PrincipalTag/team")],
  Numeric: ["5", "10", "10.5"],
  Date: ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
  Arn: ["arn:aws:iam::*:role/app", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/other"],
  Ip: ["10.0.0.0/8", "10.1.2.3", "192.168.0.0/16"],
  Bool: ["true", "false"],
};
/** The keys that are asked for; what they hold in requests is in `contexts`. */
const keys: Readonly<Record<string, readonly string[]>> = {
  String: ["aws:PrincipalTag/team", "AWS:principaltag/TEAM", "aws:PrincipalTag/absent"],
  Numeric: ["s3:max-keys"],
  Date: ["aws:CurrentTime"],
  Arn: ["aws:PrincipalArn"],
  Ip: ["aws:SourceIp"],
  Bool: ["aws:SecureTransport"],
};
const operators: Readonly<Record<string, readonly string[]>> = {
  String: [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
  ],
  Numeric: [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
  ],
  Date: ["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThan", "DateGreaterThanEquals"],
  Arn: ["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"],
  Ip: ["IpAddress", "NotIpAddress"],
  Bool: ["Bool"],
};

const ofOneKey = fc.constantFrom(...Object.keys(operators)).chain((type) =>
  fc
    .tuple(
      fc.constantFrom(...(operators[type] ?? [])),
      fc.boolean(),
      fc.constantFrom(...(keys[type] ?? [])),
      oneOrMore(texts[type] ?? []),
    )
    .map(([operator, ifExists, key, values]) => ({
      [`${operator}${ifExists ? "IfExists" : ""}`]: { [key]: values },
    })),
);
const ofSets = fc
  .tuple(
    fc.constantFrom("ForAnyValue", "ForAllValues"),
    fc.constantFrom("StringEquals", "StringLike", "StringNotEquals", "StringEqualsIfExists"),
    oneOrMore(["a", "b", "c*"]),
  )
  .map(([set, operator, values]) => ({ [`${set}:${operator}`]: { "aws:TagKeys": values } }));
const ofAbsence = fc
  .tuple(fc.constantFrom("aws:PrincipalTag/team", "aws:PrincipalTag/absent"), fc.constantFrom("true", "false"))
  .map(([key, value]) => ({ Null: { [key]: value } }));

const statements = fc
  .record({
    Effect: fc.constantFrom("Allow", "Allow", "Deny"),
    action: fc.tuple(fc.constantFrom("Action", "NotAction"), oneOrMore(actions)),
    resource: fc.tuple(fc.constantFrom("Resource", "Resource", "NotResource"), oneOrMore(resources)),
    Condition: fc.option(fc.oneof(ofOneKey, ofSets, ofAbsence), { nil: undefined }),
  })
  .map(({ Effect, action, resource, Condition }) => ({
    Effect,
    [action[0]]: action[1],
    [resource[0]]: resource[1],
    ...(Condition === undefined ? {} : { Condition }),
  }));
const documents = fc
  .array(statements, { minLength: 1, maxLength: 3 })
  .map((Statement) => ({ Version: "2012-10-17", Statement }));

const contexts = fc
  .record(
    {
      "aws:PrincipalTag/team": fc.constantFrom("red", "RED", "blue"),
      "aws:PrincipalTag/bucket": fc.constantFrom("logs", "*"),
      "s3:max-keys": fc.constantFrom("5", "10", "11"),
      "aws:TagKeys": fc.uniqueArray(fc.constantFrom("a", "b", "cc"), { minLength: 1 }),
      "aws:SourceIp": fc.constantFrom("10.1.2.3", "172.16.0.1"),
      "aws:SecureTransport": fc.constantFrom("true", "false"),
      "aws:CurrentTime": fc.constantFrom("2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"),
      "aws:PrincipalArn": fc.constant("arn:aws:iam::123456789012:role/app"),
    },
    { requiredKeys: [] },
  )
  .map((record) => record as Readonly<Record<string, string | string[]>>);

const asked = fc.record({
  action: fc.constantFrom("s3:GetObject", "s3:DeleteBucket"),
  resource: fc.constantFrom("arn:aws:s3:::logs", "arn:aws:s3:::logs/abc", "arn:aws:s3:::other/a"),
  context: contexts,
});

test("judges identity policies as an independent reading of AWS's rules does", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(documents, { minLength: 1, maxLength: 2 }),
      asked,
      (policies, { action, resource, context }) => {
        const ours = evaluatePolicies(policies, { action, resource, context: requestContext(context) }).verdict;
        const theirs = runUnsafeSimulation(
          {
            request: { principal, action, resource: { resource, accountId }, contextVariables: { ...context } },
            identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
            serviceControlPolicies: [],
            resourceControlPolicies: [],
          },
          {},
        );
        seen.add(ours);
        expect(ours).toBe({ Allowed: "allow", ImplicitlyDenied: "silent", ExplicitlyDenied: "deny" }[theirs]);
      },
    ),
    { numRuns: lawRuns(1_000) },
  );
  expect([...seen].sort()).toEqual(["allow", "deny", "silent"]);
});
