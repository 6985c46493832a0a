import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { writeKubeconfig } from "../kubeconfig.ts";
import { PROGRAM } from "../program.ts";
import { type BackgroundProcess, startProcess } from "../run-process.ts";
import { FaultProxy, type ProxiedRequest, type Upstream } from "./fault-proxy.ts";

/** The deployed account may hold this one, and those of shards, whose names begin with it. */
export const LEASE = "instance-profile-controller";
const BLOCKER = join(import.meta.dirname, "block-event-loop.ts");

/** Where replicas run. */
export interface ReplicaSite {
  readonly kube: Upstream;
  /** Of the controller's account at the API server. */
  readonly token: string;
  readonly awsEndpoint: string;
  readonly leaseNamespace: string;
  /** Where the objects are. */
  readonly namespace: string;
  /** For the files of the processes. */
  readonly folder: string;
}

/** How a replica is started. */
export interface ReplicaOptions {
  /** How long `block` takes. */
  readonly blockMs?: number;
  /** Default 1: the leader has all accounts. */
  readonly shards?: number;
}

/** A request of a replica that a server has answered. Times are of `performance.now()`. */
export interface ReplicaCall {
  readonly server: "kube" | "aws";
  /** `CreateRole` and the like; of the API server the method and the path. */
  readonly what: string;
  /** The role or profile, or the path. */
  readonly subject: string;
  readonly arrivedMs: number;
  readonly status: number;
}

/** One process of the controller, as it is deployed with a second one, with wires of its own to both servers. */
export class ReplicaProcess {
  /** What the servers have answered. */
  readonly calls: ReplicaCall[] = [];
  readonly process: BackgroundProcess;
  /** How it ended; undefined while it runs. */
  status: number | undefined;
  readonly #kube: FaultProxy;
  readonly #aws: FaultProxy;
  readonly #arrivals = new Map<ProxiedRequest, number>();

  private constructor(process: BackgroundProcess, kube: FaultProxy, aws: FaultProxy) {
    this.process = process;
    void process.exited.then((status) => {
      this.status = status;
    });
    this.#kube = kube;
    this.#aws = aws;
    this.#record(kube, "kube", ({ method, path }) => ({ what: `${method} ${path}`, subject: path }));
    this.#record(aws, "aws", describeAws);
  }

  static async start(site: ReplicaSite, options: ReplicaOptions = {}): Promise<ReplicaProcess> {
    const folder = await mkdtemp(join(site.folder, "replica-"));
    const kube = await FaultProxy.to(site.kube);
    const aws = await FaultProxy.to({ url: site.awsEndpoint });
    const kubeconfig = await writeKubeconfig(folder, { url: kube.url, certificateAuthority: "" }, site.token);
    const args = [
      ["--import", BLOCKER, PROGRAM, "run", "--kubeconfig", kubeconfig, "--namespace", site.namespace],
      ["--leader-elect", "--leader-elect-namespace", site.leaseNamespace],
      ["--leader-elect-name", LEASE, "--shards", String(options.shards ?? 1)],
      // A burst shall not last minutes.
      ["--iam-read-qps", "200", "--iam-write-qps", "100"],
    ].flat();
    const process_ = startProcess(process.execPath, args, {
      logFile: join(folder, "log"),
      env: {
        BLOCK_MS: String(options.blockMs ?? 0),
        AWS_ENDPOINT_URL: aws.url,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "AKIATESTTESTTESTTEST",
        AWS_SECRET_ACCESS_KEY: "test",
      },
    });
    return new ReplicaProcess(process_, kube, aws);
  }

  /** It says so in its log. */
  get hasLed(): boolean {
    return this.process.output().includes("successfully acquired lease");
  }

  /** It waits, warm, or leads. */
  get isUp(): boolean {
    return this.process.output().includes("controller started");
  }

  /** Calls to AWS. */
  get awsCalls(): readonly ReplicaCall[] {
    return this.calls.filter(({ server }) => server === "aws");
  }

  /** Of AWS and of objects, carried out or not. */
  get writes(): readonly ReplicaCall[] {
    return this.calls.filter(({ what }) => !/^(Get|List|GET )/.test(what) && !/\/(leases|events)\b/.test(what));
  }

  /** When the lease was made its own, or kept so. */
  get renewals(): readonly ReplicaCall[] {
    return this.calls.filter(({ what, status }) => /^(PATCH|POST) .*\/leases\b/.test(what) && status < 300);
  }

  /** SIGKILL. */
  kill(): void {
    this.process.send("SIGKILL");
  }

  /** Its event loop stands still. */
  block(): void {
    this.process.send("SIGUSR2");
  }

  /** Nothing passes any more on its connections, present or new, to either server, and it is not told. */
  blackHole(): void {
    this.#kube.blackHole();
    this.#aws.blackHole();
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await Promise.all([this.#kube.close(), this.#aws.close()]);
  }

  #record(
    proxy: FaultProxy,
    server: ReplicaCall["server"],
    describe: (request: ProxiedRequest) => Pick<ReplicaCall, "what" | "subject">,
  ): void {
    proxy.judge = (request) => {
      this.#arrivals.set(request, performance.now());
      return undefined;
    };
    proxy.onAnswer = (request, status) => {
      const arrivedMs = this.#arrivals.get(request) ?? 0;
      this.#arrivals.delete(request);
      this.calls.push({ server, ...describe(request), arrivedMs, status });
    };
  }
}

function describeAws({ body }: ProxiedRequest): Pick<ReplicaCall, "what" | "subject"> {
  const form = new URLSearchParams(body.toString("utf8"));
  return { what: form.get("Action") ?? "", subject: form.get("RoleName") ?? form.get("InstanceProfileName") ?? "" };
}
