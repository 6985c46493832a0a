import { createHash } from "node:crypto";
import { NOT_CONVERGING, type Plan } from "../../plan/plan.ts";
import { planLines } from "../../plan/render.ts";

/** After so many successful attempts in a row, the same writes are blocked. */
const MAX_ATTEMPTS = 3;
/** After so many repairs within {@link WINDOW_MS}, the same writes are blocked even if AWS was in sync in between. */
const MAX_REPAIRS = 4;
const WINDOW_MS = 3_600_000;
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
  readonly writes: string;
  readonly times: number;
  /** Of the last. */
  readonly atMs: number;
}

/** Writes of one object that succeeded. */
interface History {
  /** What triggered the reconcile: a new spec or a new `reconcile-at` starts a new history. */
  readonly trigger: string;
  /** The same writes, without being in sync in between. */
  series: Series | undefined;
  /** The writes within the window, the oldest first. */
  repairs: readonly { readonly content: string; readonly atMs: number }[];
  /** Who changed AWS before the writes were blocked. It stays the same, so that the message does. */
  blamed?: string | undefined;
}

/** Describes the last reported change of the object; undefined when none was reported. */
export type LastChange = () => string | undefined;

/**
 * Stops writes that do not last. If another client reverts the writes, or IAM stores another form of what it receives,
 * every reconcile finds the same drift and would repeat the same writes forever.
 *
 * After {@link MAX_ATTEMPTS} times without being in sync in between, or {@link MAX_REPAIRS} times within an hour, the same
 * writes are blocked until the spec changes, a user requests a reconcile (`reconcile-at`), or the drift changes or
 * disappears. They are tried again after an hour, so that no client keeps a change for good by repeating it a few times.
 * Kept in memory only: a restart resets it.
 */
export class FlapBreaker {
  readonly #monotonicMs: () => number;
  readonly #histories = new Map<string, History>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** @param trigger another value starts a new history */
  of(key: string, trigger: string, lastChange: LastChange = () => undefined): Attempts {
    return {
      judge: (plan, isPropagated) => {
        const judged = this.#judge(key, trigger, plan, isPropagated);
        return judged === undefined ? plan : blocked(plan, judged, this.#blame(key, lastChange));
      },
      recordExecuted: (plan) => this.#record(key, trigger, plan),
    };
  }

  /** Records that AWS was observed in sync: only the number of repairs within an hour is kept. */
  inSync(key: string): void {
    const known = this.#histories.get(key);
    if (known === undefined) return;
    const repairs = this.#recent(known);
    if (repairs.length === 0) this.#histories.delete(key);
    else this.#histories.set(key, { ...known, series: undefined, repairs });
  }

  /** Removes the history of a deleted object. */
  forget(key: string): void {
    this.#histories.delete(key);
  }

  #record(key: string, trigger: string, plan: Plan): void {
    const found = this.#histories.get(key);
    const known = found?.trigger === trigger ? found : undefined;
    const writes = signatureOf(plan);
    const times = known?.series?.writes === writes ? known.series.times + 1 : 1;
    const atMs = this.#monotonicMs();
    this.#histories.set(key, {
      trigger,
      series: { writes, times, atMs },
      repairs: [...(known === undefined ? [] : this.#recent(known)), { content: contentOf(plan), atMs }],
    });
  }

  #blame(key: string, lastChange: LastChange): string | undefined {
    const known = this.#histories.get(key);
    if (known === undefined) return undefined;
    known.blamed ??= lastChange();
    return known.blamed;
  }

  /** How often the writes of the plan were made in vain; undefined when the plan may be executed. */
  #judge(key: string, trigger: string, plan: Plan, isPropagated: boolean): string | undefined {
    const known = this.#histories.get(key);
    if (known === undefined || !isPropagated) return undefined;
    if (known.trigger !== trigger) {
      this.#histories.delete(key);
      return undefined;
    }
    if (plan.actions.length === 0) {
      this.inSync(key);
      return undefined;
    }
    const content = contentOf(plan);
    const repairs = this.#recent(known).filter((one) => one.content === content).length;
    if (repairs >= MAX_REPAIRS) return `${MAX_REPAIRS} times within an hour`;
    if (known.series?.writes !== signatureOf(plan)) known.series = undefined;
    if (known.series !== undefined && this.#isFruitless(known.series)) return `${MAX_ATTEMPTS} times`;
    known.blamed = undefined;
    return undefined;
  }

  #isFruitless({ times, atMs }: Series): boolean {
    return times >= MAX_ATTEMPTS && this.#monotonicMs() - atMs < WINDOW_MS;
  }

  #recent({ repairs }: History): History["repairs"] {
    const nowMs = this.#monotonicMs();
    return repairs.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
  }
}

/** Equal for plans that find the same drift and repair it by the same writes. */
function signatureOf({ actions }: Plan): string {
  return digest(actions);
}

/** Equal for plans that write the same, whatever they find. */
function contentOf({ actions }: Plan): string {
  return digest(actions.map((action) => ({ ...action, changes: undefined })));
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}

function blocked(plan: Plan, howOften: string, lastChange: string | undefined): Plan {
  const lines = planLines(plan);
  const rest = lines.length > MAX_NAMED ? `, and ${lines.length - MAX_NAMED} more` : "";
  const clue =
    lastChange === undefined
      ? "AWS CloudTrail shows which client writes"
      : `the last change that AWS CloudTrail has reported is ${lastChange}`;
  const message =
    `the same ${lines.length === 1 ? "write" : "writes"} succeeded ${howOften}, but the drift came back: ` +
    `${lines.slice(0, MAX_NAMED).join(", ")}${rest}. Another client reverts ${lines.length === 1 ? "it" : "them"}, or IAM ` +
    `stores another form of what the controller sends; ${clue}. The controller tries again ` +
    "after an hour, and when the drift or the spec changes. To try again now, set the annotation iam.instanceprofile.dev/reconcile-at to the current time.";
  return { ...plan, blockers: [{ reason: NOT_CONVERGING, message }] };
}
