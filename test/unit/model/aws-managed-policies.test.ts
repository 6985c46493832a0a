import { expect, test } from "vitest";
import { judgeAwsPolicy } from "../../../src/model/policy/aws-managed-policies.ts";

const AWS = "arn:aws:iam::aws:policy";

test.each([
  `${AWS}/AmazonSSMManagedInstanceCore`,
  `${AWS}/service-role/AmazonEC2ContainerServiceforEC2Role`,
  `${AWS}/service-role/AmazonEC2RoleforAWSCodeDeploy`,
  `${AWS}/job-function/ViewOnlyAccess`,
  "arn:aws-cn:iam::aws:policy/ReadOnlyAccess",
])("%s is listed", (arn) => {
  expect(judgeAwsPolicy(arn)).toEqual({ kind: "listed" });
});

test.each([
  [
    "without its path",
    `${AWS}/AmazonEC2ContainerServiceforEC2Role`,
    `${AWS}/service-role/AmazonEC2ContainerServiceforEC2Role`,
  ],
  ["with a path that it does not have", `${AWS}/service-role/ReadOnlyAccess`, `${AWS}/ReadOnlyAccess`],
])("a policy %s does not exist, and the message says its ARN", (_, arn, right) => {
  expect(judgeAwsPolicy(arn)).toEqual({ kind: "wrong", message: `${arn} does not exist; write ${right}` });
});

test("a policy for service-linked roles alone cannot be attached", () => {
  const verdict = judgeAwsPolicy(`${AWS}/aws-service-role/AutoScalingServiceRolePolicy`);
  expect(verdict).toMatchObject({ kind: "wrong", message: expect.stringContaining("service-linked roles") });
});

test.each([
  [
    "a misspelt one, with the nearest",
    `${AWS}/AmazonSSMManagedInstancesCore`,
    "did you mean AmazonSSMManagedInstanceCore?",
  ],
  ["one in other letters, with the nearest", `${AWS}/readonlyaccess`, "did you mean ReadOnlyAccess?"],
  ["a new one", `${AWS}/AmazonQuantumToasterFullAccess`, "check its name"],
])("%s is not listed, which is no proof", (_, arn, words) => {
  expect(judgeAwsPolicy(arn)).toMatchObject({ kind: "unlisted", message: expect.stringContaining(words) });
});

test("a policy of an account is another matter", () => {
  expect(judgeAwsPolicy("arn:aws:iam::123456789012:policy/ReadOnlyAccess")).toEqual({ kind: "other" });
});
