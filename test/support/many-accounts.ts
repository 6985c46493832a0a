/** The account of the controller's own credentials in the sandbox. */
export const HOME_ACCOUNT = "123456789012";

/** An AWS account with the class that leads to it. */
export interface OpenAccount {
  readonly className: string;
  /** Of the class. */
  readonly spec: object;
}

/** Makes accounts in a sandbox's AWS, each with a role that the controller's own account can assume, and says which classes lead there. */
export async function openAccounts(awsUrl: string, count: number): Promise<readonly OpenAccount[]> {
  const ids = Array.from({ length: count }, (_, i) => String(200_000_000_000 + i));
  for (const id of ids) await openAccount(awsUrl, id);
  return ids.map((id) => ({
    className: `team-${id}`,
    spec: {
      account: { id, partition: "aws", roleArn: `arn:aws:iam::${id}:role/controller` },
      namespaces: ["*"],
      allowedActions: ["s3:*"],
    },
  }));
}

/** The sandbox takes an account id as an access key. */
async function openAccount(url: string, id: string): Promise<void> {
  const allow = (statement: object): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const trust = allow({ Principal: { AWS: HOME_ACCOUNT }, Action: "sts:AssumeRole" });
  const all = allow({ Action: "*", Resource: "*" });
  const authorization = `AWS4-HMAC-SHA256 Credential=${id}/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0`;
  const call = async (parameters: Readonly<Record<string, string>>): Promise<void> => {
    const body = new URLSearchParams({ Version: "2010-05-08", RoleName: "controller", ...parameters });
    const reply = await fetch(url, { method: "POST", body, headers: { authorization } });
    if (!reply.ok) throw new Error(await reply.text());
  };
  await call({ Action: "CreateRole", AssumeRolePolicyDocument: trust });
  await call({ Action: "PutRolePolicy", PolicyName: "all", PolicyDocument: all });
}
