import { ClaimsByAccount } from "../../src/controller/accounts/instance-claims.ts";
import { ClassResolver } from "../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../src/controller/classes/objects-by-class.ts";
import { MutationCache } from "../../src/controller/reconcile/mutation-cache.ts";
import { Reconciler } from "../../src/controller/reconcile/reconciler.ts";
import { StatusWriter } from "../../src/controller/reconcile/status-writer.ts";
import { ScanCoverageByAccount } from "../../src/controller/scan/scan-coverage.ts";
import { type AwsAccount, openAwsAccount } from "../../src/engine/accounts/aws-account.ts";
import type { InstanceReader } from "../../src/engine/instance-ports.ts";
import { DEFAULT_PROPAGATION_WINDOW_MS } from "../../src/engine/observe/recent-writes.ts";
import type {
  CrdReader,
  EventSink,
  IamAccess,
  IamWriter,
  KubeObject,
  ObjectClient,
  ObjectKey,
} from "../../src/engine/ports.ts";
import type { Requeue } from "../../src/runtime/queue/workers.ts";
import type { Outcome } from "../../src/status/outcome.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { crdDeletionOf, FakeCrd } from "../fakes/fake-crd.ts";
import { ownStatusOf } from "../fakes/own-status-of.ts";
import type { Interceptor } from "./intercept.ts";
import { onlyAccount } from "./no-classes.ts";
import { differenceFrom, type PlanAnswer } from "./same-plan.ts";
import { listScenarioClasses, scenarioAccountKey, scenarioClasses } from "./scenario-class.ts";
import { brokenStatusRules } from "./status-rules.ts";

/** The queue's backoff, without jitter. */
const backoffMs = (failures: number): number => Math.min(1_000 * 2 ** (failures - 1), 300_000);
/** No scenario needs more rounds than this; one that does is a loop. */
const MAX_ROUNDS = 60;

/** The world as a controller process finds it. */
export interface Surroundings {
  readonly objects: ObjectClient;
  readonly events: EventSink;
  readonly reader: IamAccess["reader"];
  readonly writer: IamWriter;
  readonly instanceReader: InstanceReader;
  /** Where instances are looked for before a profile goes. */
  readonly guardRegions: readonly string[];
  readonly clusterId: string;
  /** The operator does not let objects without a class adopt. */
  readonly deniesAdoption?: boolean;
  /** As `run --allow-adopt-from`. */
  readonly adoptsFrom?: readonly string[];
  /** Each process begins with a scan that saw an empty account, whatever is there: the worst that a scan can be. */
  readonly isPresumptionRefuted?: boolean;
  /** The InstanceProfileClasses of the cluster; unset: those of the scenario. */
  readonly classes?: (() => readonly KubeObject[]) | undefined;
  /** Unset: it is there to stay. */
  readonly crd?: CrdReader;
  /** Virtual time, which an incarnation moves on as it waits. */
  readonly time: { nowMs: number };
  /** The object that is meant when no other is named. */
  readonly key: ObjectKey;
  /** What `plan` says of an object beside others; unset: it is not compared with what a reconcile does. */
  readonly planOf?: ((object: KubeObject, others: readonly KubeObject[]) => Promise<PlanAnswer>) | undefined;
  /** What a cache that is up to date shows. */
  read(key: ObjectKey): Promise<KubeObject | undefined>;
}

/** Keeps the outcome that it reported last. */
class RecordingStatusWriter extends StatusWriter {
  outcome: Outcome | undefined;

  override report(...args: Parameters<StatusWriter["report"]>): ReturnType<StatusWriter["report"]> {
    this.outcome = args[1].outcome;
    return super.report(...args);
  }
}

/** One run of the controller process, driven by hand. Every call of its ports goes through the interceptor. */
export class Incarnation {
  readonly interceptor: Interceptor;
  readonly #deps: Surroundings;
  readonly #reconciler: Reconciler;
  readonly #statusWriter: RecordingStatusWriter;
  readonly #cache = new Map<string, KubeObject>();
  readonly #failures = new Map<string, number>();
  /** What it remembers of AWS. */
  readonly account: AwsAccount;
  readonly claims: ClaimsByAccount;

