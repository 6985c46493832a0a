import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import type { AwsAccount } from "../../engine/accounts/aws-account.ts";
import type { ChangeEvent } from "../../engine/drift/change-event.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { WorkQueue } from "../../runtime/queue/work-queue.ts";
import type { ObjectChange } from "../../runtime/watch/store.ts";
import type { RequeueIntervals } from "../../status/requeue.ts";
import type { Logger } from "../../telemetry.ts";
import type { Accounts } from "../accounts/account-access.ts";
import type { CachedClaims } from "../accounts/instance-claims.ts";
import type { ClassResolver } from "../classes/class-resolver.ts";
import type { OrphanScan } from "../orphans/orphan-scan.ts";
import type { Urgency } from "../urgency.ts";
import { IamScan, type ScanObserver } from "./iam-scan.ts";
import { InstanceScan } from "./instance-scan.ts";
import { ProfileTagScan } from "./profile-tag-scan.ts";
import type { ScanCoverage } from "./scan-coverage.ts";

/** The dependencies that all scans of a process share. */
export interface ScanDependencies {
  readonly classes: Pick<ClassResolver, "bindingOf">;
  readonly queue: WorkQueue;
  /**
   * Enqueues an object whose instances have changed in EC2. Its reconcile must not be skipped, because no scan of IAM
   * covers that.
   */
  readonly enqueue: (key: string, urgency?: Urgency) => void;
  readonly clusterId: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly settings: { readonly scanIntervalMs: number; readonly intervals: RequeueIntervals };
  /** Events report changes in AWS, so what was observed is kept to verify them with few reads. Default: false. */
  readonly isDriftReported?: boolean;
}

/** The account to scan. */
export interface ScanTarget {
  /** Its classes, in the order in which they are tried. */
  readonly classes: () => readonly InstanceProfileClass[];
  /** True for the account of the controller's own credentials. */
  readonly isOwn: boolean;
  readonly accounts: Accounts;
  /** The objects of the account in the cache. */
  readonly objects: () => readonly KubeObject[];
  readonly coverage: ScanCoverage;
  readonly claims: CachedClaims;
  readonly observer: ScanObserver | undefined;
  readonly orphans: OrphanScan | undefined;
}

/** The delay before opening an account is retried. Its objects report the failure. */
const RETRY_MS = 30_000;

/** The source of the events that can concern every account. The own account can also be that of a class: each has its own loops. */
const OPERATOR_QUEUES = { own: "the operator's queues", ofClasses: "the operator's queues, for classes" };

/** The scan loops of one account: of its roles and profiles, of the tags of its profiles, and of its instances. */
export class AccountLoops {
  readonly #deps: ScanDependencies;
  readonly #target: ScanTarget;
  readonly #abort = new AbortController();
  /** The class whose credentials opened the account. */
  #openedByClass: InstanceProfileClass | undefined;
  #starting: Promise<void> | undefined;
  #iamScan: IamScan | undefined;
  #profileTagScan: ProfileTagScan | undefined;
  #instanceScan: InstanceScan | undefined;
  #account: AwsAccount | undefined;

  constructor(target: ScanTarget, deps: ScanDependencies) {
    this.#target = target;
    this.#deps = deps;
  }

  /**
   * Starts the loops as soon as the account is accessible. Resyncs wait for the first scan. Further calls do nothing.
   */
  start(): void {
    this.#target.coverage.expectScan();
    this.#starting ??= this.#openAndScan(this.#abort.signal);
  }

  /** Stops the loops; resolves when none is running. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error("The account is no longer scanned"));
    this.#target.coverage.scanEnded(0);
    this.#instanceScan?.stop();
    await Promise.all([this.#starting, this.#iamScan?.stop(), this.#profileTagScan?.stop()]);
  }

  /** Clears the metrics, the quotas and what events are verified with, of an account that is no longer scanned. Call it after `stop`. */
  left(): void {
    this.#target.observer?.left();
    this.#account?.quotas.forget();
    this.#account?.drift.endFor(this.#eventSource);
  }

  /** False when the class that opened the account was deleted, or has another account access. */
  get isUpToDate(): boolean {
    const by = this.#openedByClass;
    return by === undefined || this.#target.classes().some((one) => hasSameAccess(one, by));
  }

  /** Undefined until the account was opened. */
  get account(): AwsAccount | undefined {
    return this.#account;
  }

  /** Reads the instances of a region again if a change concerns one that an object selects. True when it does. */
  instancesChanged(event: Pick<ChangeEvent, "region" | "instanceIds">): boolean {
    return this.#instanceScan?.reported(event) ?? false;
  }

  /** Handles a change of an object of the account. */
  onChange(change: ObjectChange): void {
    this.#instanceScan?.onChange(change);
  }

  get #eventSource(): string {
    return this.#target.isOwn ? OPERATOR_QUEUES.own : OPERATOR_QUEUES.ofClasses;
  }

  async #openAndScan(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const account = await this.#openAccount(signal);
      if (signal.aborted) return;
      if (account !== undefined) {
        this.#scan(account);
        return;
      }
      this.#target.coverage.scanEnded(0);
      await this.#deps.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  /**
   * Opens the account by the first class that succeeds. The other classes and their objects report their failures
   * themselves.
   */
  async #openAccount(signal: AbortSignal): Promise<AwsAccount | undefined> {
    const { accounts, classes, isOwn } = this.#target;
    if (isOwn) return accounts.own;
    for (const of of classes()) {
      try {
        const account = await accounts.open(of, signal);
        this.#openedByClass = of;
        return account;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof ControllerError)) throw error;
      }
    }
    return undefined;
  }

  /** Keeps what events are verified with, and learns the id of the controller's own account, by which events name it. */
  #expectEvents(account: AwsAccount): void {
    account.drift.keepFor(this.#eventSource);
    const { isOwn, accounts } = this.#target;
    // Until the id is known, events about the instances of this account match nothing: instance scans find those changes.
    if (isOwn) accounts.learnOwnId(this.#abort.signal).catch(() => {});
  }

  #scan(account: AwsAccount): void {
    const { objects, coverage, claims, observer, orphans } = this.#target;
    this.#account = account;
    if (this.#deps.isDriftReported === true) this.#expectEvents(account);
    const { settings, enqueue, clock, logger } = this.#deps;
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
    const instancesChanged = (key: string, isReported: boolean): void => {
      // What the association of an instance depends on in IAM.
      if (isReported) account.drift.touch(key, new Set(["instance profile"]));
      enqueue(key, isReported ? "drift" : "change");
    };
    this.#instanceScan = new InstanceScan({ snapshots, claims, clock, intervalMs, logger, enqueue: instancesChanged });
    this.#instanceScan.start();
  }
}

function hasSameAccess(one: InstanceProfileClass, other: InstanceProfileClass): boolean {
  const accessOf = ({ metadata, spec: { account } }: InstanceProfileClass): string =>
    JSON.stringify([metadata.name, account.id, account.roleArn, account.externalId]);
  return accessOf(one) === accessOf(other);
}
