import type { AwsConnection } from "../../src/aws/aws-connection.ts";
import type { KubeObject, ObjectKey } from "../../src/engine/ports.ts";
import { type AwsSandbox, type AwsSandboxOptions, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import type { AwsState } from "./aws-state.ts";
import { CLUSTER_ID } from "./builders.ts";
import { type Manifest, type ObjectView, readyOf } from "./cluster-user.ts";
import { CONTROLLER, connectDirectly } from "./direct-aws.ts";
import { Incarnation } from "./incarnation.ts";
import { Interceptor } from "./intercept.ts";
import { s3ReadOnly } from "./manifest.ts";
import { outsider } from "./outsider.ts";
import { ARE_PLANS_COMPARED, type PlanAnswer, planOf } from "./same-plan.ts";
import type { ScenarioWorld } from "./scenario-world.ts";

type Fields = Readonly<Record<string, unknown>>;

const KEY: ObjectKey = { namespace: "default", name: "s3-read-only" };
/** Where the stories' instances are. */
export const REGION = "us-east-1";
const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** The story's manifest; every scenario starts from it. */
export function manifest(spec: Fields = {}, metadata: Fields = {}): Manifest {
  return s3ReadOnly(KEY, spec, metadata);
}

/** The real reconciler and the real AWS adapter, against the sandbox's AWS and an API server in memory. */
export class World implements ScenarioWorld {
  kube: FakeKube = new FakeKube();
  nowMs: number = START_MS;
  readonly key: ObjectKey = KEY;
  readonly aws: AwsSandbox;
  readonly manifest: (spec?: Fields, metadata?: Fields) => Manifest = manifest;
  /** See {@link Incarnation}: of the controllers made from now on. */
  isPresumptionRefuted = false;
  /** See {@link Incarnation}: of the controllers made from now on. */
  deniesAdoption = false;
  /** See {@link Incarnation}: of the controllers made from now on. */
  classes: (() => readonly KubeObject[]) | undefined;
  readonly #connection: AwsConnection;

  private constructor(aws: AwsSandbox) {
    this.aws = aws;
    this.#connection = connectDirectly(aws);
  }

  static async open(options: AwsSandboxOptions = {}): Promise<World> {
    const clock: { world?: World } = {};
    const aws = await startAwsSandbox({ now: () => clock.world?.nowMs ?? START_MS, ...options });
    clock.world = new World(aws);
    return clock.world;
  }

  get accountId(): string {
    return this.aws.accountId;
  }

  /** Ids go on counting. */
  async reset(): Promise<void> {
    this.kube = new FakeKube();
    this.aws.reset();
    this.nowMs = START_MS;
    this.deniesAdoption = false;
    this.classes = undefined;
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.aws.close();
  }

  controller(interceptor: Interceptor = new Interceptor()): Incarnation {
    return new Incarnation(
      {
        objects: this.kube,
        events: this.kube,
        reader: this.#connection.iamReader,
        writer: this.#connection.iamWriter,
        instanceReader: this.#connection.instanceReader,
        guardRegions: [REGION],
        clusterId: CLUSTER_ID,
        time: this,
        isPresumptionRefuted: this.isPresumptionRefuted,
        deniesAdoption: this.deniesAdoption,
        classes: this.classes,
        planOf: ARE_PLANS_COMPARED ? (...objects) => this.#planOf(...objects) : undefined,
        key: KEY,
        read: async (key) => this.kube.read(key),
      },
      interceptor,
    );
  }

  async #planOf(object: KubeObject, others: readonly KubeObject[]): Promise<PlanAnswer> {
    const adoption = this.deniesAdoption ? [] : ["--allow-adoption"];
    return planOf(object, others, { awsUrl: this.aws.url, region: REGION, flags: ["--region", REGION, ...adoption] });
  }

  async apply(manifest: Manifest): Promise<void> {
    this.kube.apply({ ...manifest });
  }

  async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    this.kube.annotate(KEY, annotations);
  }

  async delete(key: ObjectKey = KEY): Promise<void> {
    this.kube.delete(key);
  }

  async object(key: ObjectKey = KEY): Promise<ObjectView | undefined> {
    return this.kube.read(key) as unknown as ObjectView | undefined;
  }

  async ready(key: ObjectKey = KEY): Promise<string | undefined> {
    return readyOf(await this.object(key));
  }

  async eventReasons(): Promise<readonly string[]> {
    return this.kube.events.filter(({ regarding }) => regarding.name === KEY.name).map(({ reason }) => reason);
  }

  async eventNotes(): Promise<readonly string[]> {
    return this.kube.events.filter(({ regarding }) => regarding.name === KEY.name).map(({ note }) => note);
  }

  awsCalls(): readonly string[] {
    return this.aws.calls.matching({ accessKeyId: CONTROLLER }).map(({ action }) => action);
  }

  awsWrites(): readonly string[] {
    const calls = this.aws.calls.matching({ accessKeyId: CONTROLLER });
    return calls.filter(({ isWrite, result }) => isWrite && result === "OK").map(({ action }) => action);
  }

  kubeWrites(): readonly string[] {
    return this.kube.writes;
  }

  forgetCalls(): void {
    this.aws.calls.reset();
    this.kube.writes.length = 0;
  }

  async awsState(): Promise<AwsState> {
    const { roles, instanceProfiles } = this.aws.snapshot();
    return { roles, instanceProfiles };
  }

  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    return outsider(this.aws.url, action, params);
  }
}
