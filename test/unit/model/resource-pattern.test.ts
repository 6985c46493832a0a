import { describe, expect, test } from "vitest";
import { completedResource, resourceParts, resourcePieces } from "../../../src/model/policy/resource-pattern.ts";
import { variable } from "../../support/resource-patterns.ts";

const ACCOUNT = variable("aws:PrincipalAccount");
const DEFAULT = variable("aws:PrincipalTag/team, 'a:b'");

describe("a resource pattern is completed", () => {
  test.each([
    ["arn:aws:sqs", "arn:aws:sqs:*:*:*"],
    ["arn:aws:sqs:us-east-1", "arn:aws:sqs:us-east-1:*:*"],
    ["arn:aws:sqs:*:123456789012", "arn:aws:sqs:*:123456789012:*"],
    ["arn:aws", "arn:aws:*:*:*:*"],
    ["arn:*", "arn:*:*:*:*:*"],
    // An empty field is there.
    ["arn:", "arn::*:*:*:*"],
    ["arn:aws:s3:", "arn:aws:s3::*:*"],
    ["arn:aws:s3::", "arn:aws:s3:::*"],
    [`arn:aws:kms:*:${ACCOUNT}`, `arn:aws:kms:*:${ACCOUNT}:*`],
    [`arn:aws:kms:${DEFAULT}`, `arn:aws:kms:${DEFAULT}:*:*`],
  ])("%s as %s", (pattern, completed) => {
    expect(completedResource(pattern)).toBe(completed);
    expect(completedResource(completed)).toBe(completed);
  });

  test.each([
    ["*"],
    ["arn:aws:s3:::"],
    ["arn:aws:logs:*:*:log-group:a:*"],
    [`arn:aws:kms:*:${ACCOUNT}:key/*`],
    // No ARN, or none that can be taken apart.
    ["a:b"],
    ["arn"],
    [`arn:aws:s3:${variable("a, 'b}c'")}`],
    [`arn:aws:s3:\${a`],
    [`arn:aws:s3:${variable(variable("a"))}`],
  ])("not where nothing is missing, or where nobody can tell: %s", (pattern) => {
    expect(completedResource(pattern)).toBe(pattern);
  });

  test("with the colons of a variable counted, where the document's version has no variables", () => {
    expect(completedResource(`arn:aws:kms:*:${ACCOUNT}`, "plain")).toBe(`arn:aws:kms:*:${ACCOUNT}`);
    expect(completedResource(`arn:aws:${ACCOUNT}`, "plain")).toBe(`arn:aws:${ACCOUNT}:*:*`);
  });
});

test("the fields of a pattern are what stands between its colons, but for those in variables", () => {
  expect(resourceParts(`arn:aws:iam::${ACCOUNT}:role/${DEFAULT}:x:y`)).toEqual({
    fields: ["arn", "aws", "iam", "", ACCOUNT, `role/${DEFAULT}:x:y`],
    isOpen: false,
  });
  expect(resourceParts(`arn:aws::${ACCOUNT}x:\${a:b`)).toEqual({
    fields: ["arn", "aws", "", `${ACCOUNT}x`, ""],
    isOpen: true,
  });
  expect(resourceParts("*")).toBeUndefined();
});

test("the value of an account or a region has no colon, and any other variable's may have one", () => {
  const isColonless = (inner: string): unknown =>
    resourcePieces(`a:${variable(inner)}`).map((piece) => piece.kind === "variable" && piece.isColonless);
  for (const key of ["aws:PrincipalAccount", "AWS:resourceaccount", "aws:SourceAccount", "aws:RequestedRegion"]) {
    expect(isColonless(key)).toEqual([false, true, false]);
  }
  for (const key of ["aws:PrincipalTag/x", "aws:PrincipalAccount, 'a:b'", "aws:PrincipalAccount ", "aws:userid", "*"]) {
    expect(isColonless(key)).toEqual([false, false, false]);
  }
});
