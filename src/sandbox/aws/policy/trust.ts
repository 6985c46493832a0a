import type { Account } from "../account/account.ts";
import type { Role } from "../account/entities.ts";
import { rootArn } from "../account/identifiers.ts";
import { isObject, type Statement, stringList } from "./document.ts";
import { evaluatePolicies, type PrincipalTest } from "./evaluate.ts";
import { awsPrincipals, displayPrincipals } from "./principals.ts";
import type { RequestContext } from "./request-context.ts";

/** Who wants to become a role: every ARN that a policy may call the caller by, and the caller's account. */
export interface Assumer {
  readonly arns: readonly string[];
  readonly accountId: string;
}

/**
 * How a role's trust policy lets a caller in: by naming the caller, or by naming the account, which leaves it to the caller's
 * own policies; undefined when it does not, or keeps the caller out.
 */
export function trustIn(
  account: Account,
  role: Role,
  { arns, accountId }: Assumer,
  context: RequestContext,
): "caller" | "account" | undefined {
  const root = rootArn(account.settings, accountId);
  const names =
    (accepted: readonly string[]): PrincipalTest =>
    (statement: Statement) =>
      awsPrincipals(statement).some((principal) => accepted.includes(principal));
  const judge = (concernsInstance: PrincipalTest) => judgement(account, role, context, concernsInstance);
  if (judge(names(["*", root, ...arns])) !== "allow") return undefined;
  return judge(names(["*", ...arns])) === "allow" ? "caller" : "account";
}

/** Whether a role's trust policy lets an AWS service in, such as `ec2`. */
export function trustsService(account: Account, role: Role, service: string, context: RequestContext): boolean {
  const accepted = [`${service}.amazonaws.com`, `${service}.amazonaws.com.cn`];
  const concernsInstance: PrincipalTest = ({ Principal: principal }) =>
    principal === "*" ||
    (isObject(principal) &&
      "Service" in principal &&
      (stringList(principal["Service"]) ?? []).some((name) => accepted.includes(name)));
  return judgement(account, role, context, concernsInstance) === "allow";
}

function judgement(account: Account, role: Role, context: RequestContext, concernsInstance: PrincipalTest) {
  const request = { action: "sts:AssumeRole", resource: account.roleArn(role), context };
  return evaluatePolicies([displayPrincipals(account, role.trustPolicy)], request, concernsInstance);
}
