import { ControllerError, dispositionOf } from "../../errors.ts";
import { LruMap } from "../../model/lru-map.ts";
import type { PolicyReader } from "../ports.ts";

/** What IAM says of a managed policy. */
export type PolicyVerdict =
  | { readonly kind: "exists" }
  | { readonly kind: "missing" }
  /** IAM does not let the controller read the policy, or the request failed. */
  | { readonly kind: "unverified"; readonly error: ControllerError };

/** How a verdict is come by. */
export interface VerdictQuery {
  readonly reader: PolicyReader;
  /** An older verdict is verified again. */
  readonly maxAgeMs: number;
  /** A policy that was missing may have been created since: its verdict is verified again when older than this. Default: `maxAgeMs`. */
  readonly missingMaxAgeMs?: number;
}

/** More than an account's classes name in the lifetime of a process. */
const MAX_POLICIES = 1_000;

interface Entry {
  verdict: PolicyVerdict | undefined;
  verifiedAtMs: number;
  asking: Promise<PolicyVerdict> | undefined;
}

/** Which permissions boundaries of the classes of one account exist in IAM, as far as the process knows. */
export class BoundaryPolicies {
  readonly #monotonicMs: () => number;
  readonly #entries = new LruMap<Entry>(MAX_POLICIES);

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** True when IAM has said that the policy does not exist, and nothing else since. Costs no request. */
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
   * Whether the policy exists: what is known, or else by one request to IAM, however many callers wait for it. A failure that
   * can pass is not remembered.
   *
   * Errors: the signal's reason when it aborts.
   */
  async verify(policyArn: string, query: VerdictQuery, signal: AbortSignal): Promise<PolicyVerdict> {
    const entry = this.#entryOf(policyArn);
    const { verdict, verifiedAtMs } = entry;
    const { maxAgeMs, missingMaxAgeMs = maxAgeMs } = query;
    const isRecent = this.#monotonicMs() - verifiedAtMs < (verdict?.kind === "missing" ? missingMaxAgeMs : maxAgeMs);
    if (verdict !== undefined && isRecent) return verdict;
    entry.asking ??= this.#ask(policyArn, entry, query, signal).finally(() => {
      entry.asking = undefined;
    });
    return entry.asking;
  }

  async #ask(policyArn: string, entry: Entry, { reader }: VerdictQuery, signal: AbortSignal): Promise<PolicyVerdict> {
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
    const entry: Entry = { verdict: undefined, verifiedAtMs: Number.NEGATIVE_INFINITY, asking: undefined };
    this.#entries.set(policyArn, entry);
    return entry;
  }
}

/** False for a failure that a retry can pass. */
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
