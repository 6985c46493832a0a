import type { InstanceProfileSpec } from "../../api/instance-profile.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import type { Finding } from "./finding.ts";

/**
 * Finds managed policies of AWS that do not exist, as far as the shipped list of them knows. `newer` has the ARNs of those that the user
 * knows of; what is certainly wrong stays an error.
 */
export function lintManagedPolicies(
  {
    managedPolicyArns,
    permissionsBoundaryArn,
  }: Pick<InstanceProfileSpec, "managedPolicyArns" | "permissionsBoundaryArn">,
  newer: readonly string[] = [],
): readonly Finding[] {
  const finding = (arn: string, path: string): readonly Finding[] => findingOf(arn, path, newer);
  return [
    ...managedPolicyArns.flatMap((arn, index) => finding(arn, `spec.managedPolicyArns[${index}]`)),
    ...(permissionsBoundaryArn === undefined ? [] : finding(permissionsBoundaryArn, "spec.permissionsBoundaryArn")),
  ];
}

function findingOf(arn: string, path: string, newer: readonly string[]): readonly Finding[] {
  const verdict = judgeAwsPolicy(arn);
  if (verdict.kind === "other" || verdict.kind === "listed") return [];
  if (verdict.kind !== "wrong" && newer.includes(arn)) return [];
  const severity = verdict.kind === "wrong" ? "error" : "warning";
  return [{ rule: "managed-policy", severity, path, message: verdict.message }];
}
