import { createHash } from "node:crypto";

interface Credentials {
  readonly accessKeyId: string;
  readonly sessionToken: string;
}

/** A program with credentials of a role, which calls AWS straight over HTTP. */
export class RoleUser {
  readonly #endpoint: string;
  readonly #credentials: Credentials;

  private constructor(endpoint: string, credentials: Credentials) {
    this.#endpoint = endpoint;
    this.#credentials = credentials;
  }

  /** Assumes the role, which must trust the account. */
  static async assume(endpoint: string, roleArn: string): Promise<RoleUser> {
    const developer = { accessKeyId: "developer", sessionToken: "" };
    const params = {
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: createHash("sha1").update(roleArn).digest("hex"),
    };
    const answer = await query(endpoint, "sts", "AssumeRole", params, developer, "us-east-1");
    const [, accessKeyId = ""] = /<AccessKeyId>(\w+)</.exec(answer) ?? [];
    const [, sessionToken = ""] = /<SessionToken>(\w+)</.exec(answer) ?? [];
    if (accessKeyId === "") throw new Error(answer);
    return new RoleUser(endpoint, { accessKeyId, sessionToken });
  }

  /** Calls an action of IAM, STS or EC2, allowed or not. Returns what AWS says. */
  async call(
    service: "iam" | "sts" | "ec2",
    action: string,
    region = "us-east-1",
    params: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const Version = { iam: "2010-05-08", sts: "2011-06-15", ec2: "2016-11-15" }[service];
    return query(this.#endpoint, service, action, { Version, ...params }, this.#credentials, region);
  }
}

async function query(
  endpoint: string,
  service: string,
  action: string,
  params: Record<string, string>,
  { accessKeyId, sessionToken }: Credentials,
  region: string,
): Promise<string> {
  const scope = `${accessKeyId}/20260101/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const headers = { authorization, ...(sessionToken !== "" && { "x-amz-security-token": sessionToken }) };
  const body = new URLSearchParams({ Action: action, ...params });
  return (await fetch(endpoint, { method: "POST", body, headers })).text();
}
