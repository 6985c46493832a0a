import { sessionNameOf } from "../../../src/aws/assumed-role.ts";
import { type AwsConnection, connectAws } from "../../../src/aws/aws-connection.ts";
import { type AwsRates, CallLimiter, DEFAULT_AWS_RATES } from "../../../src/aws/call/call-limiter.ts";
import type { AwsClientOptions } from "../../../src/aws/client/client-config.ts";
import { DEFAULT_SETTINGS } from "../../../src/cli/controller/controller-process.ts";
import { assertEnforcing } from "../../../src/cli/controller/dry-run.ts";
import { type LedWork, runElected, workAlone } from "../../../src/cli/controller/run-elected.ts";
import { OWN_ACCOUNT } from "../../../src/controller/classes/class-binding.ts";
import {
  Controller,
  type ControllerDependencies,
  type ControllerSettings,
} from "../../../src/controller/controller.ts";
import type { ControllerShard } from "../../../src/controller/controller-settings.ts";
import { type Leadership, leaderOnly } from "../../../src/controller/leader-guard.ts";
import { shardGuard } from "../../../src/controller/shards/sharded-controller.ts";
import { AccountRegistry, type OpenAccount } from "../../../src/engine/accounts/account-registry.ts";
import { type AwsAccount, openAwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { OwnRequests } from "../../../src/engine/drift/own-requests.ts";
import type { AccountReader } from "../../../src/engine/ports.ts";
import { KubeCrdReader } from "../../../src/kube/crd-reader.ts";
import { EventRecorder } from "../../../src/kube/event-recorder.ts";
import type { Exchange } from "../../../src/kube/exchange.ts";
import { KubeListWatch } from "../../../src/kube/list-watch.ts";
import { KubeObjectClient } from "../../../src/kube/object-client.ts";
import { resendOnRetryAfter } from "../../../src/kube/resend.ts";
import type { SqsQueueUrl } from "../../../src/model/queue-url.ts";
import type { Clock } from "../../../src/runtime/clock.ts";
import { LeaderElector } from "../../../src/runtime/election/leader-election.ts";
import { OptionalKindListWatch } from "../../../src/runtime/watch/optional-kind.ts";
import { seededRandom } from "../../../src/sandbox/aws/random.ts";
import { DRIFT_EVENTS } from "../../../src/sandbox/aws/sqs/queues.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { isAwsWrite } from "../aws-write.ts";
import { CLUSTER_ID } from "../builders.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { Fate } from "../faults/fault-proxy.ts";
import { KubeView } from "../faults/kube-view.ts";
import { MachineClock } from "../machine-clock.ts";
import { NOTHING_TO_WATCH, onlyAccount } from "../no-classes.ts";
import { RecordingLogger } from "../recording-logger.ts";
import { scenarioClass } from "../scenario-class.ts";
import { ReplicaShards, type ReplicaWatches } from "./replica-shards.ts";
import { SimulatedEventQueue } from "./simulated-event-queue.ts";
import type { SimulatedLease } from "./simulated-lease.ts";
import type { SimulatedServers } from "./simulated-servers.ts";
import { SimulatedWire, type WireCall } from "./simulated-wire.ts";

const RESOURCE = {
  group: "iam.instanceprofile.dev",
  version: "v1beta1",
  plural: "instanceprofiles",
  kind: "InstanceProfile",
};
const CLASSES = { ...RESOURCE, plural: "instanceprofileclasses", kind: "InstanceProfileClass" };

/** How a replica is started. */
export interface ReplicaOptions {
  /** Works only while it holds the lease. */
  readonly isElected?: boolean;
  /** As `run --shards`: it works for the shards whose leases it holds. Default: 1. */
  readonly shards?: number;
  readonly concurrency?: number;
  readonly resyncMs?: number;
  readonly awsRates?: AwsRates;
  /** May read the account as a whole, and so need not look at each object by itself. */
  readonly isSweeping?: boolean;
  /** Watches the classes, assumes their roles, and scans their accounts. By default where the scenario has a class. */
  readonly hasClasses?: boolean;
  /** As `run --require-class`. */
  readonly requiresClass?: boolean;
  readonly allowsExternalRoles?: boolean;
  /** As `run --allow-adoption`. */
  readonly allowsAdoption?: boolean;
  readonly orphanPolicy?: ControllerSettings["orphanPolicy"];
  readonly crdDeletionPolicy?: ControllerSettings["crdDeletionPolicy"];
  /** Where instances are looked for before a profile goes; default: nowhere. */
  readonly guardRegions?: readonly string[];
  /** Everywhere that the account has enabled, as without --region. */
  readonly isEveryRegionGuarded?: boolean;
  /** As `run --report-classes`. */
  readonly reportsClasses?: boolean;
  /** As `run --dry-run`. */
  readonly isDryRun?: boolean;
  /** Sees this namespace only. */
  readonly namespaces?: readonly string[];
  /** Sees objects with these labels only. */
  readonly labelSelector?: string;
  /** As `run --event-queue-url`: the queue of the sandbox's events. */
  readonly hasEvents?: boolean;
}

/**
 * One process of the controller with all of the product's parts but the sockets, on a machine and on wires of its own. As long
 * as it is alone it needs no election.
 */
export class Replica {
  readonly name: string;
  readonly machine: MachineClock;
  readonly wire: SimulatedWire;
  /** What it is shown of the objects. */
  readonly view: KubeView;
  readonly logger: RecordingLogger = new RecordingLogger();
  /** The fate of a call, before the view is asked. */
  disturb: (call: WireCall) => Fate | undefined = () => undefined;
  /** How many reconciles have begun. */
  reconciles = 0;
  /** Orphans after the last scan, by account. */
  readonly orphans = new Map<string, number>();
  orphansDeleted = 0;
  readonly eventQueue: SimulatedEventQueue;
  /** The queues of classes, by the role that opened them, or `own`, and by their names. */
  readonly classQueues = new Map<string, SimulatedEventQueue>();
  /** The queues that it polls, as its metrics show. */
  readonly polled = new Set<string>();
  /** How many messages of the queue became what. */
  readonly messages: Record<string, number> = {};
  readonly #ownRequests = new OwnRequests();
  /** How often the AWS clients were about to send a write of a dry run, and refused. */
  refusedWrites = 0;
  /** What it ended with when it lost the lease. */
  lost: Error | undefined;
  readonly #controller: Controller | undefined;
  readonly #shards: ReplicaShards | undefined;
  readonly #elector: LeaderElector | undefined;
  readonly #isDryRun: boolean;
  readonly #servers: SimulatedServers;
  #led: LedWork | undefined;

  constructor(name: string, world: FakeClock, servers: SimulatedServers, options: ReplicaOptions) {
    this.name = name;
    this.#servers = servers;
    this.machine = new MachineClock(world);
    this.wire = new SimulatedWire(world, this.machine, servers);
    const api = servers.kubeApi();
    this.eventQueue = new SimulatedEventQueue(() => servers.aws.cloud.queues.create(DRIFT_EVENTS), this.machine);
    this.view = new KubeView(this.wire, async (path) => (await api.expectOk({ method: "GET", path })) as never);
    this.wire.judge = (call) => this.disturb(call) ?? (call.server === "kube" ? this.view.judge(call) : undefined);
    this.#elector = options.isElected ? this.#candidate(servers.lease) : undefined;
    this.#isDryRun = options.isDryRun ?? false;
    const { shards = 1 } = options;
    if (shards === 1) this.#controller = this.#make(options, this.#elector);
    else {
      const open = (shard: ControllerShard, leadership: Leadership): Controller =>
        this.#make(options, leadership, shard);
      this.#shards = new ReplicaShards(this, servers, shards, this.#watches(options), open);
    }
  }

  /** Lists, watches, and works as soon as it may. Time has to pass for that. */
  start(): void {
    // One that cannot start, or dies before it has, does nothing.
    const controller = this.#controller ?? this.#shards;
    void controller?.start(new AbortController().signal).then(
      () => this.#work(),
      () => {},
    );
  }

  /** Nothing of it ever runs again, as after SIGKILL; what it has sent arrives. */
  kill(): void {
    this.machine.block(Number.POSITIVE_INFINITY);
  }

  /** What SIGTERM does. Time has to pass for it. */
  async stop(): Promise<void> {
    await this.#led?.stop(30_000);
  }

  get mayWrite(): boolean {
    return this.#shards?.mayWrite() ?? this.#elector?.mayWrite() ?? true;
  }

  /** The shards that it holds. */
  get held(): readonly number[] {
    return this.#shards?.held ?? [];
  }

  #work(): void {
    const led = this.#run();
    this.#led = led;
    void led.lost.then((error) => {
      this.lost = error;
      // The process ends, as the run command does.
      this.kill();
    });
  }

  #run(): LedWork {
    if (this.#controller === undefined) return (this.#shards as ReplicaShards).run();
    return this.#elector === undefined ? workAlone(this.#controller) : runElected(this.#controller, this.#elector);
  }

  #candidate(lease: SimulatedLease): LeaderElector {
    return new LeaderElector({
      lock: lease.lockOver(this.wire),
      identity: this.name,
      clock: this.machine,
      random: () => 0.5,
      logger: this.logger,
    });
  }

  get #exchange(): Exchange {
    const { machine: clock } = this;
    return resendOnRetryAfter(this.wire.exchange, { clock, mayResendWrites: () => this.mayWrite });
  }

  #watches({ namespaces, labelSelector }: ReplicaOptions): ReplicaWatches {
    const exchange = this.#exchange;
    const selected = { ...(labelSelector !== undefined && { labelSelector }) };
    const scopes = namespaces === undefined ? [{}] : namespaces.map((namespace) => ({ namespace }));
    return {
      objects: scopes.map((scope) => new KubeListWatch({ exchange, resource: RESOURCE, ...selected, ...scope })),
      classes: new OptionalKindListWatch(new KubeListWatch({ exchange, resource: CLASSES }), this.machine),
    };
  }

  #make(options: ReplicaOptions, leadership: Leadership | undefined, shard?: ControllerShard): Controller {
    const { concurrency = 1, resyncMs = DEFAULT_REQUEUE_INTERVALS.resyncMs, awsRates = DEFAULT_AWS_RATES } = options;
    const { requiresClass = false, allowsAdoption = false, allowsExternalRoles = false } = options;
    const { orphanPolicy = DEFAULT_SETTINGS.orphanPolicy, namespaces, labelSelector } = options;
    const { crdDeletionPolicy = DEFAULT_SETTINGS.crdDeletionPolicy } = options;
    const selected = { ...(labelSelector !== undefined && { labelSelector }) };
    const { machine: clock, logger } = this;
    const exchange = this.#exchange;
    const assertMayWrite =
      shard === undefined || leadership === undefined
        ? () => leadership?.assertLeading()
        : shardGuard(shard, leadership);
    const reporter = { controller: "iam.instanceprofile.dev/controller", instance: this.name };
    const ports = {
      objects: new KubeObjectClient({ exchange, resource: RESOURCE, fieldManager: "instance-profile-controller" }),
      events: new EventRecorder({ exchange, clock, logger, reporter }),
    };
    const random = seededRandom(1);
    const hasClasses = options.hasClasses ?? scenarioClass() !== undefined;
    let runs = 0;
    return new Controller({
      listWatches: this.#watches(options).objects,
      ...(shard !== undefined && { shard }),
      scope: { ...selected, ...(namespaces !== undefined && { namespaces }) },
      accounts: hasClasses
        ? this.#accounts(options, awsRates, assertMayWrite)
        : this.#onlyAccount(options, awsRates, assertMayWrite),
      classes: hasClasses ? this.#classes(options, leadership) : { listWatch: NOTHING_TO_WATCH, client: ports.objects },
      crd: new KubeCrdReader(exchange, RESOURCE),
      driftEvents: { queues: options.hasEvents ? [this.eventQueue] : [], ownRequests: this.#ownRequests },
      ...(leadership === undefined ? ports : leaderOnly(ports, leadership)),
      clusterId: CLUSTER_ID,
      clock,
      random: () => random.next(),
      newReconcileId: () => `${this.name}-${++runs}`,
      logger,
      settings: {
        ...{ ...DEFAULT_SETTINGS, concurrency, requiresClass, orphanPolicy, crdDeletionPolicy, allowsAdoption },
        allowsExternalRoles,
        reportsClasses: options.reportsClasses,
        isDryRun: this.#isDryRun,
        intervals: { ...DEFAULT_REQUEUE_INTERVALS, resyncMs },
      },
      observers: {
        orphans: (account) => ({
          counted: (orphans) => void this.orphans.set(account, orphans),
          left: () => this.orphans.delete(account),
          deleted: () => {
            this.orphansDeleted += 1;
          },
        }),
        eventQueues: {
          joined: (queue) => this.polled.add(queue),
          left: (queue) => this.polled.delete(queue),
          handled: (_, result) => {
            this.messages[result] = (this.messages[result] ?? 0) + 1;
          },
          reachable: () => {},
        },
        workers: {
          runStarted: () => {
            this.reconciles += 1;
          },
        },
      },
    });
  }

  #assertEnforcing(): void {
    try {
      assertEnforcing(this.#isDryRun);
    } catch (error) {
      this.refusedWrites += 1;
      throw error;
    }
  }

  #connect(
    rates: AwsRates,
    assertMayWrite: () => void,
    more: Pick<AwsClientOptions, "limiter" | "credentials"> = {},
  ): AwsConnection {
    return connectAws({
      clock: this.machine,
      version: "test",
      region: "us-east-1",
      endpoint: "http://aws",
      credentials: { accessKeyId: this.name, secretAccessKey: "test" },
      requestHandler: this.wire.awsHandler,
      limiter: new CallLimiter(this.machine, rates),
      assertMayWrite: () => {
        assertMayWrite();
        this.#assertEnforcing();
      },
      onReply: (reply) => {
        if (reply.isSuccess && isAwsWrite(reply.operation)) this.#ownRequests.add(reply.requestId);
      },
      ...more,
    });
  }

  #onlyAccount(options: ReplicaOptions, rates: AwsRates, assertMayWrite: (key: string) => void): AccountRegistry {
    const aws = this.#connect(rates, () => assertMayWrite(OWN_ACCOUNT));
    return onlyAccount(openAccount(aws, this.machine, options.isSweeping ? aws.accountReader : undefined, options));
  }

  /** As the composition root has it: a limiter for each account. */
  #accounts(
    { isSweeping, hasClasses }: ReplicaOptions,
    rates: AwsRates,
    assertMayWrite: (key: string) => void,
  ): AccountRegistry {
    const { machine: clock } = this;
    const own = this.#connect(rates, () => assertMayWrite(OWN_ACCOUNT));
    const limiters = new Map<string, CallLimiter>();
    const connect = (id: string, more: Pick<AwsClientOptions, "limiter" | "credentials">): AwsConnection =>
      this.#connect(rates, () => assertMayWrite(id), more);
    const opened = (aws: AwsConnection, role = "own"): OpenAccount => {
      const account = openAccount(aws, clock, (isSweeping ?? hasClasses) ? aws.accountReader : undefined);
      const eventQueue = (url: SqsQueueUrl): SimulatedEventQueue => this.#classQueue(role, url);
      return { account: { ...account, eventQueue }, identity: aws.accountIdentity };
    };
    return new AccountRegistry({
      own: opened(own),
      open({ id, roleArn, externalId }, className) {
        const limiter = limiters.get(id) ?? new CallLimiter(clock, rates);
        limiters.set(id, limiter);
        const role = {
          roleArn,
          sessionName: sessionNameOf(className),
          ...(externalId !== undefined && { externalId }),
        };
        return opened(connect(id, { limiter, credentials: own.assume(role) }), roleArn);
      },
      monotonicMs: () => clock.monotonicMs(),
    });
  }

  #classQueue(role: string, { name }: SqsQueueUrl): SimulatedEventQueue {
    const key = `${role} ${name}`;
    const known = this.classQueues.get(key);
    const queue =
      known ?? new SimulatedEventQueue(() => this.#servers.aws.cloud.queues.create(name), this.machine, name);
    this.classQueues.set(key, queue);
    return queue;
  }

  #classes(options: ReplicaOptions, leadership: Leadership | undefined): ControllerDependencies["classes"] {
    const exchange = this.#exchange;
    const client = new KubeObjectClient({ exchange, resource: CLASSES, fieldManager: "instance-profile-controller" });
    const silent = { emit: () => {} };
    return {
      listWatch: this.#watches(options).classes,
      client: leadership === undefined ? client : leaderOnly({ objects: client, events: silent }, leadership).objects,
    };
  }
}

function openAccount(
  aws: AwsConnection,
  clock: Clock,
  reader?: AccountReader,
  { guardRegions = [], isEveryRegionGuarded = false }: ReplicaOptions = {},
): AwsAccount {
  return openAwsAccount({
    change: { reader: aws.iamReader, writer: aws.iamWriter },
    iam: aws.iam,
    ...(reader !== undefined && { reader }),
    instanceReader: aws.instanceReader,
    guardRegions: async () => guardRegions,
    isEveryRegionGuarded,
    propagationWindowMs: DEFAULT_SETTINGS.propagationWindowMs,
    monotonicMs: () => clock.monotonicMs(),
  });
}
