import { type AwsConnection, connectAws } from "../../src/aws/aws-connection.ts";
import type { ObjectClient, ObjectKey } from "../../src/engine/ports.ts";
import { readClusterId } from "../../src/kube/cluster-id.ts";
import { EventRecorder } from "../../src/kube/event-recorder.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { KubeObjectClient } from "../../src/kube/object-client.ts";
import { Transport } from "../../src/kube/transport.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { AwsProxy } from "./aws-proxy.ts";
import { type AwsState, readAwsState } from "./aws-state.ts";
import { type ClusterUser, type Manifest, type ObjectView, readyOf } from "./cluster-user.ts";
import { type E2eSite, openE2eSite, TEST_CREDENTIALS, TEST_REGION } from "./e2e-site.ts";
import type { FaultProxy } from "./faults/fault-proxy.ts";
import { Incarnation, type Surroundings } from "./incarnation.ts";
import { Interceptor } from "./intercept.ts";
import { s3ReadOnly } from "./manifest.ts";
import { outsider } from "./outsider.ts";
import { RecordingLogger } from "./recording-logger.ts";
import type { ScenarioWorld } from "./scenario-world.ts";

type Fields = Readonly<Record<string, unknown>>;

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const RESOURCE = {
  group: "iam.instanceprofile.dev",
  version: "v1beta1",
  plural: "instanceprofiles",
  kind: "InstanceProfile",
};

/**
 * The real reconciler and both real adapters, against the API server and the AWS of the e2e run. The user is an administrator;
 * the controller has its own service account and the shipped RBAC. Each `reset` moves on to names that nobody has used.
 */
export class RealWorld implements ScenarioWorld {
  nowMs: number = START_MS;
  readonly #site: E2eSite;
  readonly #namespace: string;
  readonly #transport: Transport;
  readonly #aws: AwsConnection;
  readonly #events: EventRecorder;
  readonly #log = new RecordingLogger();
  readonly #proxy: AwsProxy;
  readonly #deps: Omit<Surroundings, "time" | "key" | "read">;
  #kubeWrites: string[] = [];
  #stories = 0;

  private constructor(
    site: E2eSite,
    { proxy, guardRegion }: { readonly proxy: AwsProxy; readonly guardRegion: string },
    namespace: string,
    transport: Transport,
    clusterId: string,
  ) {
    this.#site = site;
    this.#namespace = namespace;
    this.#transport = transport;
    this.#proxy = proxy;
    this.#aws = connectAws({
      clock: systemClock,
      version: "test",
      region: TEST_REGION,
      endpoint: proxy.url,
      credentials: TEST_CREDENTIALS,
    });
    const { exchange } = transport;
    this.#events = new EventRecorder({
      exchange,
      clock: systemClock,
      logger: this.#log,
      reporter: { controller: "iam.instanceprofile.dev/controller", instance: "e2e" },
    });
    const client = new KubeObjectClient({ exchange, resource: RESOURCE, fieldManager: "instance-profile-controller" });
    this.#deps = {
      objects: this.#counted(client),
      events: this.#events,
      reader: this.#aws.iamReader,
      writer: this.#aws.iamWriter,
      instanceReader: this.#aws.instanceReader,
      guardRegions: [guardRegion],
      clusterId,
    };
  }

  /** @param guardRegion where the controller looks for instances that use a profile before it goes */
  static async open(guardRegion: string = TEST_REGION): Promise<RealWorld> {
    const site = await openE2eSite();
    const cluster = loadKubeConfig({ path: site.account.kubeconfig, env: {}, clock: systemClock });
    const transport = new Transport({ cluster, clock: systemClock, version: "test" });
    const clusterId = await readClusterId(transport.exchange, AbortSignal.timeout(10_000));
    const proxy = await AwsProxy.to(site.awsEndpoint);
    return new RealWorld(site, { proxy, guardRegion }, await site.newNamespace(), transport, clusterId);
  }

  get key(): ObjectKey {
    return { namespace: this.#namespace, name: `${this.#site.prefix}-${String(this.#stories).padStart(4, "0")}` };
  }

  /** The controller's way to AWS. */
  get wire(): FaultProxy {
    return this.#proxy.wire;
  }

  get accountId(): string {
    return this.#site.accountId;
  }

  async reset(): Promise<void> {
    this.#stories += 1;
    this.nowMs = START_MS;
    this.forgetCalls();
  }

  async close(): Promise<void> {
    await this.#events.flush(AbortSignal.timeout(5_000));
    this.#aws.close();
    await this.#proxy.close();
    await this.#transport.close();
    await this.#site.close();
  }

  controller(interceptor: Interceptor = new Interceptor()): Incarnation {
    const { key } = this;
    const read: Surroundings["read"] = async (wanted) => (await this.object(wanted)) as never;
    return new Incarnation({ ...this.#deps, time: this, key, read }, interceptor);
  }

  manifest(spec?: Fields, metadata?: Fields): Manifest {
    return s3ReadOnly(this.key, spec, metadata);
  }

  apply(manifest: Manifest): Promise<void> {
    return this.#site.user.apply(manifest);
  }

  annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    return this.#site.user.annotate(this.key, annotations);
  }

  delete(key: ObjectKey = this.key): Promise<void> {
    return this.#site.user.delete(key);
  }

  object(key: ObjectKey = this.key): Promise<ObjectView | undefined> {
    return this.#site.user.read(key);
  }

  async ready(key?: ObjectKey): Promise<string | undefined> {
    return readyOf(await this.object(key));
  }

  async eventReasons(): Promise<readonly string[]> {
    return (await this.#published()).map(({ reason }) => reason);
  }

  async eventNotes(): Promise<readonly string[]> {
    return (await this.#published()).map(({ note }) => note);
  }

  /** Errors: an event was not published. */
  async #published(): ReturnType<ClusterUser["events"]> {
    await this.#events.flush(AbortSignal.timeout(10_000));
    const [warning] = this.#log.lines;
    if (warning !== undefined) throw new Error(`${warning.message}: ${String(warning.fields["err"])}`);
    return this.#site.user.events(this.key);
  }

  awsCalls(): readonly string[] {
    return this.#proxy.calls();
  }

  awsWrites(): readonly string[] {
    return this.#proxy.writes();
  }

  kubeWrites(): readonly string[] {
    return this.#kubeWrites;
  }

  forgetCalls(): void {
    this.#proxy.forget();
    this.#kubeWrites = [];
  }

  awsState(): Promise<AwsState> {
    return readAwsState(this.#site.iam, [this.key.name]);
  }

  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    return outsider(this.#site.awsEndpoint, action, params);
  }

  #counted(client: ObjectClient): ObjectClient {
    return {
      get: (key, signal) => client.get(key, signal),
      patch: async (key, operations, signal) => {
        const patched = await client.patch(key, operations, signal);
        this.#kubeWrites.push("patch");
        return patched;
      },
      patchStatus: async (key, operations, signal) => {
        const patched = await client.patchStatus(key, operations, signal);
        this.#kubeWrites.push("patchStatus");
        return patched;
      },
    };
  }
}
