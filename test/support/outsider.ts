export const EC2_TRUST: string = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

export const ALLOW_ALL: string = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/** Somebody else's hand on the same account: one IAM action, straight over HTTP. */
export async function outsider(endpoint: string, action: string, params: Record<string, string>): Promise<void> {
  const body = new URLSearchParams({ Action: action, Version: "2010-05-08", ...params });
  const authorization =
    "AWS4-HMAC-SHA256 Credential=outsider/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0";
  const reply = await fetch(endpoint, { method: "POST", body, headers: { authorization } });
  if (!reply.ok) throw new Error(`${action}: ${await reply.text()}`);
}
