import { ClaimsByAccount } from "../../../src/controller/accounts/instance-claims.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { CrdDeletionPolicy } from "../../../src/controller/reconcile/crd-deletion.ts";
import { MutationCache } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { OwnStatus } from "../../../src/controller/reconcile/own-status.ts";
import { Reconciler } from "../../../src/controller/reconcile/reconciler.ts";
import { StatusWriter } from "../../../src/controller/reconcile/status-writer.ts";
import { ScanCoverageByAccount } from "../../../src/controller/scan/scan-coverage.ts";
import { openAwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../../src/engine/observe/recent-writes.ts";
import type { KubeObject, ObjectKey } from "../../../src/engine/ports.ts";
import { DEFAULT_REQUEUE_INTERVALS, type Requeue } from "../../../src/status/requeue.ts";
import { crdDeletionOf, FakeCrd } from "../../fakes/fake-crd.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { FakeKube } from "../../fakes/fake-kube.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";
import { ownStatusOf } from "../../fakes/own-status-of.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { type Manifest, type ObjectView, readyOf } from "../../support/cluster-user.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { onlyAccount } from "../../support/no-classes.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

type Fields = Readonly<Record<string, unknown>>;

export const KEY: ObjectKey = { namespace: "default", name: "app" };
const TEXT_KEY = "default/app";

/** One reconciler with an API server and IAM in memory: everything about one object, and nothing waits. */
export class Desk {
  readonly kube: FakeKube = new FakeKube();
  readonly iam: FakeIam = new FakeIam();
  readonly crd: FakeCrd = new FakeCrd();
  /** As `run --crd-deletion-policy`; takes effect with the next process. */
  crdDeletionPolicy: CrdDeletionPolicy = "Retain";
  /** As `run --default-deletion-policy`; takes effect with the next process. */
  defaultDeletionPolicy: "Retain" | "Delete" = "Delete";
  readonly logger: RecordingLogger = new RecordingLogger();
  nowMs: number = Date.parse("2026-01-01T00:00:00Z");
  /** The InstanceProfileClasses as the API server has them. */
  classes: readonly KubeObject[] = [];
  /** As the watch shows them; unset: as they are. */
  seenClasses: readonly KubeObject[] | undefined;
  /** Waited for when the API server has listed the classes, before the list arrives. */
  afterClassList: () => Promise<void> = async () => {};
  readonly #cache = new Map<string, KubeObject>();
  #ownStatus!: OwnStatus;
  #reconciler: Reconciler;

  constructor() {
    this.#reconciler = this.#open();
  }

  /** The binding of objects, by the classes and objects that the caches show. */
  get directory(): ClassResolver {
    return new ClassResolver({
      classes: () => this.seenClasses ?? this.classes,
      objects: objectsOfList(() => [...this.#cache.values()]),
      clusterId: CLUSTER_ID,
      monotonicMs: () => this.nowMs,
      defaultDeletionPolicy: this.defaultDeletionPolicy,
    });
  }

  /** Another process begins, which remembers nothing. */
  restart(): void {
    this.#cache.clear();
    this.#reconciler = this.#open();
  }

  #open(): Reconciler {
    const nowMs = (): number => this.nowMs;
    const mutationCache = new MutationCache(nowMs);
    const { iam } = this;
    const ownStatus = ownStatusOf(nowMs);
    this.#ownStatus = ownStatus;
    const objects = ownStatus.noting(this.kube);
    const classes = this.directory;
    return new Reconciler({
      objects,
      monotonicMs: nowMs,
      cache: { get: (key) => this.#cache.get(key) },
      mutationCache,
      accounts: onlyAccount(
        openAwsAccount({
          change: { reader: iam, writer: iam },
          instanceReader: NO_INSTANCES,
          propagationWindowMs: DEFAULT_PROPAGATION_WINDOW_MS,
          monotonicMs: nowMs,
        }),
      ),
      classes,
      listClasses: async () => {
        const listed = this.classes;
        await this.afterClassList();
        return listed;
      },
      nowMs,
      coverage: new ScanCoverageByAccount(nowMs),
      claims: new ClaimsByAccount({
        objects: () => [...this.#cache.values()],
        accountOf: (raw) => classes.accountOf(raw),
        clusterId: CLUSTER_ID,
      }),
      ownStatus,
      statusWriter: new StatusWriter({
        objects,
        events: this.kube,
        mutationCache,
        intervals: DEFAULT_REQUEUE_INTERVALS,
        nowMs,
        monotonicMs: () => this.nowMs,
        random: () => 0.5,
      }),
      clusterId: CLUSTER_ID,
      crdDeletion: crdDeletionOf(this.crd, {
        policy: this.crdDeletionPolicy,
        monotonicMs: nowMs,
        logger: this.logger,
      }),
    });
  }

  apply(spec: Fields = {}, metadata: Fields = {}): void {
    this.kube.apply({ ...s3ReadOnly(KEY, spec, metadata) } as Manifest & Record<string, unknown>);
  }

  get object(): ObjectView | undefined {
    return this.kube.read(KEY) as unknown as ObjectView | undefined;
  }

  get ready(): string | undefined {
    return readyOf(this.object);
  }

  get message(): string | undefined {
    return this.object?.status?.conditions?.[0]?.message;
  }

  messageOf(type: string): string | undefined {
    return this.object?.status?.conditions?.find((one) => one.type === type)?.message;
  }

  /** A condition as `status reason`. */
  condition(type: string): string | undefined {
    const found = this.object?.status?.conditions?.find((one) => one.type === type);
    return found && `${found.status} ${found.reason}`;
  }

  get isHeld(): boolean {
    return this.object?.metadata.finalizers?.includes(FINALIZER) ?? false;
  }

  get eventReasons(): string[] {
    return this.kube.events.map(({ reason }) => reason);
  }

  /** One reconcile; the cache shows what the API server has, or what the test says. */
  reconcile(signal: AbortSignal = new AbortController().signal, cached?: KubeObject): Promise<Requeue> {
    const shown = cached ?? this.kube.read(KEY);
    const before = this.#cache.get(TEXT_KEY);
    if (before !== undefined && shown !== undefined) this.#ownStatus.changed(TEXT_KEY, before, shown);
    if (shown === undefined) this.#cache.delete(TEXT_KEY);
    else this.#cache.set(TEXT_KEY, shown);
    return this.#reconciler.reconcile(TEXT_KEY, signal, { logger: this.logger, urgency: "change" });
  }
}
