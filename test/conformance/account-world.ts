import { type AwsConnection, connectAws } from "../../src/aws/aws-connection.ts";
import type { KubeObject, ObjectKey } from "../../src/engine/ports.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import type { Bench, BenchMarks } from "../contract/aws/harness.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { type AwsState, readAwsState } from "../support/aws-state.ts";
import { isAwsWrite } from "../support/aws-write.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { type Manifest, type ObjectView, readyOf } from "../support/cluster-user.ts";
import { Incarnation } from "../support/incarnation.ts";
import { Interceptor } from "../support/intercept.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import type { AccountGuard } from "./account-guard.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How a world is made. */
export interface AccountWorldOptions {
  readonly bench: Bench;
  readonly guard: AccountGuard;
  readonly accountId: string;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly credentials: Parameters<typeof connectAws>[0]["credentials"];
  /** Where a deletion looks for instances that use the profile. */
  readonly guardRegions: readonly string[];
  /** What the controller's requeues wait for is real: false on a stand-in, on which everything is visible at once. */
  readonly waits: boolean;
}

const MAX_ROUNDS = 60;
/** Where AWS shows everything at once, nothing takes longer. */
const MAX_ROUNDS_AT_ONCE = 12;
const BACKOFF_MS = 5_000;

/** In a real account no role may read data, not even for a moment. */
const HARMLESS = [{ sid: "Read", effect: "Allow", actions: ["s3:ListAllMyBuckets"], resources: ["*"] }];

/** The real reconciler and the real AWS adapter on a real account, and an API server in memory. One object, with names of the run. */
export class AccountWorld {
  readonly key: ObjectKey;
  readonly kube: FakeKube = new FakeKube();
  readonly #options: AccountWorldOptions;
  readonly #connection: AwsConnection;
  readonly #startedMs = performance.now();
  /** Time that passes only here. */
  #skippedMs = 0;
  #forgotten: number;

  constructor(options: AccountWorldOptions) {
    this.#options = options;
    this.key = { namespace: "default", name: options.bench.roleName("object") };
    this.#forgotten = options.guard.actions.length;
    this.#connection = connectAws({
      clock: systemClock,
      version: "conformance",
      region: options.region,
      requestHandler: options.guard.handler,
      ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
      ...(options.credentials !== undefined && { credentials: options.credentials }),
    });
  }

  get nowMs(): number {
    return Math.floor(Date.UTC(2026, 0) + performance.now() - this.#startedMs + this.#skippedMs);
  }

  set nowMs(value: number) {
    this.#skippedMs += value - this.nowMs;
  }

  get accountId(): string {
    return this.#options.accountId;
  }

  /** The story's manifest, with the path and the tag of the run. */
  manifest(spec: Fields = {}): Manifest {
    const marks = this.#marks;
    const tags = { ...(spec["tags"] as Fields | undefined), [marks.tag.Key]: marks.tag.Value };
    return s3ReadOnly(this.key, { path: marks.path, statements: HARMLESS, ...this.#inPartition(spec), tags });
  }

  apply(manifest: Manifest): void {
    this.kube.apply({ ...manifest });
  }

  delete(): void {
    this.kube.delete(this.key);
  }

  object(): ObjectView | undefined {
    return this.kube.read(this.key) as unknown as ObjectView | undefined;
  }

  ready(): string | undefined {
    return readyOf(this.object());
  }

  eventReasons(): readonly string[] {
    return this.kube.events.map(({ reason }) => reason);
  }

  controller(): Incarnation {
    return new Incarnation(
      {
        objects: this.kube,
        events: this.kube,
        reader: this.#connection.iamReader,
        writer: this.#connection.iamWriter,
        instanceReader: this.#connection.instanceReader,
        guardRegions: this.#options.guardRegions,
        clusterId: CLUSTER_ID,
        time: this,
        key: this.key,
        read: async (key) => this.kube.read(key) as KubeObject | undefined,
      },
      new Interceptor(),
    );
  }

  /** Reconciles as the queue would until there is nothing to do but the resync, and really waits where AWS takes time. */
  async settle(controller: Incarnation): Promise<void> {
    const { waits, bench } = this.#options;
    const rounds = waits ? MAX_ROUNDS : MAX_ROUNDS_AT_ONCE;
    for (let round = 1; round <= rounds; round++) {
      const requeue = await controller.once();
      if (requeue.kind === "done") return;
      if (requeue.kind === "after" && requeue.delayMs >= DEFAULT_REQUEUE_INTERVALS.blockedRetryMs) return;
      const delayMs = requeue.kind === "after" ? requeue.delayMs : BACKOFF_MS;
      if (waits) await bench.pause(delayMs);
      else this.nowMs += delayMs;
    }
    throw new Error(`still busy after ${rounds} reconciles: ${JSON.stringify(this.object()?.status)}`);
  }

  /** The writes that AWS carried out since `forgetCalls`, in order. */
  awsWrites(): readonly string[] {
    return this.#options.guard.actions.slice(this.#forgotten).filter(isAwsWrite);
  }

  forgetCalls(): void {
    this.#forgotten = this.#options.guard.actions.length;
  }

  awsState(): Promise<AwsState> {
    return readAwsState(this.#options.bench.iam, [this.key.name]);
  }

  /** A call of another client. What it creates has the marks of the run. */
  async outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    const { tag, path } = this.#marks;
    const marks = { Path: path, "Tags.member.1.Key": tag.Key, "Tags.member.1.Value": tag.Value };
    await this.#options.bench.raw(action, { ...this.#inPartition(params), ...(/^Create/.test(action) && marks) });
  }

  get #marks(): BenchMarks {
    const { marks } = this.#options.bench;
    if (marks === undefined) throw new Error("a world needs a bench with marks");
    return marks;
  }

  close(): void {
    this.#connection.close();
  }

  #inPartition<T>(value: T): T {
    return JSON.parse(JSON.stringify(value).replaceAll("arn:aws:", `arn:${this.#options.bench.partition}:`)) as T;
  }
}
