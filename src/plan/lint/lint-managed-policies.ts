import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import type { Finding } from "./finding.ts";

/** Finds managed policies of AWS that do not exist, as far as the shipped list of them knows. */
export function lintManagedPolicies({
  managedPolicyArns,
  permissionsBoundaryArn,
}: Pick<InstanceProfileSpec, "managedPolicyArns" | "permissionsBoundaryArn">): readonly Finding[] {
  return [
    ...managedPolicyArns.flatMap((arn, index) => finding(arn, `spec.managedPolicyArns[${index}]`)),
    ...(permissionsBoundaryArn === undefined ? [] : finding(permissionsBoundaryArn, "spec.permissionsBoundaryArn")),
  ];
}

function finding(arn: string, path: string): readonly Finding[] {
  const verdict = judgeAwsPolicy(arn);
  if (verdict.kind === "other" || verdict.kind === "listed") return [];
  const severity = verdict.kind === "wrong" ? "error" : "warning";
  return [{ rule: "managed-policy", severity, path, message: verdict.message }];
}
