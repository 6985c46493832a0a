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
import type { ClassResolver } from "../classes/class-resolver.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import { IamScan, type ScanObserver } from "./iam-scan.ts";
import { InstanceScan } from "./instance-scan.ts";
import { ProfileTagScan } from "./profile-tag-scan.ts";
import type { ScanCoverage } from "./scan-coverage.ts";

/** What all scans of a process share. */
export interface ScanDependencies {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly queue: WorkQueue;
  /** Has an object looked at that has changed in EC2: no scan of IAM sees that, so the look may not be spared. */
  readonly wake: (key: string) => void;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly settings: { readonly scanIntervalMs: number; readonly intervals: RequeueIntervals };
}

/** What is scanned. */
export interface ScanTarget {
  /** Its classes as they are now, in the order in which they are tried. */
  readonly classes: () => readonly InstanceProfileClass[];
  /** It is the controller's own. */
  readonly isOwn: boolean;
  readonly accounts: Accounts;
  /** The objects that are in it, as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly coverage: ScanCoverage;
  readonly claims: CachedClaims;
  readonly observer: ScanObserver | undefined;
  readonly orphans: OrphanScan | undefined;
}

/** An account that could not be reached is tried again after so long; its objects have told their users by then. */
const RETRY_MS = 30_000;

/** The looks at one account as a whole: at its roles and profiles, at the tags of its profiles, and at its instances. */
export class AccountLoops {
  readonly #deps: ScanDependencies;
  readonly #target: ScanTarget;
  readonly #abort = new AbortController();
  /** The class that it was reached by. */
  #reachedByClass: InstanceProfileClass | undefined;
  #beginning: Promise<void> | undefined;
  #iamScan: IamScan | undefined;
  #profileTagScan: ProfileTagScan | undefined;
  #instances: InstanceScan | undefined;
  #account: AwsAccount | undefined;

  constructor(scanned: ScanTarget, around: ScanDependencies) {
    this.#target = scanned;
    this.#deps = around;
  }

  /** Begins as soon as the account can be reached; a pass that nobody waits for waits for the first scan. Once only. */
  start(): void {
    this.#target.coverage.expectScan();
    this.#beginning ??= this.#begin(this.#abort.signal);
  }

  /** Resolves when what was under way has been given up. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The account is no longer scanned"));
    this.#target.coverage.scanEnded(0);
    this.#instances?.stop();
    await Promise.all([this.#beginning, this.#iamScan?.stop(), this.#profileTagScan?.stop()]);
  }

  /** The account is scanned no longer, and this has stopped: nothing that was last seen of it may go on being shown. */
  left(): void {
    this.#target.observer?.left();
    this.#account?.quotas.forget();
  }

  /** False when the class that it was reached by is gone, or leads there in another way. */
  get isUpToDate(): boolean {
    const by = this.#reachedByClass;
    return by === undefined || this.#target.classes().some((one) => isSameWay(one, by));
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
        this.#scan(account);
        return;
      }
      this.#target.coverage.scanEnded(0);
      await this.#deps.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  /** By the first class that leads there. The objects and the class tell why others do not. */
  async #reached(signal: AbortSignal): Promise<AwsAccount | undefined> {
    const { accounts, classes, isOwn } = this.#target;
    if (isOwn) return accounts.own;
    for (const of of classes()) {
      try {
        const account = await accounts.open(of, signal);
        this.#reachedByClass = of;
        return account;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof ControllerError)) throw error;
      }
    }
    return undefined;
  }

  #scan(account: AwsAccount): void {
    const { objects, coverage, claims, observer, orphans } = this.#target;
    this.#account = account;
    const { settings, wake, clock, logger } = this.#deps;
    const shared = { ...this.#deps, account, objects, coverage };
    const { reader } = account;
    if (reader === undefined) coverage.scanEnded(0);
    else {
      const { scanIntervalMs: intervalMs, intervals } = settings;
      this.#iamScan = new IamScan({ ...shared, reader, intervalMs, intervals, observer, orphans });
      this.#iamScan.start();
    }
    this.#profileTagScan = new ProfileTagScan(shared);
    this.#profileTagScan.start();
    const { snapshots, intervalMs } = account.instances;
    this.#instances = new InstanceScan({ snapshots, claims, clock, intervalMs, wake, logger });
    this.#instances.start();
  }
}

function isSameWay(one: InstanceProfileClass, other: InstanceProfileClass): boolean {
  const way = ({ metadata, spec }: InstanceProfileClass): string => JSON.stringify([metadata.name, spec.account]);
  return way(one) === way(other);
}
