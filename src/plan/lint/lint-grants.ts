import type { Statement, TrustStatement } from "../../api/instance-profile.ts";
import { matchesWildcards } from "../../model/access/pattern-check.ts";
import type { StatementField } from "../../model/policy/policy-spec.ts";
import { completedFields } from "../../model/policy/resource-pattern.ts";
import type { Finding } from "./finding.ts";

/**
 * Actions that give a principal the permissions of the role, user or policy that it may use them on.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
 */
const ESCALATING: readonly string[] = [
  "iam:AddUserToGroup",
  "iam:AttachGroupPolicy",
  "iam:AttachRolePolicy",
  "iam:AttachUserPolicy",
  "iam:CreateAccessKey",
  "iam:CreateLoginProfile",
  "iam:CreatePolicyVersion",
  "iam:DeleteRolePermissionsBoundary",
  "iam:PassRole",
  "iam:PutGroupPolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:PutRolePolicy",
  "iam:PutUserPolicy",
  "iam:SetDefaultPolicyVersion",
  "iam:UpdateAssumeRolePolicy",
  "iam:UpdateLoginProfile",
];
const ASSUME_ROLE = "sts:AssumeRole";
const SHOWN = 3;

/** The path of a field of the statement. */
type PathOf = (field: StatementField) => string;

/**
 * Finds grants of a statement that are wider than its author may have intended. A Deny is never too wide, and with a
 * permissions boundary (`isBounded`) the boundary limits the grants.
 */
export function lintStatement(statement: Statement, pathOf: PathOf, isBounded: boolean): readonly Finding[] {
  if (statement.effect === "Deny" || isBounded) return [];
  return [
    ...(statement.notActions === undefined ? [] : [notActions(pathOf("notActions"))]),
    ...(statement.notResources === undefined ? [] : [notResources(pathOf("notResources"))]),
    ...grants(statement, pathOf("actions")),
  ];
}

/** Finds a trust statement by which every AWS account can assume the role. */
export function lintTrustStatement(
  { effect, principals, conditions }: TrustStatement,
  pathOf: (principal: number) => string,
): readonly Finding[] {
  const everyone = (principals.aws ?? []).indexOf("*");
  if (effect === "Deny" || everyone < 0 || conditions !== undefined) return [];
  return [
    {
      rule: "anyone-may-assume",
      severity: "warning",
      path: pathOf(everyone),
      message: "every AWS account can assume this role; name the accounts or roles, or add conditions",
    },
  ];
}

function notActions(path: string): Finding {
  return {
    rule: "allow-not-action",
    severity: "warning",
    path,
    message:
      "Allow with notActions grants every other action, including those of services that AWS adds later; list the needed actions under actions",
  };
}

function notResources(path: string): Finding {
  return {
    rule: "allow-not-resource",
    severity: "warning",
    path,
    message:
      "Allow with notResources grants the actions on every other resource, now and later; list the needed resources under resources",
  };
}

function grants({ actions = [], resources }: Statement, path: string): readonly Finding[] {
  const where = resources === undefined ? "nearly every resource" : resources.find(isWide);
  return where === undefined ? [] : actions.flatMap((action, index) => grant(action, where, `${path}[${index}]`));
}

function grant(action: string, where: string, path: string): readonly Finding[] {
  if (action === "*" || action === "*:*") return [everything(where, path)];
  const matched = ESCALATING.filter((escalating) => matchesAction(action, escalating));
  return [
    ...(matched.length === 0 ? [] : [escalation(action, where, matched, path)]),
    ...(matchesAction(action, ASSUME_ROLE) ? [assumption(action, where, path)] : []),
  ];
}

function everything(where: string, path: string): Finding {
  return {
    rule: "grants-everything",
    severity: "warning",
    path,
    message: `every action on ${where} makes each instance an administrator of the account; list the actions that are needed`,
  };
}

function escalation(action: string, where: string, matched: readonly string[], path: string): Finding {
  const isWildcard = /[*?]/.test(action);
  const more = matched.length > SHOWN ? ` and ${matched.length - SHOWN} more` : "";
  const including = isWildcard ? ` (by ${matched.slice(0, SHOWN).join(", ")}${more})` : "";
  return {
    rule: "privilege-escalation",
    severity: "warning",
    path,
    message:
      `${action} on ${where} allows an instance to grant itself permissions that this policy does not grant${including}; ` +
      "name the actions and the resources, or set a permissionsBoundaryArn",
  };
}

function assumption(action: string, where: string, path: string): Finding {
  return {
    rule: "assume-any-role",
    severity: "warning",
    path,
    message: `${action} on ${where} allows an instance to assume any role there that trusts this account; name the roles`,
  };
}

/** True when a resource has a wildcard that is not only the end of a name. */
function isWide(resource: string): boolean {
  if (resource === "*") return true;
  const name = completedFields(resource)?.at(-1) ?? "";
  return /^(\*|[\w-]+\/\*)/.test(name);
}

/** True when an IAM pattern (`iam:Put*`) matches an action. Actions are case-insensitive. */
function matchesAction(pattern: string, action: string): boolean {
  return matchesWildcards(pattern, action, { foldsCase: true });
}
