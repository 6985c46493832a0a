import { ControllerError, dispositionOf } from "../../errors.ts";
import type { DesiredPresent } from "../../model/desired-state.ts";
import { LruMap } from "../../model/lru-map.ts";
import { judgeAwsPolicy } from "../../model/policy/aws-managed-policies.ts";
import type { Action } from "../../plan/action.ts";
import { type FieldBlocker, POLICY_NOT_FOUND } from "../../plan/plan.ts";
import { inParallel, SharedRequest } from "../concurrency.ts";
import type { PolicyReader } from "../ports.ts";

/** Whether a managed policy exists in IAM. */
export type PolicyVerdict =
  | { readonly kind: "exists" }
  | { readonly kind: "missing" }
  /** The controller is not authorized to read the policy, or the request failed. */
  | { readonly kind: "unverified"; readonly error: ControllerError };

/** How a verdict is obtained. */
interface VerdictQuery {
  readonly reader: PolicyReader;
  /** A verdict older than this is verified again. */
  readonly maxAgeMs: number;
  /** The same for a policy that was missing, which may have been created since. Default: `maxAgeMs`. */
  readonly missingMaxAgeMs?: number;
}

/** The maximum age of a verdict after a refused write: at most one request for each policy in this time. */
export const VERDICT_MAX_AGE_MS = 600_000;
/**
 * The maximum age of a verdict that a policy is missing: it may not have propagated yet, or may have been created
 * since.
 */
export const MISSING_MAX_AGE_MS = 60_000;

/** More policies than the classes of an account name in the lifetime of a process. */
const MAX_POLICIES = 1_000;

interface Entry {
  verdict: PolicyVerdict | undefined;
  verifiedAtMs: number;
  readonly verification: SharedRequest<PolicyVerdict>;
}

/** Caches which managed policies of one account exist in IAM: the boundaries of classes, and the policies of new roles. */
export class PolicyExistence {
  readonly #monotonicMs: () => number;
  readonly #entries = new LruMap<Entry>(MAX_POLICIES);

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** True when the last verdict is that the policy does not exist. Sends no request. */
  isMissing(policyArn: string): boolean {
    return this.#entries.get(policyArn)?.verdict?.kind === "missing";
  }

  /** Records that IAM has refused a write because the policy does not exist. */
  recordMissing(policyArn: string): void {
    const entry = this.#entryOf(policyArn);
    entry.verdict = { kind: "missing" };
    entry.verifiedAtMs = this.#monotonicMs();
  }

  /**
   * Whether the policy exists: the cached verdict, or else the result of one request, shared by all callers that wait
   * for it. A transient failure is not cached.
   *
   * Errors: the signal's reason when it aborts.
   */
  async verify(policyArn: string, query: VerdictQuery, signal: AbortSignal): Promise<PolicyVerdict> {
    const entry = this.#entryOf(policyArn);
    const { verdict, verifiedAtMs } = entry;
    const { maxAgeMs, missingMaxAgeMs = maxAgeMs } = query;
    const isRecent = this.#monotonicMs() - verifiedAtMs < (verdict?.kind === "missing" ? missingMaxAgeMs : maxAgeMs);
    if (verdict !== undefined && isRecent) return verdict;
    return entry.verification.join((shared) => this.#requestVerdict(policyArn, entry, query, shared), signal);
  }

  async #requestVerdict(
    policyArn: string,
    entry: Entry,
    { reader }: VerdictQuery,
    signal: AbortSignal,
  ): Promise<PolicyVerdict> {
    const startedAtMs = this.#monotonicMs();
    const verdict = await verdictOf(reader, policyArn, signal);
    if (verdict.kind === "unverified" && !isPermanent(verdict.error)) return verdict;
    entry.verdict = verdict;
    entry.verifiedAtMs = startedAtMs;
    return verdict;
  }

  #entryOf(policyArn: string): Entry {
    const known = this.#entries.get(policyArn);
    if (known !== undefined) return known;
    const verification = new SharedRequest<PolicyVerdict>();
    const entry: Entry = { verdict: undefined, verifiedAtMs: Number.NEGATIVE_INFINITY, verification };
    this.#entries.set(policyArn, entry);
    return entry;
  }
}

/** False for a transient error, which a retry may resolve. */
export function isPermanent(error: unknown): boolean {
  return ["terminal", "blocked"].includes(dispositionOf(error));
}

async function verdictOf(
  reader: VerdictQuery["reader"],
  policyArn: string,
  signal: AbortSignal,
): Promise<PolicyVerdict> {
  try {
    return { kind: (await reader.policyExists(policyArn, signal)) ? "exists" : "missing" };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ControllerError)) throw error;
    return { kind: "unverified", error };
  }
}

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
 * RequiredBoundary verifies. A policy that cannot be read blocks nothing.
 */
export async function missingPolicies(
  { role }: DesiredPresent,
  actions: readonly Action[],
  {
    policies,
    boundary,
  }: { readonly policies: PolicyVerifier; readonly boundary?: { readonly arn: string } | undefined },
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
