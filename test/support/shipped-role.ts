import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { outsider } from "./outsider.ts";

const AWS_FOLDER = join(import.meta.dirname, "../../deploy/aws");
const README = join(AWS_FOLDER, "../README.md");

/** Keys of AWS, with the session token where they are temporary. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A policy of `deploy/aws` as the README says to make it, for the sandbox's account. */
function shippedPolicy(file: string): string {
  const replacements = [...readFileSync(README, "utf8").matchAll(/-e 's\|([^|]+)\|([^|]+)\|g'/g)];
  const text = readFileSync(join(AWS_FOLDER, file), "utf8");
  const replaced = replacements.reduce((so, [, from = "", to = ""]) => so.replaceAll(from, to), text);
  return JSON.stringify(JSON.parse(replaced.replaceAll("111122223333", "123456789012")));
}

/**
 * The credentials of a role with a shipped policy and no other: the sandbox holds whoever has them to it.
 *
 * @param file of `deploy/aws`, such as `plan-policy.json`
 */
export async function assumeShippedRole(awsUrl: string, file: string): Promise<Required<AwsCredentials>> {
  const name = file.replace(/-policy\.json$/, "");
  const arn = (rest: string): string => `arn:aws:iam::123456789012:${rest}`;
  const trust = { Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" };
  await outsider(awsUrl, "CreatePolicy", { PolicyName: name, PolicyDocument: shippedPolicy(file) });
  await outsider(awsUrl, "CreateRole", {
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
  });
  await outsider(awsUrl, "AttachRolePolicy", { RoleName: name, PolicyArn: arn(`policy/${name}`) });
  const developer = { accessKeyId: "developer", secretAccessKey: "any" };
  const sts = new STSClient({ endpoint: awsUrl, region: "us-east-1", credentials: developer });
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: arn(`role/${name}`), RoleSessionName: "any" }),
  );
  sts.destroy();
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
}
