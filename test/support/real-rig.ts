import { type ControllerProcess, NO_LISTENERS, startController } from "../../src/cli/controller/controller-process.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { auditedWrites } from "./audit-log.ts";
import { AwsProxy } from "./aws-proxy.ts";
import { type AwsState, readAwsState } from "./aws-state.ts";
import type { ClusterUser, Manifest } from "./cluster-user.ts";
import {
  type ControllerRig,
  controllerSettings,
  type RigSettings,
  type RunningController,
  UNHURRIED,
} from "./controller-rig.ts";
import { DEPLOYED_USER } from "./deployed-account.ts";
import { type E2eSite, TEST_CREDENTIALS, TEST_REGION } from "./e2e-site.ts";
import { s3ReadOnly } from "./manifest.ts";
import { outsider } from "./outsider.ts";
import { RecordingLogger } from "./recording-logger.ts";

/**
 * One namespace of the API server of the e2e run, and its AWS. Controllers run as their own service account with the shipped
 * RBAC, and watch this namespace only: others test beside us.
 */
export class RealRig implements ControllerRig {
  readonly namespace: string;
  readonly #site: E2eSite;
  readonly #auditLog: string;
  readonly #aws: AwsProxy;
  readonly #log = new RecordingLogger();
  readonly #running = new Set<ControllerProcess>();
  #writesBefore = 0;

  private constructor(site: E2eSite, auditLog: string, namespace: string, aws: AwsProxy) {
    this.#site = site;
    this.#aws = aws;
    this.#auditLog = auditLog;
    this.namespace = namespace;
  }

  /** The audit log is how it knows what the controllers wrote. */
  static async open(site: E2eSite, auditLog: string): Promise<RealRig> {
    return new RealRig(site, auditLog, await site.newNamespace(), await AwsProxy.to(site.awsEndpoint));
  }

  get user(): ClusterUser {
    return this.#site.user;
  }

  get accountId(): string {
    return this.#site.accountId;
  }

  async start(settings: RigSettings = {}): Promise<RunningController> {
    const controller = await startController(
      {
        cluster: loadKubeConfig({ path: this.#site.account.kubeconfig, env: {}, clock: systemClock }),
        aws: { endpoint: this.#aws.url, region: TEST_REGION, credentials: TEST_CREDENTIALS },
        awsRates: UNHURRIED,
        namespaces: [this.namespace],
        clusterId: undefined,
        expectedAccountId: undefined,
        settings: { ...controllerSettings(settings), reportsClasses: true },
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

  /** The namespace is in the name: roles have none. */
  key(name: string): ObjectKey {
    return { namespace: this.namespace, name: `${this.namespace}-${name}` };
  }

  manifest(key: ObjectKey, spec?: Readonly<Record<string, unknown>>): Manifest {
    return s3ReadOnly(key, spec);
  }

  awsCalls(): readonly string[] {
    return this.#aws.served();
  }

  awsWrites(): readonly string[] {
    return this.#aws.writes();
  }

  async kubeWrites(): Promise<readonly string[]> {
    const all = await auditedWrites(this.#auditLog, DEPLOYED_USER, this.namespace);
    return all.slice(this.#writesBefore);
  }

  async forgetCalls(): Promise<void> {
    this.#aws.forget();
    this.#writesBefore += (await this.kubeWrites()).length;
  }

  awsState(name: string): Promise<AwsState> {
    return readAwsState(this.#site.iam, [name]);
  }

  outsider(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    return outsider(this.#site.awsEndpoint, action, params);
  }

  errors(): readonly string[] {
    const lines = this.#log.lines.filter(({ level }) => level === "error");
    return lines.map(({ message, fields }) => `${message}: ${String(fields["err"])}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((controller) => controller.stop()));
    await this.#aws.close();
  }
}
