import type { DesiredPresent, DesiredRole } from "../../model/desired-state.ts";
import { sameName } from "../../model/naming.ts";
import { isEc2 } from "../../model/place.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { buildPolicy, type PolicyDocument, policyJson } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { trustDocument } from "../../model/policy/policy-spec.ts";
import type { Action } from "../action.ts";
import { NO_TRUST } from "../class/class-bounds.ts";
import { type Note, ROLE_NOT_ASSUMABLE } from "../plan.ts";

/** A note when the plan writes a trust policy that does not trust EC2, so that the instance profile is of no use. */
export function ec2TrustNotes({ role }: DesiredPresent, actions: readonly Action[]): readonly Note[] {
  if (!actions.some(({ kind }) => kind === "CreateRole" || kind === "UpdateAssumeRolePolicy")) return [];
  if (trustsEc2(policyJson(role.trustPolicy))) return [];
  const message = `role ${role.roleName} does not trust EC2, so instances with the instance profile get no credentials`;
  return [{ reason: ROLE_NOT_ASSUMABLE, message }];
}

/** False for a trust policy by which EC2 cannot assume the role. What cannot be read may trust EC2. */
export function trustsEc2(document: JsonValue | undefined): boolean {
  return !isJsonObject(document) || statementsOf(document).some(mayTrustEc2);
}

function mayTrustEc2(statement: JsonValue): boolean {
  if (!isJsonObject(statement)) return true;
  const { Effect: effect, Principal: principal } = statement;
  if (effect !== "Allow") return false;
  // Without it, the statement has NotPrincipal.
  if (!isJsonObject(principal)) return principal === "*" || principal === undefined;
  const services = listOf(principal["Service"]);
  return (
    services.some((service) => typeof service === "string" && isEc2(service)) || listOf(principal["AWS"]).includes("*")
  );
}

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
