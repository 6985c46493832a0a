import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import type { Touched } from "../../engine/drift/touched-entities.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import { priorityOf } from "../urgency.ts";
import { VerificationLimit } from "./verification-limit.ts";
import { VerificationPace } from "./verification-pace.ts";

/** The dependencies of {@link Verifications}. */
export interface VerificationsOptions {
  readonly queue: Pick<WorkQueue, "add" | "isRunning" | "isWaiting">;
  /** The account that the object is in; undefined before it was opened. */
  readonly accountOf: (key: string) => Account | undefined;
  /** True for a request that the controller itself has made. */
  readonly isOwn: (requestId: string | undefined) => boolean;
  readonly clock: Clock;
  /** When a change that no write has repaired is verified once more; 0: never, because reads do not lag. */
  readonly recheckMs: number;
}

type Account = Pick<AwsAccount, "drift" | "recentWrites">;

/** A change of one object, and what of it the change concerns. */
interface Change {
  readonly event: ChangeEvent;
  readonly touched: Touched;
}

/** The changes of one object that wait for its verification. */
interface Waiting {
  readonly changes: readonly Change[];
  readonly timer: Timer;
  /** The {@link VerificationPace} of the account has had them wait. */
  readonly isPaced: boolean;
}

/** How long the controller waits for further changes of the object: a burst of calls causes one verification. */
const COALESCE_MS = 300;
/** The number of changes that are kept apart; of more, everything is read. */
const MAX_CHANGES = 50;
/** After this time, a change that no write has repaired is not the cause of a later repair. */
const CLOSE_MS = 60_000;

/**
 * The verifications that reported changes cause: one for all changes of an object within {@link COALESCE_MS}, at a limited rate, and one
 * more where the reads do not show a change yet.
 */
export class Verifications {
  readonly #options: VerificationsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #later = new Set<Timer>();
  readonly #limit: VerificationLimit;
  readonly #paces = new WeakMap<Account, VerificationPace>();

  constructor(options: VerificationsOptions) {
    this.#options = options;
    this.#limit = new VerificationLimit(() => options.clock.monotonicMs());
  }

  /** Adds a change of the object. */
  add(key: string, reported: Change): void {
    // Each text of an event is a part of its message and keeps all of it in memory; a copy does not. Most events concern no object.
    const change = structuredClone(reported);
    const known = this.#waiting.get(key);
    if (known === undefined) this.#schedule(key, [change], Math.max(COALESCE_MS, this.#limit.delayMs(key)));
    else this.#waiting.set(key, { ...known, changes: withChange(known.changes, change) });
  }

  /** Forgets everything that waits. */
  stop(): void {
    for (const { timer } of this.#waiting.values()) timer.cancel();
    for (const timer of this.#later) timer.cancel();
    this.#waiting.clear();
    this.#later.clear();
  }

  #schedule(key: string, changes: readonly Change[], delayMs: number, isPaced = false): void {
    const timer = this.#options.clock.schedule(delayMs, () => this.#due(key));
    this.#waiting.set(key, { changes, timer, isPaced });
  }

  #due(key: string): void {
    const { queue, isOwn, accountOf, recheckMs } = this.#options;
    const { changes: waiting = [], isPaced = false } = this.#waiting.get(key) ?? {};
    // The changes may be the writes of that reconcile, whose replies have not arrived yet.
    if (queue.isRunning(key)) {
      this.#schedule(key, waiting, COALESCE_MS, isPaced);
      return;
    }
    this.#waiting.delete(key);
    const changes = waiting.filter(({ event }) => !isOwn(event.requestId));
    const account = accountOf(key);
    if (changes.length === 0 || account === undefined) return;
    const delayMs = isPaced ? 0 : this.#paceOf(account).reserveMs();
    if (delayMs === undefined) return;
    if (delayMs > 0) {
      this.#schedule(key, changes, delayMs, true);
      return;
    }
    this.#limit.take(key);
    for (const change of changes) this.#report(key, change, account);
    this.#verify(key, changes, account);
    if (recheckMs > 0) this.#after(recheckMs, () => this.#recheck(key, changes, account));
    const events = changes.map(({ event }) => event);
    this.#after(recheckMs + CLOSE_MS, () => account.drift.close(key, events));
  }

  /**
   * A read that shows what was there before the controller's last write does not lag if another client has written the value since. An
   * event that comes late is older than that write.
   */
  #report(key: string, { event, touched }: Change, { drift, recentWrites }: Account): void {
    const { clock } = this.#options;
    const ageMs = clock.nowMs() - Date.parse(event.time);
    recentWrites.supersede(touched.entity, touched.values, clock.monotonicMs() - ageMs);
    drift.report(key, event);
  }

  #verify(key: string, changes: readonly Change[], { drift }: Account): void {
    for (const { touched } of changes) drift.touch(key, touched.parts);
    this.#options.queue.add(key, { priority: priorityOf("drift") });
  }

  /** IAM is eventually consistent, so a read soon after a change may not show it. */
  #recheck(key: string, changes: readonly Change[], account: Account): void {
    const { queue, recheckMs } = this.#options;
    const open = account.drift.openChanges(key);
    const unrepaired = changes.filter(({ event }) => open.includes(event));
    if (unrepaired.length === 0) return;
    if (queue.isWaiting(key) || queue.isRunning(key))
      this.#after(recheckMs, () => this.#recheck(key, changes, account));
    else this.#verifyPaced(key, unrepaired, account);
  }

  #verifyPaced(key: string, changes: readonly Change[], account: Account): void {
    const delayMs = this.#paceOf(account).reserveMs();
    if (delayMs !== undefined) this.#after(delayMs, () => this.#verify(key, changes, account));
  }

  #paceOf(account: Account): VerificationPace {
    const pace = this.#paces.get(account) ?? new VerificationPace(this.#options.clock);
    this.#paces.set(account, pace);
    return pace;
  }

  #after(delayMs: number, run: () => void): void {
    const timer = this.#options.clock.schedule(delayMs, () => {
      this.#later.delete(timer);
      run();
    });
    this.#later.add(timer);
  }
}

/**
 * Adds a change. Of more than {@link MAX_CHANGES}, the last one stands for the rest; without its request id, because the rest must be
 * verified even if that one is the controller's own write.
 */
function withChange(changes: readonly Change[], change: Change): readonly Change[] {
  if (changes.length < MAX_CHANGES) return [...changes, change];
  const touched = { ...change.touched, parts: "everything" as const };
  return [...changes.slice(0, -1), { event: { ...change.event, requestId: undefined }, touched }];
}
