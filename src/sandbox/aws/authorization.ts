import { AwsFault } from "./fault.ts";
import type { Call, Operation, Permission } from "./handler.ts";
import type { ServiceName } from "./protocol/request.ts";

/**
 * Refuses a call whose permission is denied: `iam:CreateRole`, `iam:*`, `*`, in any case. Permissions that AWS asks for
 * beside the call's own (iam:PassRole, iam:TagRole) are looked at too.
 * @throws AwsFault AccessDenied, from EC2 UnauthorizedOperation
 */
export function authorize(
  denied: ReadonlySet<string>,
  service: ServiceName,
  action: string,
  operation: Operation,
  call: Call,
): void {
  // STS tells everyone who they are: "no permissions are required to perform this operation".
  if (denied.size === 0 || action === "GetCallerIdentity") {
    return;
  }
  const own: Permission = { action: `${service}:${action}`, resource: resourceOf(service, action, call) };
  const needed = [own, ...(operation.alsoNeeds?.(call) ?? [])];
  const missing = needed.find((permission) => [...denied].some((pattern) => covers(pattern, permission.action)));
  if (missing !== undefined) {
    throw refusal(service, call, missing);
  }
}

function covers(pattern: string, action: string): boolean {
  const [lowerPattern, lowerAction] = [pattern.toLowerCase(), action.toLowerCase()];
  return lowerPattern.endsWith("*") ? lowerAction.startsWith(lowerPattern.slice(0, -1)) : lowerPattern === lowerAction;
}

function refusal(service: ServiceName, call: Call, { action, resource }: Permission): AwsFault {
  const sentence = `User: ${call.caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
  return service === "ec2"
    ? new AwsFault("UnauthorizedOperation", 403, `You are not authorized to perform this operation. ${sentence}`)
    : new AwsFault("AccessDenied", 403, sentence);
}

/** What the call is about, in the words IAM uses. */
function resourceOf(service: ServiceName, action: string, call: Call): string {
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
