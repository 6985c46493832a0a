import fc from "fast-check";
import type { ObservedRole } from "../../src/model/observed-state.ts";
import { checkIdentityPolicy } from "../../src/sandbox/aws/policy/identity-grammar.ts";
import { parseTrustPolicy } from "../../src/sandbox/aws/policy/trust-grammar.ts";

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

/** True when the check raises nothing. A text that begins with a percent sign is encoded. */
export function isAccepted(text: string, check: (decoded: string) => unknown): boolean {
  try {
    check(text.startsWith("%") ? decodeURIComponent(text) : text);
    return true;
  } catch {
    return false;
  }
}

/** Roles with any policies that IAM takes. */
export const randomRoles: fc.Arbitrary<Pick<ObservedRole, "inlinePolicyDocuments" | "trustPolicy">> = fc.record({
  inlinePolicyDocuments: fc.dictionary(
    fc.constantFrom("app", "read", "Odd+=,.@-"),
    permissions.filter((text) =>
      isAccepted(text, (decoded) => checkIdentityPolicy(decoded, { partition: "aws", requiresCurrentVersion: false })),
    ),
  ),
  trustPolicy: trusts.filter((text) => isAccepted(text, parseTrustPolicy)),
});
