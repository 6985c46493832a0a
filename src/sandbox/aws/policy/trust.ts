import type { RequestContext } from "../../../model/access/access-request.ts";
import { type Decision, evaluatePolicies } from "../../../model/access/evaluate/evaluate.ts";
import type { Account } from "../account/account.ts";
import type { Role } from "../account/entities.ts";
import { displayPrincipals } from "./principals.ts";

/**
 * How a role's trust policy lets a caller in: by naming the caller, or by naming the account, which leaves it to the caller's
 * own policies; undefined when it does not, or keeps the caller out. `arns` are those that a policy may call the caller by.
 */
export function trustIn(
  account: Account,
  role: Role,
  arns: readonly string[],
  context: RequestContext,
): "caller" | "account" | undefined {
  const principals = arns.map((arn) => `AWS:${arn}`);
  const { verdict, decidedBy } = decision(account, role, principals, context);
  if (verdict !== "allow") return undefined;
  return decidedBy.some(({ by }) => by === "name") ? "caller" : "account";
}

/** Whether a role's trust policy lets an AWS service in, such as `ec2`. */
export function trustsService(account: Account, role: Role, service: string, context: RequestContext): boolean {
  const principals = [`Service:${service}.amazonaws.com`, `Service:${service}.amazonaws.com.cn`];
  return decision(account, role, principals, context).verdict === "allow";
}

function decision(account: Account, role: Role, principal: readonly string[], context: RequestContext): Decision {
  const request = { action: "sts:AssumeRole", resource: account.roleArn(role), principal, context };
  return evaluatePolicies([displayPrincipals(account, role.trustPolicy)], request, { use: "trust" });
}
