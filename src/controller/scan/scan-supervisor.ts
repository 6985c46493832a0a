import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { Accounts } from "../accounts/account-access.ts";
import { OWN_ACCOUNT } from "../accounts/account-key.ts";
import type { ClaimsByAccount } from "../accounts/claims-by-account.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { AccountLoops, type ScanDependencies } from "./account-loops.ts";
import type { ScanObserver } from "./iam-scan.ts";
import type { ScanCoverageByAccount } from "./scan-coverage.ts";

/** What the scans are made of. */
export interface ScanSupervisorOptions extends ScanDependencies {
  readonly accounts: Accounts;
  readonly classes: ClassResolver;
  /** All objects, as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly coverage: ScanCoverageByAccount;
  readonly claims: ClaimsByAccount;
  /** For the scans of one account. */
  readonly observerOf: ((account: string) => ScanObserver) | undefined;
  /** For those of one account, too; without it nobody looks for orphans. */
  readonly orphans?: { of(account: string): OrphanScan; forget(account: string): void };
}

/** Objects and classes come in bursts. */
const FOLLOW_AFTER_MS = 1_000;

/**
 * Scans each account that objects are in or may come to, once, however many classes it has: by the oldest of them that leads there.
 * Accounts come and go with the objects and the classes.
 */
export class ScanSupervisor {
  readonly #options: ScanSupervisorOptions;
  readonly #running = new Map<string, AccountLoops>();
  readonly #ending = new Set<Promise<void>>();
  #phase: "waiting" | "working" | "stopped" = "waiting";
  #timer: Timer | undefined;

  constructor(options: ScanSupervisorOptions) {
    this.#options = options;
  }

  /** Begins. Does nothing after `stop`. */
  work(): void {
    if (this.#phase === "stopped") return;
    this.#phase = "working";
    this.#follow();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    this.#timer?.cancel();
    for (const account of this.#running.keys()) this.#end(account);
    await Promise.all(this.#ending);
  }

  /** The account that the object is in; undefined while it is not reached. */
  accountOf(raw: KubeObject): AwsAccount | undefined {
    const account = this.#options.classes.accountOf(raw);
    return account === undefined ? undefined : this.#running.get(account)?.account;
  }

  /** An object has come, gone or changed. */
  objectChanged(change: ObjectChange): void {
    const account = this.#options.classes.accountOf(change.type === "deleted" ? change.old : change.new);
    if (account !== undefined) this.#running.get(account)?.onChange(change);
    if (change.type !== "updated") this.#followSoon();
  }

  /** A class has come, gone or changed. */
  classesChanged(): void {
    this.#followSoon();
  }

  #followSoon(): void {
    if (this.#phase !== "working" || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.schedule(FOLLOW_AFTER_MS, () => {
      this.#timer = undefined;
      this.#follow();
    });
  }

  #follow(): void {
    const { classes, objects } = this.#options;
    // Also where no object is yet: the first need no look of their own then.
    const open = classes.classes.isEmpty ? [OWN_ACCOUNT] : classes.classes.accountIds;
    const wanted = new Set([...open, ...objects().map((raw) => classes.accountOf(raw))]);
    for (const [account, scan] of this.#running) {
      if (!wanted.has(account)) this.#end(account, () => this.#left(account, scan));
      else if (!scan.isUpToDate) this.#end(account);
    }
    for (const account of wanted) {
      if (account === undefined || this.#running.has(account)) continue;
      const scan = this.#open(account);
      this.#running.set(account, scan);
      scan.start();
    }
  }

  #open(account: string): AccountLoops {
    const { accounts, classes, objects, coverage, claims, observerOf, orphans, logger } = this.#options;
    const isOwn = account === OWN_ACCOUNT;
    const scanned = {
      accounts,
      isOwn,
      classes: () => classes.classes.ofAccount(account),
      objects: () => objects().filter((raw) => classes.accountOf(raw) === account),
      coverage: coverage.of(account),
      claims: claims.of(account).claims,
      observer: observerOf?.(account),
      orphans: orphans?.of(account),
    };
    return new AccountLoops(scanned, {
      ...this.#options,
      logger: isOwn ? logger : logger.with({ awsAccount: account }),
    });
  }

  #end(account: string, then: () => void = () => {}): void {
    const ending = this.#running.get(account)?.stop();
    this.#running.delete(account);
    if (ending === undefined) return;
    const ended = ending.then(then).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Unless somebody has come to the account meanwhile. */
  #left(account: string, scan: AccountLoops): void {
    if (this.#running.has(account)) return;
    scan.left();
    this.#options.orphans?.forget(account);
  }
}