  constructor(around: Surroundings, interceptor: Interceptor) {
    this.#deps = around;
    this.interceptor = interceptor;
    const objects = interceptor.wrap("kube", around.objects);
    const nowMs = (): number => around.time.nowMs;
    const mutationCache = new MutationCache(nowMs);
    this.account = openAwsAccount({
      change: { reader: interceptor.wrap("aws", around.reader), writer: interceptor.wrap("aws", around.writer) },
      instanceReader: interceptor.wrap("aws", around.instanceReader),
      guardRegions: async () => around.guardRegions,
      propagationWindowMs: DEFAULT_PROPAGATION_WINDOW_MS,
      monotonicMs: nowMs,
    });
    if (around.isPresumptionRefuted === true) this.misleadBySweep();
    const listed = around.classes;
    const cached = (): readonly KubeObject[] => [...this.#cache.values()];
    const classes =
      listed === undefined
        ? scenarioClasses()
        : new ClassResolver({ classes: listed, objects: objectsOfList(cached), clusterId: around.clusterId });
    this.claims = new ClaimsByAccount({
      objects: cached,
      accountOf: listed === undefined ? scenarioAccountKey : (raw) => classes.accountOf(raw),
      clusterId: around.clusterId,
      rules: classes.claimRules,
    });
    this.#statusWriter = new RecordingStatusWriter({
      objects,
      events: around.events,
      mutationCache,
      intervals: DEFAULT_REQUEUE_INTERVALS,
      nowMs,
      monotonicMs: nowMs,
      random: () => 0.5,
    });
    this.#reconciler = new Reconciler({
      objects,
      monotonicMs: nowMs,
      cache: { get: (key) => this.#cache.get(key) },
      mutationCache,
      accounts: onlyAccount(this.account),
      classes,
      listClasses: listed === undefined ? listScenarioClasses : async () => listed(),
      nowMs,
      coverage: new ScanCoverageByAccount(nowMs),
      claims: this.claims,
      ownStatus: ownStatusOf(nowMs),
      statusWriter: this.#statusWriter,
      clusterId: around.clusterId,
      allowsAdoption: around.deniesAdoption !== true,
      adoptsFrom: around.adoptsFrom,
      crdDeletion: crdDeletionOf(interceptor.wrap("kube", around.crd ?? new FakeCrd()), { monotonicMs: nowMs }),
    });
  }

  /** As when a scan has just seen neither a role nor an instance profile in the account. */
  misleadBySweep(): void {
    const listedAtMs = this.#deps.time.nowMs;
    this.account.index.replace({
      roles: new Map(),
      instanceProfiles: new Map(),
      holders: new Map(),
      takenAtMs: listedAtMs,
      names: { roles: new Set(), instanceProfiles: new Set(), listedAtMs },
      selected: [],
    });
  }

  /** Has the cache show these objects, besides those that are reconciled. */
  async see(...keys: readonly ObjectKey[]): Promise<void> {
    for (const key of keys) {
      const object = await this.#deps.read(key);
      if (object !== undefined) this.#cache.set(`${key.namespace}/${key.name}`, object);
    }
  }

  /**
   * One reconcile, with the cache showing what the API server has now (or what the test says it shows). Raises when the status
   * after it breaks a rule that holds for every status.
   */
  async once(key: ObjectKey = this.#deps.key, cached?: KubeObject): Promise<Requeue> {
    const text = `${key.namespace}/${key.name}`;
    const before = await this.#deps.read(key);
    const shown = cached ?? before;
    const assertAsPlanned = cached === undefined && before !== undefined ? await this.#plan(text, before) : () => {};
    if (shown === undefined) this.#cache.delete(text);
    else this.#cache.set(text, shown);
    const failures = this.#failures.get(text) ?? 0;
    const run = { logger: silentLogger, urgency: "change" as const };
    const requeue = await this.#reconciler
      .reconcile(text, new AbortController().signal, run)
      .catch(() => ({ kind: "backoff" as const }));
    this.#failures.set(text, requeue.kind === "backoff" ? failures + 1 : 0);
    assertAsPlanned();
    const after = await this.#deps.read(key);
    const broken = brokenStatusRules({ before, after, nowMs: this.#deps.time.nowMs });
    if (broken.length > 0) throw new Error(`${broken.join("\n")}\n${JSON.stringify(after?.["status"], null, 2)}`);
    return requeue;
  }

  /** Asks `plan`, if it is compared. The returned function raises when the reconcile that followed planned something else. */
  async #plan(key: string, object: KubeObject): Promise<() => void> {
    const { planOf } = this.#deps;
    if (planOf === undefined || !isPresent(object)) return () => {};
    const others = [...this.#cache].filter(([one, raw]) => one !== key && isPresent(raw) && claimsInstances(raw));
    const answer = await planOf(
      object,
      others.map(([, raw]) => raw),
    );
    this.#statusWriter.outcome = undefined;
    const faults = this.interceptor.faults;
    return () => {
      const { outcome } = this.#statusWriter;
      if (outcome === undefined || this.interceptor.faults > faults) return;
      const difference = differenceFrom(answer, outcome);
      if (difference !== undefined) throw new Error(difference);
    };
  }

  /**
   * Reconciles as the queue would, letting virtual time pass, until there is nothing to do but the periodic resync.
   * Returns the number of rounds.
   */
  async settle(key: ObjectKey = this.#deps.key): Promise<number> {
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const requeue = await this.once(key);
      if (requeue.kind === "done") return round;
      if (requeue.kind === "after" && requeue.delayMs >= DEFAULT_REQUEUE_INTERVALS.blockedRetryMs) return round;
      this.#deps.time.nowMs += requeue.kind === "after" ? requeue.delayMs : backoffMs(this.#failuresOf(key));
    }
    const status = (await this.#deps.read(key))?.["status"];
    throw new Error(`still busy after ${MAX_ROUNDS} rounds: ${JSON.stringify(status)}`);
  }

  #failuresOf(key: ObjectKey): number {
    return this.#failures.get(`${key.namespace}/${key.name}`) ?? 0;
  }
}

function claimsInstances({ spec }: KubeObject): boolean {
  return (spec as { readonly instances?: unknown }).instances !== undefined;
}

function isPresent({ metadata }: KubeObject): boolean {
  return (metadata as { readonly deletionTimestamp?: string }).deletionTimestamp === undefined;
}
