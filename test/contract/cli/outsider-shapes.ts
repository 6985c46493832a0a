import { EC2_TRUST, outsider } from "../../support/outsider.ts";

/** Params of a list of tags. */
function tagged(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value], i) => [
      [`Tags.member.${i + 1}.Key`, key],
      [`Tags.member.${i + 1}.Value`, value],
    ]),
  );
}

const MANAGED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

/**
 * A profile as somebody makes it with the AWS CLI and files: `aws iam create-role --assume-role-policy-document file://trust.json` and
 * so on. Documents are as people indent them, with single values instead of lists; no path, no description, no tags.
 */
export async function makeByAwsCli(url: string, name: string): Promise<void> {
  const trust = JSON.stringify(JSON.parse(EC2_TRUST), null, 4);
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:GetObject", "s3:ListBucket"], Resource: "*" },
      {
        Effect: "Deny",
        Action: "s3:*",
        Resource: `arn:aws:s3:::${name}-secret/*`,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  };
  await outsider(url, "CreateRole", { RoleName: name, AssumeRolePolicyDocument: `${trust}\n` });
  const PolicyDocument = `${JSON.stringify(policy, null, 4)}\n`;
  await outsider(url, "PutRolePolicy", { RoleName: name, PolicyName: `${name}-s3`, PolicyDocument });
  await outsider(url, "AttachRolePolicy", { RoleName: name, PolicyArn: MANAGED });
  await outsider(url, "CreateInstanceProfile", { InstanceProfileName: name });
  await outsider(url, "AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name });
}

/**
 * A profile as Terraform's `aws_iam_role`, `aws_iam_role_policy`, `aws_iam_role_policy_attachment` and `aws_iam_instance_profile`
 * make it, in the form of the provider's own examples: `jsonencode` sorts keys, the statement has an empty Sid, a role always
 * gets path and session duration, role and profile the provider's default tags, and names may be generated ones. See
 * https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role and `test/e2e/terraform.test.ts`.
 */
export async function makeByTerraform(url: string, name: string): Promise<void> {
  const trust = {
    Statement: [{ Action: "sts:AssumeRole", Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Sid: "" }],
    Version: "2012-10-17",
  };
  const policy = {
    Statement: [{ Action: ["ec2:Describe*"], Effect: "Allow", Resource: "*" }],
    Version: "2012-10-17",
  };
  const tags = tagged({ ManagedBy: "terraform", Name: name, env: "prod" });
  await outsider(url, "CreateRole", {
    RoleName: name,
    Path: "/app/",
    Description: `role of ${name}`,
    MaxSessionDuration: "3600",
    AssumeRolePolicyDocument: JSON.stringify(trust),
    ...tags,
  });
  const PolicyName = `terraform-2026010100000000000000${name.slice(-4).padStart(4, "0")}`;
  await outsider(url, "PutRolePolicy", { RoleName: name, PolicyName, PolicyDocument: JSON.stringify(policy) });
  await outsider(url, "AttachRolePolicy", { RoleName: name, PolicyArn: MANAGED });
  await outsider(url, "CreateInstanceProfile", { InstanceProfileName: name, Path: "/app/", ...tags });
  await outsider(url, "AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: name });
}
