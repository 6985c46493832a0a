import type { Account } from "../account/account.ts";
import { iamArn } from "../account/identifiers.ts";
import type { Call, Permission } from "../handler.ts";
import type { QueryServiceName } from "../protocol/request.ts";

/**
 * On what a call needs the permission named after it. Several: on each.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function resourceArns(service: QueryServiceName, action: string, call: Call): readonly string[] {
  return service === "ec2" ? ec2Resources(action, call) : [iamResource(action, call)];
}

/** What launching touches beside the instance; the account of an image is not part of its ARN. */
const launchedWith = ["network-interface", "security-group", "subnet", "volume"];

function ec2Resources(action: string, call: Call): readonly string[] {
  const { params, region, account } = call;
  const { partition, accountId } = account.settings;
  const arn = (id: string): string => `arn:${partition}:ec2:${region}:${accountId}:${id}`;
  if (action.startsWith("Describe")) return ["*"];
  if (action === "RunInstances") {
    const image = `arn:${partition}:ec2:${region}::image/${params.get("ImageId")}`;
    return [arn("instance/*"), image, ...launchedWith.map((kind) => arn(`${kind}/*`))];
  }
  if (action.endsWith("LaunchTemplate")) return [arn(`launch-template/${params.get("LaunchTemplateId") ?? "*"}`)];
  return instanceIds(call).map((id) => arn(`instance/${id}`));
}

/** The instances that a call is about, be it by an association; `*` when it names none. */
function instanceIds({ params, account, region }: Call): readonly string[] {
  const associationId = params.get("AssociationId");
  const byAssociation =
    associationId === undefined ? undefined : account.region(region).association(associationId)?.instanceId;
  const named = [
    ...params.strings("InstanceId"),
    ...params.strings("ResourceId"),
    params.get("InstanceId"),
    byAssociation,
  ].filter((id) => id !== undefined);
  return named.length === 0 ? ["*"] : named;
}

/** Listings and reports know no resources. */
const ofTheAccount =
  /^(ListRoles|ListInstanceProfiles|ListPolicies|ListUsers|GetAccount\w+|GetServiceLastAccessedDetails)$/;

function iamResource(action: string, { account, params }: Call): string {
  const arn = (kind: string, path: string, name: string): string => iamArn(account.settings, kind, path, name);
  if (ofTheAccount.test(action)) return "*";
  const path = params.get("Path") ?? "/";
  const profileName = params.get("InstanceProfileName");
  if (profileName !== undefined) {
    const profile = account.instanceProfiles.latest(profileName);
    return arn("instance-profile", profile?.path ?? path, profile?.name ?? profileName);
  }
  const roleName = params.get("RoleName");
  if (roleName !== undefined) {
    const role = account.roles.latest(roleName);
    return arn("role", role?.path ?? path, role?.name ?? roleName);
  }
  const policyArn = params.get("PolicyArn");
  return policyArn ?? params.get("Arn") ?? arn("policy", path, params.get("PolicyName") ?? "*");
}

/** What a call is about, in the words IAM uses. */
export function resourceInWords(service: QueryServiceName, action: string, call: Call): string {
  const { account, params } = call;
  const { partition, accountId } = account.settings;
  if (service === "ec2") {
    return `arn:${partition}:ec2:${call.region}:${accountId}:instance/*`;
  }
  const named: readonly (readonly [string, string])[] = [
    ["InstanceProfileName", "instance profile"],
    ["RoleName", "role"],
    ["UserName", "user"],
    ["PolicyArn", "policy"],
    ["PolicyName", "policy"],
    ["RoleArn", ""],
  ];
  const found = named.find(([parameter]) => params.get(parameter) !== undefined);
  if (found !== undefined) {
    return `${found[1]} ${params.get(found[0])}`.trim();
  }
  const listed: Readonly<Record<string, string>> = { ListRoles: "role", ListInstanceProfiles: "instance-profile" };
  const kind = listed[action];
  return kind === undefined ? "*" : `arn:${partition}:iam::${accountId}:${kind}${params.get("PathPrefix") ?? "/"}`;
}

/** Launching with tags takes what tagging takes. */
export function tagOnLaunchPermission({ account, params, region }: Call): readonly Permission[] {
  const { partition, accountId } = account.settings;
  return params.structures("TagSpecification").map((specification) => ({
    action: "ec2:CreateTags",
    resource: `arn:${partition}:ec2:${region}:${accountId}:${specification.get("ResourceType")}/*`,
  }));
}

/** Putting a role where instances get it hands on its power, which takes a permission on the role. */
export function passRolePermission(account: Account, roleName: string | undefined): readonly Permission[] {
  const role = account.roles.latest(roleName ?? "");
  return role === undefined ? [] : [{ action: "iam:PassRole", resource: account.roleArn(role) }];
}
