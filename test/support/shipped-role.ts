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

/** The placeholders of the policies, each with what the README puts in its place. */
export function placeholdersInReadme(): ReadonlyMap<string, string> {
  const shown = readFileSync(README, "utf8").matchAll(/-e 's\|([^|]+)\|([^|]+)\|g'/g);
  return new Map([...shown].map(([, from = "", to = ""]) => [from, to]));
}

/** A policy of `deploy/aws` as the README says to make it, for the sandbox's account. */
export function shippedPolicy(file: string, clusterId?: string): string {
  const values = new Map(placeholdersInReadme());
  if (clusterId !== undefined) values.set("CLUSTER_ID", clusterId);
  let text = readFileSync(join(AWS_FOLDER, file), "utf8");
  for (const [placeholder, value] of values) text = text.replaceAll(placeholder, value);
  return JSON.stringify(JSON.parse(text.replaceAll("111122223333", "123456789012")));
}

/**
 * The credentials of a role with shipped policies and no other: the sandbox holds the caller to them.
 *
 * @param files of `deploy/aws`, such as `plan-policy.json`
 * @param clusterId the controller's, in place of the README's
 */
export function assumeShippedRole(
  awsUrl: string,
  files: readonly string[],
  clusterId?: string,
): Promise<Required<AwsCredentials>> {
  return assumeRoleWith(awsUrl, Object.fromEntries(files.map((file) => [file, shippedPolicy(file, clusterId)])));
}

/** The credentials of a new role with these managed policies, by name, and no other permissions. */
export async function assumeRoleWith(
  awsUrl: string,
  policies: Readonly<Record<string, string>>,
): Promise<Required<AwsCredentials>> {
  const name = "shipped";
  const arn = (rest: string): string => `arn:aws:iam::123456789012:${rest}`;
  const trust = { Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" };
  await outsider(awsUrl, "CreateRole", {
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
  });
  for (const [file, document] of Object.entries(policies)) {
    await outsider(awsUrl, "CreatePolicy", { PolicyName: file, PolicyDocument: document });
    await outsider(awsUrl, "AttachRolePolicy", { RoleName: name, PolicyArn: arn(`policy/${file}`) });
  }
  return sessionOf(awsUrl, name);
}

/** The credentials of a session of a role of the sandbox that lets the developers of its account in. */
export async function sessionOf(awsUrl: string, roleName: string): Promise<Required<AwsCredentials>> {
  const developer = { accessKeyId: "developer", secretAccessKey: "any" };
  const sts = new STSClient({ endpoint: awsUrl, region: "us-east-1", credentials: developer });
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::123456789012:role/${roleName}`, RoleSessionName: "any" }),
  );
  sts.destroy();
  return {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
}
