import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControllerProcess, NO_LISTENERS, startController } from "../../src/cli/controller/controller-process.ts";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import type { Interceptor } from "../../src/sandbox/kube/http/request-log.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube/server.ts";
import type { AwsState } from "./aws-state.ts";
import { ClusterUser, type Manifest, USER } from "./cluster-user.ts";
import {
  type ControllerRig,
  controllerSettings,
  type RigSettings,
  type RunningController,
  UNHURRIED,
} from "./controller-rig.ts";
import { s3ReadOnly } from "./manifest.ts";
import { outsider } from "./outsider.ts";
import { plainKubeApi } from "./plain-kube-api.ts";
import { type LogLine, RecordingLogger } from "./recording-logger.ts";
import type { AwsCredentials } from "./shipped-role.ts";

/** The sandbox's two servers in this process, over real HTTP, and whole controllers against them. */
export class SandboxRig implements ControllerRig {
  readonly namespace = "team-a";
  readonly accountId = "123456789012";
  readonly kube: KubeApi;
  readonly aws: AwsSandbox;
  readonly user: ClusterUser;
  /** Judges every request to the API server but the user's writes; tests change it in mid-flight. */
  judge: Interceptor = () => undefined;
  /** Of the controllers started from now on. The key is a developer's, who may do everything. */
  credentials: AwsCredentials = { accessKeyId: "controller", secretAccessKey: "test" };
  readonly #folder: string;
  readonly #log = new RecordingLogger();
  readonly #running = new Set<ControllerProcess>();
  #kubeWrites: string[] = [];

  private constructor(folder: string, kube: KubeApi, aws: AwsSandbox) {
    this.#folder = folder;
    this.kube = kube;
    this.aws = aws;
    this.user = new ClusterUser(plainKubeApi(kube.url));
  }

  static async open(): Promise<SandboxRig> {
    const late: { rig?: SandboxRig } = {};
    const onRequest: Interceptor = (request) => (late.rig === undefined ? undefined : late.rig.#onRequest(request));
    const kube = await startKubeApi({ definitions: readShippedCrds(), onRequest });
    const folder = await mkdtemp(join(tmpdir(), "rig-"));
    await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
    late.rig = new SandboxRig(folder, kube, await startAwsSandbox());
    await late.rig.user.createNamespace(late.rig.namespace);
    return late.rig;
  }

  async start(settings: RigSettings = {}): Promise<RunningController> {
    const controller = await startController(
      {
        cluster: loadKubeConfig({ path: join(this.#folder, "kubeconfig"), env: {}, clock: systemClock }),
        aws: {
          endpoint: this.aws.url,
          region: "us-east-1",
          credentials: this.credentials,
        },
        awsRates: UNHURRIED,
        clusterId: undefined,
        expectedAccountId: undefined,
        settings: controllerSettings(settings),
        listen: NO_LISTENERS,
        logger: this.#log,
      },
      new AbortController().signal,
    );
    this.#running.add(controller);
    return {
      stop: async () => {
        this.#running.delete(controller);
        await controller.stop();
      },
    };
  }

  /** The log of all controllers. */
  get log(): readonly LogLine[] {
    return this.#log.lines;
  }

  key(name: string): ObjectKey {
    return { namespace: this.namespace, name };
  }

  manifest(key: ObjectKey, spec?: Readonly<Record<string, unknown>>): Manifest {
    return s3ReadOnly(key, spec);
  }

  awsCalls(): readonly string[] {
    return this.aws.calls.matching({ accessKeyId: "controller" }).map(({ action }) => action);
  }

  awsWrites(): readonly string[] {
    const calls = this.aws.calls.matching({ accessKeyId: "controller" });
    return calls.filter(({ isWrite, result }) => isWrite && result === "OK").map(({ action }) => action);
  }

  async kubeWrites(): Promise<readonly string[]> {
    return this.#kubeWrites;
  }

  async forgetCalls(): Promise<void> {
    this.aws.calls.reset();
    this.kube.resetRequestCounts();
    this.#kubeWrites = [];
  }

  async awsState(name: string): Promise<AwsState> {
    const { roles, instanceProfiles } = this.aws.snapshot();
    const only = (all: Readonly<Record<string, unknown>>): Record<string, unknown> =>
      Object.fromEntries(Object.entries(all).filter(([candidate]) => candidate.startsWith(name)));
    return { roles: only(roles), instanceProfiles: only(instanceProfiles) };
  }

  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    return outsider(this.aws.url, action, params);
  }

  errors(): readonly string[] {
    const lines = this.#log.lines.filter(({ level }) => level === "error");
    return lines.map(({ message, fields }) => `${message}: ${String(fields["err"])}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((controller) => controller.stop()));
    await Promise.all([this.kube.close(), this.aws.close(), rm(this.#folder, { recursive: true })]);
  }

  #onRequest(request: Parameters<Interceptor>[0]): ReturnType<Interceptor> {
    const manager = request.query.get("fieldManager") ?? "";
    if (manager === USER) return undefined;
    if (manager !== "") this.#kubeWrites.push(request.what);
    return this.judge(request);
  }
}
