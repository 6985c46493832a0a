import type { DesiredPresent } from "../../model/desired-state.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import type { Action } from "../../plan/action.ts";
import { type FieldBlocker, POLICY_NOT_FOUND } from "../../plan/plan.ts";
import { inParallel } from "../observe/in-parallel.ts";
import type { PolicyExistence, PolicyVerdict } from "../observe/policy-existence.ts";
import type { PolicyReader } from "../ports.ts";
import { MISSING_MAX_AGE_MS, type RequiredBoundary, VERDICT_MAX_AGE_MS } from "./required-boundary.ts";

/** Tells whether managed policies exist in the account. */
export interface PolicyVerifier {
  verify(policyArn: string, signal: AbortSignal): Promise<PolicyVerdict>;
}

/** The verifier that shares the verdicts of an account: at most one request for each policy in ten minutes. */
export function policyVerifier(policies: PolicyExistence, reader: PolicyReader): PolicyVerifier {
  const query = { reader, maxAgeMs: VERDICT_MAX_AGE_MS, missingMaxAgeMs: MISSING_MAX_AGE_MS };
  return { verify: (policyArn, signal) => policies.verify(policyArn, query, signal) };
}

/** The blocker for a managed policy that does not exist. */
export interface MissingPolicy extends FieldBlocker {
  readonly policyArn: string;
}

/**
 * Blockers for the managed policies that the actions attach or set as a boundary and that IAM does not have, in the order of the actions.
 * Reads none that the shipped list of AWS's policies has, none that the actions create, and not the boundary of the class, which
 * {@link RequiredBoundary} verifies. A policy that cannot be read blocks nothing.
 */
export async function missingPolicies(
  { role }: DesiredPresent,
  actions: readonly Action[],
  { policies, boundary }: { readonly policies: PolicyVerifier; readonly boundary?: RequiredBoundary | undefined },
  signal: AbortSignal,
): Promise<readonly MissingPolicy[]> {
  const needed = [...new Set(actions.flatMap(policyArnsIn))].filter(
    (arn) => arn !== boundary?.arn && !(arn.startsWith("arn:aws:") && judgeAwsPolicy(arn).kind === "listed"),
  );
  const verdicts = await inParallel(needed, (arn) => policies.verify(arn, signal));
  return needed.flatMap((policyArn, index) => {
    if (verdicts[index]?.kind !== "missing") return [];
    const isBoundary = policyArn === role.permissionsBoundaryArn;
    const path = isBoundary ? "spec.permissionsBoundaryArn" : "spec.managedPolicyArns";
    return [{ reason: POLICY_NOT_FOUND, path, policyArn, message: `${path}: ${notFound(policyArn)}` }];
  });
}

/** The ARNs of the managed policies that IAM must have for this write. */
export function policyArnsIn(action: Action): readonly string[] {
  // The read that proves a policy of the object itself shows that it exists.
  if (action.kind === "AttachRolePolicy") return action.isOwn ? [] : [action.policyArn];
  if (action.kind !== "CreateRole" && action.kind !== "PutRolePermissionsBoundary") return [];
  return action.permissionsBoundaryArn === undefined ? [] : [action.permissionsBoundaryArn];
}

function notFound(policyArn: string): string {
  const verdict = judgeAwsPolicy(policyArn);
  const hint = "message" in verdict ? ` ${verdict.message}.` : "";
  return `managed policy ${policyArn} does not exist in IAM.${hint} Create the policy, or correct its ARN.`;
}
