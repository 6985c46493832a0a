import { ControllerError, dispositionOf } from "../../errors.ts";
import { LruMap } from "../../model/lru-map.ts";
import type { PolicyReader } from "../ports.ts";
import { SharedRequest } from "../shared-request.ts";

/** Whether a managed policy exists in IAM. */
export type PolicyVerdict =
  | { readonly kind: "exists" }
  | { readonly kind: "missing" }
  /** The controller is not authorized to read the policy, or the request failed. */
  | { readonly kind: "unverified"; readonly error: ControllerError };

/** How a verdict is obtained. */
export interface VerdictQuery {
  readonly reader: PolicyReader;
  /** A verdict older than this is verified again. */
  readonly maxAgeMs: number;
  /** The same for a policy that was missing, which may have been created since. Default: `maxAgeMs`. */
  readonly missingMaxAgeMs?: number;
}

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
