import { describe, expect, test } from "vitest";
import { matchesArn } from "../../../../src/sandbox/aws/policy/pattern.ts";
import { requestContext } from "../../../../src/sandbox/aws/policy/request-context.ts";

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
    expect(matchesArn(pattern, arn, { variables })).toBe(true);
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
    expect(matchesArn(pattern, arn, { variables })).toBe(false);
  });

  test("a variable in a version that has none, whose colon then is one of the ARN's", () => {
    expect(matchesArn(`arn:aws:kms:*:\${aws:PrincipalAccount}`, KEY)).toBe(false);
    expect(matchesArn(`arn:aws:kms:*:\${aws:*`, `arn:aws:kms:eu-west-1:\${aws:x`)).toBe(true);
  });
});
