import type { DesiredPresent } from "../../model/desired-state.ts";
import { isEc2 } from "../../model/place.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { policyJson } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import type { Action } from "../action.ts";
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
