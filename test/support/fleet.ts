import { MutationCache } from "../../src/controller/reconcile/mutation-cache.ts";
import { Reconciler } from "../../src/controller/reconcile/reconciler.ts";
import { StatusWriter } from "../../src/controller/reconcile/status-writer.ts";
import { IamScan, type ScanResult } from "../../src/controller/scan/iam-scan.ts";
import { ProfileTagScan } from "../../src/controller/scan/profile-tag-scan.ts";
import type { ScanCoverage } from "../../src/controller/scan/scan-coverage.ts";
import { ScanCoverageByAccount } from "../../src/controller/scan/scan-coverage.ts";
import { priorityOf, queueRequeue, urgencyOf } from "../../src/controller/urgency.ts";
import { urgencyAtStart } from "../../src/controller/watch-predicates.ts";
import { type AwsAccount, openAwsAccount } from "../../src/engine/accounts/aws-account.ts";
import { ClaimIndex } from "../../src/engine/observe/instance-claims.ts";
import type { AccountReader, IamAccess, KubeObject } from "../../src/engine/ports.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { KeyedBackoff } from "../../src/runtime/queue/backoff.ts";
import { type TakenKey, WorkQueue } from "../../src/runtime/queue/work-queue.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import { crdDeletionOf } from "../fakes/fake-crd.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { NO_INSTANCES } from "../fakes/no-instances.ts";
import { ownStatusOf } from "../fakes/own-status-of.ts";
import { CLUSTER_ID } from "./builders.ts";
import { type Manifest, type ObjectView, readyOf } from "./cluster-user.ts";
import { FakeClock } from "./fake-clock.ts";
import { s3ReadOnly } from "./manifest.ts";
import { onlyAccount } from "./no-classes.ts";
import { RecordingLogger } from "./recording-logger.ts";
import { listScenarioClasses, scenarioAccountKey, scenarioClasses } from "./scenario-class.ts";

type Fields = Readonly<Record<string, unknown>>;
const { signal } = new AbortController();

/** Time that passes when a test says so, and never while something waits for its turn on the event loop. */
class FleetClock extends FakeClock implements Clock {
  override async sleep(): Promise<void> {}
}

/** What remembers: a controller process without its watch, its workers and its timers, which the test stands in for. */
class Process {
  readonly account: AwsAccount;
  readonly queue: WorkQueue;
  readonly coverage: ScanCoverage;
  readonly iamScan: IamScan;
  readonly profileTagScan: ProfileTagScan;
  readonly reconciler: Reconciler;

  constructor(fleet: Fleet, aws: FleetAws) {
    const { clock, kube, logger } = fleet;
    const monotonicMs = (): number => clock.monotonicMs();
    const intervals = DEFAULT_REQUEUE_INTERVALS;
    this.account = openAwsAccount({
      ...aws,
      instanceReader: NO_INSTANCES,
      propagationWindowMs: fleet.propagationWindowMs,
      monotonicMs,
    });
    this.queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) });
    const byAccount = new ScanCoverageByAccount(monotonicMs);
    this.coverage = byAccount.of(scenarioAccountKey());
    const mutationCache = new MutationCache(monotonicMs);
    const nowMs = (): number => clock.nowMs();
    this.reconciler = new Reconciler({
      objects: kube,
      monotonicMs,
      cache: { get: (key) => fleet.object(key.slice(key.indexOf("/") + 1)) as KubeObject | undefined },
      mutationCache,
      accounts: onlyAccount(this.account),
      classes: scenarioClasses(),
      listClasses: listScenarioClasses,
      nowMs,
      coverage: byAccount,
      claims: { of: () => ({ index: new ClaimIndex({ in: () => [] }) }) },
      ownStatus: ownStatusOf(monotonicMs),
      statusWriter: new StatusWriter({
        objects: kube,
        events: kube,
        mutationCache,
        intervals,
        nowMs,
        monotonicMs: () => clock.monotonicMs(),
        random: () => 0.5,
      }),
      clusterId: CLUSTER_ID,
      crdDeletion: crdDeletionOf(),
    });
    const { account, queue, coverage } = this;
    const objects = (): readonly KubeObject[] => fleet.objects();
    const shared = {
      classes: scenarioClasses(),
      account,
      queue,
      coverage,
      objects,
      clusterId: CLUSTER_ID,
      clock,
      logger,
    };
    this.profileTagScan = new ProfileTagScan(shared);
    const { reader } = aws;
    this.iamScan = new IamScan({ ...shared, reader, random: () => 0.5, intervalMs: 600_000, intervals });
  }
}

