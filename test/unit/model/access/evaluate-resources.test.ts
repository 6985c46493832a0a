import { describe, expect, test } from "vitest";
import { requestContext } from "../../../../src/model/access/access-request.ts";
import { matchesArn } from "../../../support/matches-arn.ts";

const variables = requestContext({
  "aws:PrincipalAccount": "111122223333",
  "aws:PrincipalTag/team": "red",
});
const QUEUE = "arn:aws:sqs:us-east-1:111122223333:jobs";
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234";
const GRANT = "arn:aws:s3:us-east-1:111122223333:access-grants/default/grant/g-1";

describe("a resource pattern matches", () => {
  test.each([
    ["arn:aws:sqs", QUEUE],
    ["arn:aws:sqs:us-east-1", QUEUE],
    ["arn:aws:sqs:*:111122223333", QUEUE],
    ["arn:aws:sqs:*:*:jobs", QUEUE],
    ["arn:*:sqs", QUEUE],
    [`arn:aws:kms:*:\${aws:PrincipalAccount}:key/*`, KEY],
    [`arn:aws:kms:*:\${aws:PrincipalAccount}`, KEY],
    [`arn:aws:sqs:*:\${aws:PrincipalTag/account, '111122223333'}:jobs`, QUEUE],
    ["arn:aws:s3:us-east-1:111122223333:access-grants/default/*", GRANT],
    ["arn:aws:s3", GRANT],
    [`arn:aws:logs:*:*:log-group:\${aws:PrincipalTag/team}:*`, "arn:aws:logs:eu-west-1:111122223333:log-group:red:x:y"],
    [`arn:aws:s3:::b/\${aws:PrincipalTag/none, 'a}:b'}`, "arn:aws:s3:::b/a}:b"],
  ])("%s, %s", (pattern, arn) => {
    expect(matchesArn(pattern, arn, variables)).toBe(true);
  });
});

describe("a resource pattern does not match", () => {
  test.each([
    ["arn:aws:sns", QUEUE],
    ["arn:aws:sqs:", QUEUE],
    ["arn:aws:sqs:eu-west-1", QUEUE],
    ["arn:aws:sqs:*:jobs", QUEUE],
    ["arn:aws:sqs:*:111122223333:", QUEUE],
    [`arn:aws:kms:*:\${aws:PrincipalAccount}:key/*`, KEY.replace("111122223333", "999999999999")],
    [`arn:aws:kms:*:\${aws:SourceAccount}:key/*`, KEY],
  ])("%s, %s", (pattern, arn) => {
    expect(matchesArn(pattern, arn, variables)).toBe(false);
  });

  test("a variable in a version that has none, whose colon then is one of the ARN's", () => {
    expect(matchesArn(`arn:aws:kms:*:\${aws:PrincipalAccount}`, KEY)).toBe(false);
    expect(matchesArn(`arn:aws:kms:*:\${aws:*`, `arn:aws:kms:eu-west-1:\${aws:x`)).toBe(true);
  });
});

describe("a wildcard before the last field matches a colon", () => {
  const readings = ["no wildcard", "a * at the end of a field", "every wildcard"] as const;

  test.each<[pattern: string, arn: string, inReading: readonly [boolean, boolean, boolean]]>([
    ["arn:aws:s3:::b*", "arn:aws:s3:::b:c", [true, true, true]],
    ["arn:aws:sqs:us*:1:q", "arn:aws:sqs:us:x:1:q", [false, true, true]],
    ["arn:aws:sqs:*:1:q", "arn:aws:sqs:us:x:1:q", [false, true, true]],
    ["arn:aws:sqs:u*s:1:q", "arn:aws:sqs:u:s:1:q", [false, false, true]],
    ["arn:aws:sqs:u?s:1:q", "arn:aws:sqs:u:s:1:q", [false, false, true]],
    ["arn:aws:sqs:u*?:1:q", "arn:aws:sqs:u:1:q", [false, false, false]],
    ["arn:aws:sqs:u*?:1:q", "arn:aws:sqs:ua:b:1:q", [false, true, true]],
    ["arn:aws:sqs:u*?:1:q", "arn:aws:sqs:u:a:1:q", [false, false, true]],
    ["arn:*:us", "arn:aws:sqs:us:1:q:r", [false, true, true]],
    ["arn:*s:us", "arn:aws:sqs:us:1:q:r", [false, false, true]],
    ["arn:aws:sqs:us:1:q", "arn:aws:sqs:us:1:q", [true, true, true]],
  ])("%s, %s, by reading: %j", (pattern, arn, expected) => {
    expect(readings.map((reading) => matchesArn(pattern, arn, undefined, reading))).toEqual(expected);
  });
});

test("a pattern that is no ARN is a text with wildcards, and * alone matches what is no ARN", () => {
  expect(matchesArn("*", "*")).toBe(true);
  expect(matchesArn("a*", "abc:d")).toBe(true);
  expect(matchesArn("arn:aws:s3", "arn:aws:s3")).toBe(false);
  expect(matchesArn("arn:aws:s3:::*", "*")).toBe(false);
});

test("? matches one character, be it two code units long", () => {
  expect(matchesArn("arn:aws:s3:::a?c", "arn:aws:s3:::a😀c")).toBe(true);
  expect(matchesArn("arn:aws:s3:::*?c", "arn:aws:s3:::😀c")).toBe(true);
  expect(matchesArn("arn:aws:s3:::a??c", "arn:aws:s3:::a😀c")).toBe(false);
});

test("what a variable stands for is plain text: its * is no wildcard", () => {
  const star = requestContext({ "aws:PrincipalTag/team": "*" });
  const pattern = `arn:aws:s3:::\${aws:PrincipalTag/team}/x`;
  expect(matchesArn(pattern, "arn:aws:s3:::a/x", star)).toBe(false);
  expect(matchesArn(pattern, "arn:aws:s3:::*/x", star)).toBe(true);
});

test.each(["no wildcard", "a * at the end of a field", "every wildcard"] as const)(
  "a hostile pattern takes no more than its length times that of the text: %s",
  (reading) => {
    const pattern = `arn:aws:s3:a*:1:${"a*".repeat(400)}b`;
    const started = performance.now();
    expect(matchesArn(pattern, `arn:aws:s3:a:1:${"a".repeat(400)}`, undefined, reading)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  },
);
