import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Logger } from "../../telemetry.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { CachedClaims } from "../accounts/cached-claims.ts";
import type { ClassDirectory } from "../classes/class-resolver.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { Sweeper, type SweepObserver } from "./iam-scan.ts";
import { InstanceSweep } from "./instance-scan.ts";
import { ProfileRounds } from "./profile-tag-scan.ts";
import type { ScanCoverage } from "./scan-coverage.ts";

/** What all sweeps of a process share. */
export interface SweepSurroundings {
  readonly classes: Pick<ClassDirectory, "standingOf">;
  readonly queue: WorkQueue;
  /** Has an object looked at that has changed in EC2: no sweep of IAM sees that, so the look may not be spared. */
  readonly wake: (key: string) => void;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly settings: { readonly sweepIntervalMs: number; readonly intervals: RequeueIntervals };
}

/** What is swept. */
export interface SweptAccount {
  /** Its classes as they are now, in the order in which they are tried. */
  readonly classes: () => readonly InstanceProfileClass[];
  /** It is the controller's own. */
  readonly isOwn: boolean;
  readonly accounts: Accounts;
  /** The objects that are in it, as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly coverage: ScanCoverage;
  readonly claims: CachedClaims;
  readonly observer: SweepObserver | undefined;
  readonly orphans: OrphanScan | undefined;
}

/** An account that could not be reached is tried again after so long; its objects have told their users by then. */
const RETRY_MS = 30_000;

/** The looks at one account as a whole: at its roles and profiles, at the tags of its profiles, and at its instances. */
export class AccountSweep {
  readonly #around: SweepSurroundings;
  readonly #swept: SweptAccount;
  readonly #abort = new AbortController();
  /** The class that it was reached by. */
  #by: InstanceProfileClass | undefined;
  #beginning: Promise<void> | undefined;
  #sweeper: Sweeper | undefined;
  #profileRounds: ProfileRounds | undefined;
  #instances: InstanceSweep | undefined;
  #account: AwsAccount | undefined;

  constructor(swept: SweptAccount, around: SweepSurroundings) {
    this.#swept = swept;
    this.#around = around;
  }

  /** Begins as soon as the account can be reached; a pass that nobody waits for waits for the first sweep. Once only. */
  start(): void {
    this.#swept.coverage.expectScan();
    this.#beginning ??= this.#begin(this.#abort.signal);
  }

  /** Resolves when what was under way has been given up. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The account is no longer swept"));
    this.#swept.coverage.scanEnded(0);
    this.#instances?.stop();
    await Promise.all([this.#beginning, this.#sweeper?.stop(), this.#profileRounds?.stop()]);
  }

  /** The account is scanned no longer, and this has stopped: nothing that was last seen of it may go on being shown. */
  left(): void {
    this.#swept.observer?.left();
    this.#account?.quotas.forget();
  }

  /** False when the class that it was reached by is gone, or leads there in another way. */
  get isUpToDate(): boolean {
    const by = this.#by;
    return by === undefined || this.#swept.classes().some((one) => isSameWay(one, by));
  }

  /** Undefined until it was reached. */
  get account(): AwsAccount | undefined {
    return this.#account;
  }

  /** An object of the account has changed. */
  onChange(change: ObjectChange): void {
    this.#instances?.onChange(change);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const account = await this.#reached(signal);
      if (signal.aborted) return;
      if (account !== undefined) {
        this.#sweep(account);
        return;
      }
      this.#swept.coverage.scanEnded(0);
      await this.#around.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  /** By the first class that leads there. The objects and the class tell why others do not. */
  async #reached(signal: AbortSignal): Promise<AwsAccount | undefined> {
    const { accounts, classes, isOwn } = this.#swept;
    if (isOwn) return accounts.own;
    for (const of of classes()) {
      try {
        const account = await accounts.reach(of, signal);
        this.#by = of;
        return account;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof ControllerError)) throw error;
      }
    }
    return undefined;
  }

  #sweep(account: AwsAccount): void {
    const { objects, coverage, claims, observer, orphans } = this.#swept;
    this.#account = account;
    const { settings, wake, clock, logger } = this.#around;
    const shared = { ...this.#around, account, objects, coverage };
    const { reader } = account;
    if (reader === undefined) coverage.scanEnded(0);
    else {
      const { sweepIntervalMs: intervalMs, intervals } = settings;
      this.#sweeper = new Sweeper({ ...shared, reader, intervalMs, intervals, observer, orphans });
      this.#sweeper.start();
    }
    this.#profileRounds = new ProfileRounds(shared);
    this.#profileRounds.start();
    const { snapshots, intervalMs } = account.instances;
    this.#instances = new InstanceSweep({ snapshots, claims, clock, intervalMs, wake, logger });
    this.#instances.start();
  }
}

function isSameWay(one: InstanceProfileClass, other: InstanceProfileClass): boolean {
  const way = ({ metadata, spec }: InstanceProfileClass): string => JSON.stringify([metadata.name, spec.account]);
  return way(one) === way(other);
}
