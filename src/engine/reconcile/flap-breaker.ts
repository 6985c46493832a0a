import { createHash } from "node:crypto";
import { NOT_CONVERGING, type Plan } from "../../plan/plan.ts";
import { planLines } from "../../plan/render.ts";

/** After so many successful attempts, the same writes are blocked. */
const MAX_ATTEMPTS = 3;
/** The maximum number of writes named in the message; the status has all of them. */
const MAX_NAMED = 5;

/** The attempts to bring one object in sync. */
export interface Attempts {
  /**
   * Returns the plan, with a blocker if the same writes were tried too often. `isPropagated`: AWS shows all recent
   * writes.
   */
  judge(plan: Plan, isPropagated: boolean): Plan;
  /** Records that all writes of the plan succeeded. */
  recordExecuted(plan: Plan): void;
}

interface Series {
  /** What triggered the reconcile: a new spec or a new `reconcile-at` starts a new series. */
  readonly trigger: string;
  readonly writes: string;
  readonly times: number;
}

/**
 * Stops writes that do not last. If another client reverts the writes, or IAM stores another form of what it receives,
 * every reconcile finds the same drift and would repeat the same writes forever.
 *
 * After {@link MAX_ATTEMPTS} times without being in sync in between, the same writes are blocked until the spec
 * changes, a user requests a reconcile (`reconcile-at`), or the drift changes or disappears. Kept in memory only: a
 * restart resets it.
 */
export class FlapBreaker {
  readonly #series = new Map<string, Series>();

  /** @param trigger another value starts a new series */
  of(key: string, trigger: string): Attempts {
    return {
      judge: (plan, isPropagated) => this.#judge(key, trigger, plan, isPropagated),
      recordExecuted: (plan) => {
        const writes = signatureOf(plan);
        const known = this.#series.get(key);
        const times = known?.trigger === trigger && known.writes === writes ? known.times + 1 : 1;
        this.#series.set(key, { trigger, writes, times });
      },
    };
  }

  /** Removes the series of an object that is in sync or deleted. */
  forget(key: string): void {
    this.#series.delete(key);
  }

  #judge(key: string, trigger: string, plan: Plan, isPropagated: boolean): Plan {
    const known = this.#series.get(key);
    if (known === undefined || !isPropagated) return plan;
    if (known.trigger !== trigger || known.writes !== signatureOf(plan)) {
      this.#series.delete(key);
      return plan;
    }
    return known.times < MAX_ATTEMPTS
      ? plan
      : { ...plan, blockers: [{ reason: NOT_CONVERGING, message: messageOf(plan) }] };
  }
}

function signatureOf({ actions }: Plan): string {
  return createHash("sha256").update(JSON.stringify(actions)).digest("base64");
}

function messageOf(plan: Plan): string {
  const lines = planLines(plan);
  const rest = lines.length > MAX_NAMED ? `, and ${lines.length - MAX_NAMED} more` : "";
  return (
    `the same ${lines.length === 1 ? "write" : "writes"} succeeded ${MAX_ATTEMPTS} times, but the drift came back: ` +
    `${lines.slice(0, MAX_NAMED).join(", ")}${rest}. Another client reverts ${lines.length === 1 ? "it" : "them"}, or IAM ` +
    "stores another form of what the controller sends. The controller writes nothing until the drift or the spec changes. To try " +
    "again, set the annotation iam.instanceprofile.dev/reconcile-at to the current time."
  );
}
