import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControllerProcess, startController } from "../../src/cli/controller/controller-process.ts";
import type { ElectionSettings } from "../../src/cli/controller/election.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { auditedWrites } from "./audit-log.ts";
import { ClusterUser } from "./cluster-user.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
import { controllerSettings, UNHURRIED } from "./controller-rig.ts";
import { DEPLOYED_USER, deployAccount } from "./deployed-account.ts";
import { openKubeApi } from "./kube-api.ts";
import { RecordingLogger } from "./recording-logger.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const CREDENTIALS = { accessKeyId: "controller", secretAccessKey: "test" };

/** A controller on a cluster of one's own, and the wire that it reaches the API server by. */
export interface WiredController extends ControllerProcess {
  readonly wire: TcpProxy;
}

/**
 * A real API server and etcd of one test alone, which may therefore be stopped, cut off and made to forget, with the
 * deployed account and the sandbox's AWS.
 */
export class OwnCluster {
  readonly controlPlane: ControlPlane;
  readonly aws: AwsSandbox;
  /** The administrator. */
  readonly user: ClusterUser;
  readonly log: RecordingLogger = new RecordingLogger();
  /** Of the controller's account. */
  readonly kubeconfig: string;
  /** For files of the test; removed with the cluster. */
  readonly folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(controlPlane: ControlPlane, aws: AwsSandbox, folder: string, kubeconfig: string) {
    this.controlPlane = controlPlane;
    this.aws = aws;
    this.folder = folder;
    this.kubeconfig = kubeconfig;
    this.user = new ClusterUser(openKubeApi(controlPlane.adminKubeconfig));
  }

  static async open(options: ControlPlaneOptions): Promise<OwnCluster> {
    const controlPlane = await startControlPlane(options);
    const folder = await mkdtemp(join(tmpdir(), "own-cluster-"));
    const admin = openKubeApi(controlPlane.adminKubeconfig);
    const { kubeconfig } = await deployAccount(admin, { folder, isClusterOurs: true });
    return new OwnCluster(controlPlane, await startAwsSandbox(), folder, kubeconfig);
  }

  /** A controller of one namespace; the account may hold leases in its own namespace only. */
  async start(namespace: string, election?: ElectionSettings): Promise<WiredController> {
    const cluster = loadKubeConfig({ path: this.kubeconfig, env: {}, clock: systemClock });
    const wire = await TcpProxy.to(Number(new URL(cluster.server).port));
    const controller = await startController(
      {
        cluster: { ...cluster, server: `https://127.0.0.1:${wire.port}` },
        aws: { endpoint: this.aws.url, region: "us-east-1", credentials: CREDENTIALS },
        awsRates: UNHURRIED,
        namespaces: [namespace],
        clusterId: undefined,
        expectedAccountId: undefined,
        settings: controllerSettings({}),
        listen: { probes: "127.0.0.1:0", metrics: "127.0.0.1:0" },
        logger: this.log,
        election,
      },
      new AbortController().signal,
    );
    this.#closers.push(async () => {
      await controller.stop();
      await wire.close();
    });
    return { ...controller, wire };
  }

  /** Writes of controllers to the API server in a namespace, as `verb resource.group[/subresource]`, refused ones too. */
  kubeWrites(namespace: string): Promise<readonly string[]> {
    return auditedWrites(this.controlPlane.auditLog, DEPLOYED_USER, namespace);
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    await this.aws.close();
    await this.controlPlane.stop();
    await rm(this.folder, { recursive: true });
  }
}
