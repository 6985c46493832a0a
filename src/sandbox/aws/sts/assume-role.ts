import { type RequestContext, requestContext } from "../../../model/access/access-request.ts";
import type { Account } from "../account/account.ts";
import type { Role } from "../account/entities.ts";
import { nameInArn } from "../account/identifiers.ts";
import { newSession, roleOf } from "../account/session.ts";
import { notAuthorized } from "../authorization/authorize.ts";
import { sessionKeys } from "../authorization/context.ts";
import { refusalOf } from "../authorization/session-policies.ts";
import { AwsFault, validationError } from "../fault.ts";
import type { Call } from "../handler.ts";
import { constraintMessage, integer } from "../iam/constraints.ts";
import { callerOf } from "../identity.ts";
import { trustIn } from "../policy/trust.ts";
import { timestamp, type XmlTree } from "../protocol/answer.ts";

/** The longest session of a role that a role assumed. */
const chainedSeconds = 3_600;

/**
 * AssumeRole, of a role in any account: its trust policy must let the caller in and, where it does so by the account or the
 * role is another account's, the caller's own policies too. The developer's allow everything.
 */
export function assumeRole(call: Call): XmlTree {
  const { cloud, params, caller } = call;
  const roleArn = params.get("RoleArn") ?? "";
  const name = readSessionName(call);
  const [, accountId] = /^arn:[\w-]+:iam::(\d{12}):role\/./.exec(roleArn) ?? [];
  const account = accountId === undefined ? undefined : cloud.account(accountId);
  const role = account?.roles.visible(nameInArn(roleArn));
  if (account === undefined || role === undefined || account.roleArn(role) !== roleArn) throw refusal(call, roleArn);
  if (!mayAssume(call, account, role)) throw refusal(call, roleArn);
  const seconds = integer(params, "DurationSeconds", { min: 900, max: 43_200, fallback: 3_600 });
  if (seconds > role.maxSessionSeconds) {
    throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  if (caller.session !== undefined && seconds > chainedSeconds) {
    throw validationError(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  const session = cloud.remember(newSession(account, role, { name, lifetimeMs: seconds * 1_000 }));
  const assumed = callerOf(session);
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.token,
      Expiration: timestamp(session.expiresAtMs),
    },
    AssumedRoleUser: { AssumedRoleId: assumed.userId, Arn: assumed.arn },
  };
}

function readSessionName({ params }: Call): string {
  const name = params.get("RoleSessionName") ?? "";
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) {
    throw validationError(
      constraintMessage("roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*", name),
    );
  }
  return name;
}

function mayAssume(call: Call, account: Account, role: Role): boolean {
  const { caller } = call;
  const { session } = caller;
  const context = contextOf(call);
  // A role that is gone is not the namesake that a policy may mean now.
  const ownRole = session === undefined ? undefined : roleOf(session);
  if (session !== undefined && ownRole === undefined) return false;
  const arns = ownRole === undefined ? [caller.arn] : [caller.arn, caller.account.roleArn(ownRole)];
  const trust = trustIn(account, role, arns, context);
  if (trust === undefined) return false;
  if (session === undefined || (trust === "caller" && account === caller.account)) return true;
  return refusalOf(session, { action: "sts:AssumeRole", resource: account.roleArn(role), context }) === undefined;
}

function contextOf({ params, caller, region }: Call): RequestContext {
  const { accountId } = caller.account.settings;
  const developer = {
    "aws:PrincipalArn": caller.arn,
    "aws:PrincipalAccount": accountId,
    "aws:PrincipalType": "User",
    "aws:username": "sandbox",
    "aws:userid": caller.userId,
  };
  return requestContext({
    ...(caller.session === undefined ? developer : sessionKeys(caller.session, region)),
    "sts:ExternalId": params.get("ExternalId"),
    "sts:RoleSessionName": params.get("RoleSessionName"),
  });
}

function refusal({ caller }: Call, roleArn: string): AwsFault {
  return new AwsFault("AccessDenied", 403, notAuthorized(caller, "sts:AssumeRole", roleArn, ""));
}
