import { expect, test } from "vitest";
import { AWS_ACTIONS } from "../../../src/aws/required-permissions.ts";

test("the permissions are those of every read, of an account too, of every write, and PassRole, each once", () => {
  expect(AWS_ACTIONS).toEqual([...new Set(AWS_ACTIONS)].sort());
  expect(AWS_ACTIONS).toEqual(
    expect.arrayContaining(["iam:GetRole", "iam:ListRolePolicies", "iam:CreateRole", "iam:TagRole", "iam:PassRole"]),
  );
  expect(AWS_ACTIONS).toHaveLength(6 + 1 + 3 + 4 + 18 + 6 + 4 + 5 + 1);
});
