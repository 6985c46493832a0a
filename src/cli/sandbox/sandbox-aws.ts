import { type AwsRates, evenRates } from "../../aws/call/call-limiter.ts";
import { TerminalError } from "../../errors.ts";

/** The region of the sandbox's own requests. */
export const SANDBOX_REGION = "us-east-1";

/** The sandbox does not throttle. */
export const SANDBOX_RATES: AwsRates = evenRates(1_000);

/**
 * Starts an instance in the sandbox, as `aws ec2 run-instances` would, and returns its id.
 *
 * Errors: TerminalError with EC2's message.
 */
export async function runSandboxInstance(awsUrl: string, profileName: string): Promise<string> {
  const params = {
    Action: "RunInstances",
    Version: "2016-11-15",
    ImageId: "ami-0abcdef1234567890",
    InstanceType: "t3.micro",
    MinCount: "1",
    MaxCount: "1",
    "IamInstanceProfile.Name": profileName,
  };
  const reply = await asDeveloper("ec2", awsUrl, { method: "POST", body: new URLSearchParams(params) });
  const [, instanceId] = /<instanceId>(.*?)</.exec(reply) ?? [];
  if (instanceId === undefined) throw new Error(`RunInstances returned no instance: ${reply}`);
  return instanceId;
}

/** Creates a bucket in the sandbox, as `aws s3 mb` would. */
export async function makeSandboxBucket(awsUrl: string, name: string): Promise<void> {
  await asDeveloper("s3", `${awsUrl}/${name}`, { method: "PUT" });
}

/** Sends a request with the developer's key. The sandbox checks the key and the service, not the signature. */
async function asDeveloper(service: string, url: string, init: RequestInit): Promise<string> {
  const credential = `sandbox/20260101/${SANDBOX_REGION}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none`;
  const reply = await fetch(url, { ...init, headers: { authorization } });
  const text = await reply.text();
  if (reply.ok) return text;
  const [, message = text] = /<Message>(.*?)</.exec(text) ?? [];
  throw new TerminalError(message, { reason: "Refused" });
}
