import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { Timer } from "../../runtime/clock.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { ClaimsByAccount } from "../accounts/instance-claims.ts";
import { OWN_ACCOUNT } from "../classes/class-binding.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { AccountLoops, type ScanDependencies } from "./account-loops.ts";
import type { ScanObserver } from "./iam-scan.ts";
import type { ScanCoverageByAccount } from "./scan-coverage.ts";

/** The dependencies of {@link ScanSupervisor}. */
export interface ScanSupervisorOptions extends ScanDependencies {
  readonly accounts: Accounts;
  readonly classes: ClassResolver;
  /** All objects in the cache. */
  readonly objects: () => readonly KubeObject[];
  readonly coverage: ScanCoverageByAccount;
  readonly claims: ClaimsByAccount;
  /** By account key. */
  readonly observerOf: ((account: string) => ScanObserver) | undefined;
  /** Only a part of the cluster's objects is watched, so that accounts without any of them are not scanned. */
  readonly isScoped?: boolean;
  /** Selects the accounts to scan, by account key; unset: all. */
  readonly hasAccount?: ((accountKey: string) => boolean) | undefined;
  /** By account key; unset: scans do not find orphans. */
  readonly orphans?: { of(account: string): OrphanScan; forget(account: string): void };
}

/** The delay before the set of accounts is updated, because objects and classes change in bursts. */
const UPDATE_AFTER_MS = 1_000;

/**
 * Runs one set of scan loops for each account that has objects or classes, by the oldest class that can open it. Starts
 * and stops them when objects and classes change.
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

  /** Starts the scans. Does nothing after `stop`. */
  work(): void {
    if (this.#phase === "stopped") return;
    this.#phase = "working";
    this.#updateAccounts();
  }

  /** Stops all scans; resolves when none is running. */
  async stop(): Promise<void> {
    this.#phase = "stopped";
    this.#timer?.cancel();
    for (const [account, scan] of this.#running) this.#end(account, () => this.#left(account, scan));
    await Promise.all(this.#ending);
  }

  /** The account that the object is in; undefined until it was opened. */
  accountOf(raw: KubeObject): AwsAccount | undefined {
    const account = this.#options.classes.accountOf(raw);
    return account === undefined ? undefined : this.#running.get(account)?.account;
  }

  /** See {@link AccountLoops.instancesChanged}; of the account of the event. */
  instancesChanged(event: Pick<ChangeEvent, "accountId" | "region" | "instanceIds">): boolean {
    const isOwn = event.accountId === this.#options.accounts.ownId;
    const loops = [this.#running.get(event.accountId), isOwn ? this.#running.get(OWN_ACCOUNT) : undefined];
    return loops.filter((one) => one?.instancesChanged(event)).length > 0;
  }

  /** Handles an added, changed or deleted object. */
  objectChanged(change: ObjectChange): void {
    const account = this.#options.classes.accountOf(change.type === "deleted" ? change.old : change.new);
    if (account !== undefined) this.#running.get(account)?.onChange(change);
    if (change.type !== "updated") this.#scheduleUpdate();
  }

  /** Handles an added, changed or deleted class. */
  classesChanged(): void {
    this.#scheduleUpdate();
  }

  #scheduleUpdate(): void {
    if (this.#phase !== "working" || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.schedule(UPDATE_AFTER_MS, () => {
      this.#timer = undefined;
      this.#updateAccounts();
    });
  }

  #updateAccounts(): void {
    const { classes, objects, hasAccount = () => true, isScoped = false } = this.#options;
    // Also accounts without objects, so that the first objects can start from a scan.
    const ofClasses = isScoped ? [] : classes.classes.accountIds;
    const known = new Set([
      ...(classes.classes.isEmpty ? [OWN_ACCOUNT] : ofClasses),
      ...objects().map((raw) => classes.accountOf(raw)),
    ]);
    const wanted = new Set([...known].filter((account) => account !== undefined && hasAccount(account)));
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

  /** Clears the state of an account, unless its scans were started again meanwhile. */
  #left(account: string, scan: AccountLoops): void {
    if (this.#running.has(account)) return;
    scan.left();
    this.#options.orphans?.forget(account);
  }
}