/** The ways to an account. */
export interface FleetAws {
  readonly change: IamAccess;
  readonly reader: AccountReader;
}

/** Many objects, an API server in memory, and one controller whose scans, queue and time are driven by hand. */
export class Fleet {
  readonly clock: FleetClock = new FleetClock();
  readonly kube: FakeKube = new FakeKube();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly propagationWindowMs: number;
  readonly #aws: FleetAws;
  readonly #names = new Set<string>();
  #process: Process;

  constructor(aws: FleetAws, propagationWindowMs = 120_000) {
    this.#aws = aws;
    this.propagationWindowMs = propagationWindowMs;
    this.#process = new Process(this, aws);
  }

  get account(): AwsAccount {
    return this.#process.account;
  }

  /** A process that remembers nothing, and has listed all objects. */
  restart(): void {
    this.#process = new Process(this, this.#aws);
    for (const name of this.#names) {
      const urgency = urgencyAtStart(this.kube.read({ namespace: "default", name }) ?? {});
      this.#process.queue.add(`default/${name}`, { priority: priorityOf(urgency) });
    }
  }

  /** As {@link restart}; its first scan is about to begin. */
  takeOver(): void {
    this.restart();
    this.#process.coverage.expectScan();
  }

  /** What `kubectl apply` and the watch do. */
  apply(name: string, spec: Fields = {}): void {
    this.#names.add(name);
    this.kube.apply({ ...s3ReadOnly({ namespace: "default", name }, spec) } as Manifest & Record<string, unknown>);
    this.#process.queue.add(`default/${name}`);
  }

  /** As when one of the watch's events wakes the object. */
  wake(name: string, priority = 0): void {
    this.#process.queue.add(`default/${name}`, { priority });
  }

  delete(name: string): void {
    this.kube.delete({ namespace: "default", name });
    this.wake(name);
  }

  annotate(name: string, annotations: Fields): void {
    this.kube.annotate({ namespace: "default", name }, annotations);
    this.wake(name);
  }

  object(name: string): ObjectView | undefined {
    return this.kube.read({ namespace: "default", name }) as unknown as ObjectView | undefined;
  }

  objects(): readonly KubeObject[] {
    return [...this.#names].map((name) => this.object(name) as KubeObject | undefined).filter((it) => it !== undefined);
  }

  ready(name: string): string | undefined {
    return readyOf(this.object(name));
  }

  /** `name reason`, of every Event so far. */
  get events(): readonly string[] {
    return this.kube.events.map(({ regarding, reason }) => `${regarding.name} ${reason}`);
  }

  scan(): Promise<ScanResult> {
    return this.#process.iamScan.scan(signal);
  }

  /** The next step of the round of instance profiles. */
  lookAtNextProfile(): Promise<void> {
    return this.#process.profileTagScan.scanNext(signal);
  }

  /** Does what is due, and lets time pass until so long after now. */
  async pass(ms = 0): Promise<void> {
    await this.drain();
    const endMs = this.clock.monotonicMs() + ms;
    while (this.clock.monotonicMs() < endMs) {
      await this.clock.advance(Math.min(1_000, endMs - this.clock.monotonicMs()));
      await this.drain();
    }
  }

  /** Works on everything that is ready. */
  async drain(): Promise<void> {
    const { queue } = this.#process;
    while (queue.depth > 0) await this.#work((await queue.get()) as TakenKey);
  }

  async #work({ key, priority }: TakenKey): Promise<void> {
    const { queue, reconciler } = this.#process;
    const run = { logger: this.logger, urgency: urgencyOf(priority) };
    const requeue = queueRequeue(await reconciler.reconcile(key, signal, run));
    if (requeue.kind === "backoff") queue.addRateLimited(key, { priority });
    else queue.forget(key);
    if (requeue.kind === "after") queue.addAfter(key, requeue.delayMs, { priority: requeue.priority ?? priority });
    queue.done(key);
  }
}
