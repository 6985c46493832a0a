import type { DesiredPresent } from "../../model/desired-state.ts";
import { isEc2 } from "../../model/place.ts";
import { statementsOf } from "../../model/policy/policy-canonical.ts";
import { policyJson } from "../../model/policy/policy-document.ts";
import { isJsonObject, type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import type { Action } from "../action.ts";
import type { Note } from "../plan.ts";

/** A note when the plan writes a trust policy by which EC2 may not assume the role, so that the instance profile is of no use. */
export function ec2TrustNotes({ role }: DesiredPresent, actions: readonly Action[]): readonly Note[] {
  if (!actions.some(({ kind }) => kind === "CreateRole" || kind === "UpdateAssumeRolePolicy")) return [];
  const document = policyJson(role.trustPolicy);
  if (isJsonObject(document) && statementsOf(document).some(letsEc2In)) return [];
  const message = `EC2 may not assume role ${role.roleName}, so no instance gets credentials from the instance profile`;
  return [{ reason: "RoleNotAssumableByEC2", message }];
}

function letsEc2In(statement: JsonValue): boolean {
  if (!isJsonObject(statement) || statement["Effect"] !== "Allow") return false;
  const principal = statement["Principal"];
  if (!isJsonObject(principal)) return principal === "*";
  const services = listOf(principal["Service"]);
  return (
    services.some((service) => typeof service === "string" && isEc2(service)) || listOf(principal["AWS"]).includes("*")
  );
}
