import type { DesiredRole } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson, trustDocument } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { NO_TRUST } from "../class/class-bounds.ts";

/**
 * The trust policy that the role is created with. IAM refuses a principal that does not exist, and the role itself does not exist yet: the
 * statements that name it are left out. If one of them denies, or none is left, no principal can assume the role until the trust policy is
 * written: the first policy never trusts more than the second.
 */
export function trustAtCreation(role: Pick<DesiredRole, "roleName" | "path" | "trustPolicy">): PolicyDocument {
  const document = policyJson(role.trustPolicy);
  if (!isJsonObject(document)) return role.trustPolicy;
  const statements = statementsOf(document);
  const own = statements.filter((statement) => namesRole(statement, role));
  if (own.length === 0) return role.trustPolicy;
  const others = statements.filter((statement) => !own.includes(statement));
  if (others.length === 0 || own.some(denies)) return buildPolicy(trustDocument(NO_TRUST), "trust");
  return buildPolicy({ ...document, Statement: others }, "trust");
}

function namesRole(statement: JsonValue, role: Pick<DesiredRole, "roleName" | "path">): boolean {
  const principal = isJsonObject(statement) ? statement["Principal"] : undefined;
  return isJsonObject(principal) && listOf(principal["AWS"]).some((value) => isArnOf(value, role));
}

/** True for the ARN of the role or of a session of it, in any account: which one the role will be in is not part of the desired state. */
function isArnOf(value: JsonValue, { roleName, path }: Pick<DesiredRole, "roleName" | "path">): boolean {
  const [, ofRole, ofSession] =
    (typeof value === "string" &&
      /^arn:[^:]+:(?:iam::\d{12}:role(\/.+)|sts::\d{12}:assumed-role\/([^/]+)\/.+)$/.exec(value)) ||
    [];
  return sameName(ofRole, `${path}${roleName}`) || sameName(ofSession, roleName);
}

function denies(statement: JsonValue): boolean {
  return !isJsonObject(statement) || statement["Effect"] !== "Allow";
}
