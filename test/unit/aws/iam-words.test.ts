import { expect, test } from "vitest";
import { isInvalidPrincipal, isMissingPolicy } from "../../../src/aws/iam/iam-message-matchers.ts";

test.each([
  ["MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/new"', true],
  ["MalformedPolicyDocument", "MalformedPolicyDocument: Invalid principal in policy: com.amazon.balsa.error", true],
  ["MalformedPolicyDocument", "Syntax errors in policy.", false],
  ["InvalidInput", "Invalid principal in policy", false],
  [undefined, "Invalid principal in policy", false],
])("%s %j is about an unknown principal: %j", (code, message, expected) => {
  expect(isInvalidPrincipal(code, message)).toBe(expected);
});

test.each([
  ["AttachRolePolicy", "NoSuchEntity", "Policy arn:aws:iam::1:policy/p does not exist or is not attachable.", true],
  ["PutRolePermissionsBoundary", "NoSuchEntity", "Scope ARN: arn:p does not exist or is not attachable.", true],
  ["CreateRole", "NoSuchEntity", "", true],
  ["AttachRolePolicy", "NoSuchEntity", "The role with name app cannot be found.", false],
  ["CreateRole", "EntityAlreadyExists", "Role with name app already exists.", false],
])("%s %s %j is about a missing policy: %j", (operation, code, message, expected) => {
  expect(isMissingPolicy(operation, code, message)).toBe(expected);
});
