import type { InstanceProfile, InstanceProfileStatus } from "../../src/api/instance-profile.ts";
import { connectAws } from "../../src/aws/aws-connection.ts";
import { OwnWrites } from "../../src/controller/own-writes.ts";
import { Publisher } from "../../src/controller/publisher.ts";
import { Reconciler } from "../../src/controller/reconciler.ts";
import type { IamReader, IamWriter, KubeObject, ObjectClient, ObjectKey } from "../../src/engine/ports.ts";
import { DEFAULT_SETTLE_WINDOW_MS, Settling } from "../../src/engine/settling.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Requeue } from "../../src/runtime/workers.ts";
import { type AwsSandbox, type AwsSandboxOptions, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { DEFAULT_PATIENCE } from "../../src/status/requeue.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { CLUSTER_ID } from "./builders.ts";
import { Interceptor } from "./intercept.ts";

const KEY: ObjectKey = { namespace: "default", name: "s3-read-only" };
const START_MS = Date.parse("2026-01-01T00:00:00Z");
/** The queue's backoff, without jitter. */
const backoffMs = (failures: number): number => Math.min(1_000 * 2 ** (failures - 1), 300_000);
/** No scenario needs more rounds than this; one that does is a loop. */
const MAX_ROUNDS = 60;

/** An object as a test looks at it. */
export type ObjectView = Pick<InstanceProfile, "apiVersion" | "kind" | "metadata"> & {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: InstanceProfileStatus;
};

/** The story's manifest; every scenario starts from it. */
export function manifest(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { ...KEY, ...metadata },
    spec: {
      roleName: "s3-read-only",
      statements: [{ sid: "Read", effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }],
      ...spec,
    },
  };
}

/**
 * The real reconciler and the real AWS adapter, against the sandbox's AWS over HTTP and an API server in memory. Time is
 * virtual: it passes only as reconciles ask to be called again.
 */
export class World {
  kube: FakeKube = new FakeKube();
  nowMs: number = START_MS;
  readonly aws: AwsSandbox;
  readonly #connection: ReturnType<typeof connectAws>;

  private constructor(aws: AwsSandbox) {
    this.aws = aws;
    this.#connection = connectAws({
      clock: systemClock,
      version: "test",
      region: "us-east-1",
      endpoint: aws.url,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
  }

  static async open(options: AwsSandboxOptions = {}): Promise<World> {
    const clock: { world?: World } = {};
    const aws = await startAwsSandbox({ now: () => clock.world?.nowMs ?? START_MS, ...options });
    clock.world = new World(aws);
    return clock.world;
  }

  /** As if newly opened. Ids go on counting. */
  reset(): void {
    this.kube = new FakeKube();
    this.aws.reset();
    this.nowMs = START_MS;
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.aws.close();
  }

  /** A controller that has just started: it remembers nothing. */
  controller(interceptor: Interceptor = new Interceptor()): Incarnation {
    return new Incarnation(this, interceptor, {
      reader: interceptor.wrap("aws", this.#connection.iamReader),
      writer: interceptor.wrap("aws", this.#connection.iamWriter),
      objects: interceptor.wrap("kube", {
        get: (key) => this.kube.get(key),
        patch: (key, ops) => this.kube.patch(key, ops),
        patchStatus: (key, ops) => this.kube.patchStatus(key, ops),
      } satisfies ObjectClient),
    });
  }

  object(key: ObjectKey = KEY): ObjectView | undefined {
    return this.kube.read(key) as unknown as ObjectView | undefined;
  }

  /** `Ready=True InSync` and the like; undefined when the object or the condition is not there. */
  ready(key: ObjectKey = KEY): string | undefined {
    const condition = this.object(key)?.status?.conditions?.find(({ type }) => type === "Ready");
    return condition && `${condition.status} ${condition.reason}`;
  }

  /** The names of the AWS writes so far that were carried out, in order. */
  awsWrites(): string[] {
    return this.aws.calls.all.filter((call) => call.isWrite && call.result === "OK").map((call) => call.action);
  }
}

interface Ports {
  readonly reader: IamReader;
  readonly writer: IamWriter;
  readonly objects: ObjectClient;
}

/** One run of the controller process, driven by hand. */
export class Incarnation {
  readonly interceptor: Interceptor;
  readonly #world: World;
  readonly #reconciler: Reconciler;
  readonly #cache = new Map<string, KubeObject>();
  readonly #failures = new Map<string, number>();

  constructor(world: World, interceptor: Interceptor, { reader, writer, objects }: Ports) {
    this.#world = world;
    this.interceptor = interceptor;
    const ownWrites = new OwnWrites();
    const settling = new Settling({ windowMs: DEFAULT_SETTLE_WINDOW_MS, monotonicMs: () => world.nowMs });
    this.#reconciler = new Reconciler({
      objects,
      cache: { get: (key) => this.#cache.get(key) },
      ownWrites,
      aws: { reader, writer, settling },
      publisher: new Publisher({
        objects,
        events: world.kube,
        ownWrites,
        patience: DEFAULT_PATIENCE,
        nowMs: () => world.nowMs,
        random: () => 0.5,
      }),
      clusterId: CLUSTER_ID,
    });
  }

  /** One reconcile, with the cache showing what the API server has now (or what the test says it shows). */
  async once(key: ObjectKey = KEY, cached: KubeObject | undefined = this.#world.kube.read(key)): Promise<Requeue> {
    const text = `${key.namespace}/${key.name}`;
    if (cached === undefined) this.#cache.delete(text);
    else this.#cache.set(text, cached);
    const failures = this.#failures.get(text) ?? 0;
    const run = { logger: silentLogger, failures };
    const requeue = await this.#reconciler
      .reconcile(text, new AbortController().signal, run)
      .catch(() => ({ kind: "backoff" as const }));
    this.#failures.set(text, requeue.kind === "backoff" ? failures + 1 : 0);
    return requeue;
  }

  /**
   * Reconciles as the queue would, letting virtual time pass, until there is nothing to do but the periodic resync.
   * Returns the number of rounds.
   */
  async settle(key: ObjectKey = KEY): Promise<number> {
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const requeue = await this.once(key);
      if (requeue.kind === "done") return round;
      if (requeue.kind === "after" && requeue.delayMs >= DEFAULT_PATIENCE.blockedRetryMs) return round;
      this.#world.nowMs += requeue.kind === "after" ? requeue.delayMs : backoffMs(this.#failuresOf(key));
    }
    throw new Error(`still busy after ${MAX_ROUNDS} rounds: ${JSON.stringify(this.#world.object(key)?.status)}`);
  }

  #failuresOf(key: ObjectKey): number {
    return this.#failures.get(`${key.namespace}/${key.name}`) ?? 0;
  }
}
