import { type AwsRates, evenRates } from "../../aws/call/call-limiter.ts";
import { TerminalError } from "../../errors.ts";
import { parseQueueUrl, type SqsQueueUrl } from "../../model/queue-url.ts";
import { DRIFT_EVENTS } from "../../sandbox/aws/sqs/queues.ts";

/** The region of the sandbox's own requests. */
export const SANDBOX_REGION = "us-east-1";

/** The sandbox does not throttle. */
export const SANDBOX_RATES: AwsRates = evenRates(1_000);

/** What an instance gets its profile from, as parameters of RunInstances. */
export type ProfileSource = Readonly<
  Partial<Record<"IamInstanceProfile.Name" | "IamInstanceProfile.Arn" | "LaunchTemplate.LaunchTemplateName", string>>
>;

const LAUNCH = { ImageId: "ami-0abcdef1234567890", InstanceType: "t3.micro" } as const;

/**
 * Starts an instance in the sandbox, as `aws ec2 run-instances` would, and returns its id.
 *
 * Errors: TerminalError with EC2's message.
 */
export async function runSandboxInstance(awsUrl: string, source: ProfileSource): Promise<string> {
  const reply = await askEc2(awsUrl, "RunInstances", { ...LAUNCH, MinCount: "1", MaxCount: "1", ...source });
  const [, instanceId] = /<instanceId>(.*?)</.exec(reply) ?? [];
  if (instanceId === undefined) throw new Error(`RunInstances returned no instance: ${reply}`);
  return instanceId;
}

/** Terminates instances in the sandbox, as `aws ec2 terminate-instances` would. */
export async function terminateSandboxInstances(awsUrl: string, ids: readonly string[]): Promise<void> {
  const params = Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id]));
  await askEc2(awsUrl, "TerminateInstances", params);
}

/** Creates a launch template in the sandbox, as `aws ec2 create-launch-template` would. */
export async function makeLaunchTemplate(awsUrl: string, name: string, profileName: string): Promise<void> {
  await askEc2(awsUrl, "CreateLaunchTemplate", {
    LaunchTemplateName: name,
    "LaunchTemplateData.ImageId": LAUNCH.ImageId,
    "LaunchTemplateData.InstanceType": LAUNCH.InstanceType,
    "LaunchTemplateData.IamInstanceProfile.Name": profileName,
  });
}

/** Deletes a launch template in the sandbox, as `aws ec2 delete-launch-template` would. */
export async function deleteLaunchTemplate(awsUrl: string, name: string): Promise<void> {
  await askEc2(awsUrl, "DeleteLaunchTemplate", { LaunchTemplateName: name });
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
  await askIam(awsUrl, "DeleteRolePolicy", namesOf(policy));
}

/** True when the sandbox has the inline policy. */
export function hasSandboxPolicy(awsUrl: string, policy: RolePolicy): Promise<boolean> {
  return isFound(askIam(awsUrl, "GetRolePolicy", namesOf(policy)));
}

/** True when the sandbox has the role or the instance profile. */
export async function hasSandboxRoleOrProfile(
  awsUrl: string,
  { roleName, instanceProfileName }: { readonly roleName: string; readonly instanceProfileName: string },
): Promise<boolean> {
  const found = await Promise.all([
    isFound(askIam(awsUrl, "GetRole", { RoleName: roleName })),
    isFound(askIam(awsUrl, "GetInstanceProfile", { InstanceProfileName: instanceProfileName })),
  ]);
  return found.includes(true);
}

function namesOf({ roleName, policyName }: RolePolicy): QueryParams {
  return { RoleName: roleName, PolicyName: policyName };
}

function isFound(request: Promise<string>): Promise<boolean> {
  return request.then(
    () => true,
    () => false,
  );
}

type QueryParams = Readonly<Record<string, string>>;

function askIam(awsUrl: string, action: string, params: QueryParams): Promise<string> {
  return query("iam", awsUrl, { Action: action, Version: "2010-05-08", ...params });
}

function askEc2(awsUrl: string, action: string, params: QueryParams): Promise<string> {
  return query("ec2", awsUrl, { Action: action, Version: "2016-11-15", ...params });
}

function query(service: string, awsUrl: string, params: QueryParams): Promise<string> {
  return asDeveloper(service, awsUrl, { method: "POST", body: new URLSearchParams(params) });
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
