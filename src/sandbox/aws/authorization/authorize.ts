import { requestContext } from "../../../model/access/access-request.ts";
import type { Session } from "../account/session.ts";
import { AwsFault } from "../fault.ts";
import type { Call, Caller, Operation, Permission } from "../handler.ts";
import type { QueryServiceName } from "../protocol/request.ts";
import { type ContextKeys, callKeys, sessionKeys } from "./context.ts";
import { resourceArns, resourceInWords } from "./permissions.ts";
import { notAllowed, refusalOf } from "./session-policies.ts";

/**
 * Refuses a call that its caller may not make: whoever calls, when a permission is among the `denied` (`iam:CreateRole`,
 * `iam:*`, `*`, in any case); a session, when the policies of its role do not allow it. Permissions that AWS asks for
 * beside the call's own (iam:PassRole, iam:TagRole) are looked at too. STS looks for itself.
 * @throws AwsFault AccessDenied, from EC2 UnauthorizedOperation
 */
export function authorize(
  denied: ReadonlySet<string>,
  service: QueryServiceName,
  action: string,
  operation: Operation,
  call: Call,
): void {
  // STS tells everyone who they are: "no permissions are required to perform this operation".
  if (action === "GetCallerIdentity") return;
  const alsoNeeded = operation.alsoNeeds?.(call) ?? [];
  const own: Permission = { action: `${service}:${action}`, resource: resourceInWords(service, action, call) };
  const missing = [own, ...alsoNeeded].find((permission) => isDenied(denied, permission.action));
  if (missing !== undefined) {
    throw refusal(service, call, missing, notAllowed(missing.action));
  }
  if (call.caller.session === undefined || service === "sts") return;
  const onEach = resourceArns(service, action, call).map((resource) => ({ action: own.action, resource }));
  for (const permission of [...onEach, ...alsoNeeded]) {
    const reason = refusalTo(call, permission);
    const shown = permission.action === own.action && service === "iam" ? own : permission;
    if (reason !== undefined) throw refusal(service, call, shown, reason);
  }
}

/** Whether a permission is among those that are denied to everyone. */
function isDenied(denied: ReadonlySet<string>, action: string): boolean {
  return [...denied].some((pattern) => covers(pattern.toLowerCase(), action.toLowerCase()));
}

function covers(pattern: string, action: string): boolean {
  return pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
}

function refusalTo(call: Call, { action, resource }: Permission): string | undefined {
  const { session } = call.caller;
  if (session === undefined) return undefined;
  const context = requestContext({ ...sessionKeys(session, call.region), ...callKeys({ action, resource }, call) });
  return refusalOf(session, { action, resource, context });
}

/** The sentence that every service says to a caller that must not do something. */
export function notAuthorized({ arn }: Caller, action: string, resource: string, reason: string): string {
  return `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`.trimEnd();
}

/** Why a call of S3 or SQS is denied: by what everyone is denied, or by the policies of the session; undefined when it is allowed. */
export function denialOf(
  denied: ReadonlySet<string>,
  { session }: Caller,
  { action, resource }: Permission,
  keysOf: (session: Session) => ContextKeys,
): string | undefined {
  if (isDenied(denied, action)) return notAllowed(action);
  return session && refusalOf(session, { action, resource, context: requestContext(keysOf(session)) });
}

function refusal(service: QueryServiceName, call: Call, { action, resource }: Permission, reason: string): AwsFault {
  const sentence = notAuthorized(call.caller, action, resource, reason);
  return service === "ec2"
    ? new AwsFault("UnauthorizedOperation", 403, `You are not authorized to perform this operation. ${sentence}`)
    : new AwsFault("AccessDenied", 403, sentence);
}
