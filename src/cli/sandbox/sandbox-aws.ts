import { type AwsRates, evenRates } from "../../aws/call/call-limiter.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../aws/sqs/queue-url.ts";
import { TerminalError } from "../../errors.ts";
import { DRIFT_EVENTS } from "../../sandbox/aws/sqs/queues.ts";

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

/** The queue to which the sandbox sends the events of all changes. */
export function sandboxQueues({ awsUrl, accountId }: { awsUrl: string; accountId: string }): readonly SqsQueueUrl[] {
  return [parseQueueUrl(`${awsUrl}/${accountId}/${DRIFT_EVENTS}`)].filter((url) => url !== undefined);
}

/** An inline policy of a role. */
export interface RolePolicy {
  readonly roleName: string;
  readonly policyName: string;
}

/** Deletes an inline policy in the sandbox, as `aws iam delete-role-policy` would. */
export async function deleteSandboxPolicy(awsUrl: string, policy: RolePolicy): Promise<void> {
  await askIam(awsUrl, "DeleteRolePolicy", policy);
}

/** True when the sandbox has the inline policy. */
export function hasSandboxPolicy(awsUrl: string, policy: RolePolicy): Promise<boolean> {
  return askIam(awsUrl, "GetRolePolicy", policy).then(
    () => true,
    () => false,
  );
}

function askIam(awsUrl: string, action: string, { roleName, policyName }: RolePolicy): Promise<string> {
  const params = { Action: action, Version: "2010-05-08", RoleName: roleName, PolicyName: policyName };
  return asDeveloper("iam", awsUrl, { method: "POST", body: new URLSearchParams(params) });
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
