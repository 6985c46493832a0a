import type { Tag } from "../account/entities.ts";
import { roleOf, type Session } from "../account/session.ts";
import type { Call, Permission } from "../handler.ts";

/** Condition keys of a request and their values. */
export type ContextKeys = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The keys that every request of a session has.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function sessionKeys(session: Session, region: string): ContextKeys {
  const { account, roleId, sessionName, instanceArn } = session;
  const role = roleOf(session);
  return {
    "aws:PrincipalArn": role === undefined ? undefined : account.roleArn(role),
    "aws:PrincipalAccount": account.settings.accountId,
    "aws:PrincipalType": "AssumedRole",
    "aws:userid": `${roleId}:${sessionName}`,
    "aws:CurrentTime": new Date(account.now()).toISOString(),
    "aws:EpochTime": String(Math.floor(account.now() / 1_000)),
    "aws:TokenIssueTime": new Date(session.startedAtMs).toISOString(),
    "aws:RequestedRegion": region,
    "aws:SourceIp": "127.0.0.1",
    "aws:SecureTransport": "false",
    "aws:ViaAWSService": "false",
    "ec2:SourceInstanceARN": instanceArn,
    ...tagKeys("aws:PrincipalTag", role?.tags ?? []),
  };
}

/** The keys that depend on what an IAM or EC2 call asks, and on the one resource that the permission is for. */
export function callKeys({ action, resource }: Permission, call: Call): ContextKeys {
  const { account, params } = call;
  const instanceId = instanceIn(resource);
  const requested = requestTags(call);
  const keys = [...requested.map(({ key }) => key), ...params.strings("TagKeys.member")];
  const role = account.roles.latest(params.get("RoleName") ?? "");
  return {
    "aws:TagKeys": keys.length === 0 ? undefined : keys,
    ...tagKeys("aws:RequestTag", requested),
    ...resourceTagKeys(call, instanceId),
    "iam:PolicyARN": params.get("PolicyArn"),
    // Of the role that is changed; where the call sets one, that.
    "iam:PermissionsBoundary": params.get("PermissionsBoundary") ?? role?.boundaryArn,
    "ec2:CreateAction": action === "ec2:CreateTags" ? creationOf(params.get("Action")) : undefined,
    "iam:PassedToService": action === "iam:PassRole" ? "ec2.amazonaws.com" : undefined,
    ...profileKeys(action, call, instanceId),
  };
}

/** The creation that tags what it creates. */
const creationOf = (action: string | undefined): string | undefined => (action === "CreateTags" ? undefined : action);

const tagKeys = (prefix: string, tags: readonly Tag[]): ContextKeys =>
  Object.fromEntries(tags.map(({ key, value }) => [`${prefix}/${key}`, value]));

/** Tags in the parameters: of IAM, of CreateTags, of RunInstances. */
function requestTags({ params }: Call): readonly Tag[] {
  const ofLaunch = params.structures("TagSpecification").flatMap((specification) => specification.structures("Tag"));
  return [...params.structures("Tags.member"), ...params.structures("Tag"), ...ofLaunch].map((tag) => ({
    key: tag.get("Key") ?? "",
    value: tag.get("Value") ?? "",
  }));
}

/** The instance that an ARN names; empty when it names none. */
function instanceIn(resource: string): string {
  return /:instance\/(i-[^/]+)$/.exec(resource)?.[1] ?? "";
}

/**
 * The tags of the resource; in a call that creates an entity, those that it is created with.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag
 */
function resourceTagKeys(call: Call, instanceId: string): ContextKeys {
  const { account, params, region } = call;
  const instance = account.region(region).instance(instanceId);
  const templateId = params.get("LaunchTemplateId");
  const template = account
    .region(region)
    .launchTemplates()
    .find(({ id }) => id === templateId);
  const isCreated = /^Create(Role|InstanceProfile|Policy)$/.test(params.get("Action") ?? "");
  const entity = entityIn(call);
  const tags = [...(instance?.tags ?? template?.tags ?? []), ...(entity?.tags ?? (isCreated ? requestTags(call) : []))];
  const own = instance === undefined && template === undefined ? "iam:ResourceTag" : "ec2:ResourceTag";
  return { ...tagKeys("aws:ResourceTag", tags), ...tagKeys(own, tags) };
}

/** The entity of IAM that a call is about; of a role and a policy that is attached to it, the role. */
function entityIn({ account, params }: Call): { readonly tags: readonly Tag[] } | undefined {
  const [profileName, roleName, policyArn] = ["InstanceProfileName", "RoleName", "PolicyArn"].map((name) =>
    params.get(name),
  );
  if (profileName !== undefined) return account.instanceProfiles.latest(profileName);
  return roleName === undefined ? account.policies.latest(policyArn ?? "") : account.roles.latest(roleName);
}

/** EC2 tells policies which profile an instance has, or is launched with, and which one it is to get. */
function profileKeys(action: string, call: Call, instanceId: string): ContextKeys {
  const { account, params, region } = call;
  const name = params.get("IamInstanceProfile.Name");
  const profile = name === undefined ? undefined : account.instanceProfiles.latest(name);
  const given = params.get("IamInstanceProfile.Arn") ?? (profile && account.instanceProfileArn(profile));
  if (action === "ec2:RunInstances") return { "ec2:InstanceProfile": given };
  const present = account.region(region).currentAssociation(instanceId)?.profileArn;
  return { "ec2:InstanceProfile": present, "ec2:NewInstanceProfile": given };
}
