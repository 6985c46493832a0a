import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { CRDS_FOLDER, DEPLOY_FOLDER } from "../contract/deploy/deployed-files.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { startControllerManager } from "./controller-manager.ts";
import { eventually } from "./eventually.ts";
import { type KubeApi, openKubeApi } from "./kube-api.ts";
import { serviceAccountToken, writeKubeconfig } from "./kubeconfig.ts";
import { PROGRAM } from "./program.ts";
import { type BackgroundProcess, startProcess } from "./run-process.ts";

const SYSTEM = "instance-profile-system";
const API = "iam.instanceprofile.dev/v1beta1";
const PATIENCE = { timeoutMs: 90_000, intervalMs: 200 };
/** The objects of each row, by namespace. */
const OBJECTS = { "team-a": ["app", "web"], "team-b": ["batch"] } as const;

/** How a command of the shell ended. */
export interface Shell {
  readonly status: number;
  readonly output: string;
}

/** A real cluster with kubectl at hand, the controller as the pod of `deploy/`, and the sandbox's AWS. */
export class UninstallWorld {
  readonly aws: AwsSandbox;
  readonly admin: KubeApi;
  readonly folder: string;
  readonly #controlPlane: ControlPlane;
  readonly #manager: BackgroundProcess;
  #pod: BackgroundProcess | undefined;
  #pods = 0;

  private constructor(controlPlane: ControlPlane, manager: BackgroundProcess, aws: AwsSandbox, folder: string) {
    this.#controlPlane = controlPlane;
    this.#manager = manager;
    this.aws = aws;
    this.folder = folder;
    this.admin = openKubeApi(controlPlane.adminKubeconfig);
  }

  static async open(assetsDir: string, manager: string): Promise<UninstallWorld> {
    const controlPlane = await startControlPlane({ assetsDir });
    const folder = await mkdtemp(join(tmpdir(), "uninstall-"));
    const started = startControllerManager(manager, controlPlane.adminKubeconfig, folder);
    return new UninstallWorld(controlPlane, started, await startAwsSandbox(), folder);
  }

  async close(): Promise<void> {
    await this.stopPod();
    await this.#manager.stop();
    await this.aws.close();
    await this.#controlPlane.stop();
    await rm(this.folder, { recursive: true });
  }

  /** `name id` of every role in AWS. */
  get roles(): readonly string[] {
    const { roles } = this.aws.snapshot();
    return Object.entries(roles)
      .map(([name, { id }]) => `${name} ${id}`)
      .sort();
  }

  /** Runs kubectl as the administrator. */
  kubectl(...args: readonly string[]): Promise<Shell> {
    return this.#shell("kubectl", ["--kubeconfig", this.#controlPlane.adminKubeconfig, ...args]);
  }

  /** Runs a command of the program as the administrator. */
  program(...args: readonly string[]): Promise<Shell> {
    const [command = "", ...rest] = args;
    return this.#shell(process.execPath, [
      ...[PROGRAM, command, "--kubeconfig", this.#controlPlane.adminKubeconfig],
      ...rest,
    ]);
  }

  /** As the README says: the CRDs, the deployment, and the pod that it runs. */
  async install(): Promise<void> {
    await eventually(() => this.#expect(this.kubectl("apply", "-k", CRDS_FOLDER)), PATIENCE);
    await this.#untilServed();
    await this.deploy();
  }

  /** `kubectl apply -k deploy`, and its pod. */
  async deploy(...args: readonly string[]): Promise<void> {
    await eventually(() => this.#expect(this.kubectl("apply", "-k", DEPLOY_FOLDER)), PATIENCE);
    await this.startPod(...args);
  }

  /** One kustomization of CRDs and deployment, as `deploy/` was before. */
  async everything(): Promise<string> {
    const resources = [relative(this.folder, CRDS_FOLDER), relative(this.folder, DEPLOY_FOLDER)];
    await writeFile(join(this.folder, "kustomization.yaml"), JSON.stringify({ resources }));
    return this.folder;
  }

  /** Resolves when it leads, so that what follows happens under a running controller. */
  async startPod(...args: readonly string[]): Promise<void> {
    const token = await serviceAccountToken(this.admin, SYSTEM, "instance-profile-controller");
    const kubeconfig = await writeKubeconfig(this.folder, this.admin, token);
    const election = ["--leader-elect", "--leader-elect-namespace", SYSTEM];
    this.#pods += 1;
    const pod = startProcess(process.execPath, [PROGRAM, "run", "--kubeconfig", kubeconfig, ...election, ...args], {
      logFile: join(this.folder, `pod-${this.#pods}.log`),
      env: {
        ...{ AWS_ENDPOINT_URL: this.aws.url, AWS_REGION: "us-east-1" },
        ...{ AWS_ACCESS_KEY_ID: "controller", AWS_SECRET_ACCESS_KEY: "test" },
      },
    });
    this.#pod = pod;
    const leads = async (): Promise<true | undefined> =>
      pod.output().includes("successfully acquired lease") || undefined;
    await pod.untilReady(leads, PATIENCE.timeoutMs);
  }

  /** Whether the controller runs. */
  get hasPod(): boolean {
    return this.#pod !== undefined;
  }

  /** What the kubelet does with a pod that is deleted. */
  async stopPod(): Promise<void> {
    await this.#pod?.stop();
    this.#pod = undefined;
  }

  /** As if the operator had not updated the controller's role: it may no longer read CRDs. */
  async denyCrds(): Promise<void> {
    const path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/instance-profile-controller";
    const role = await this.admin.expectOk({ method: "GET", path });
    const rules = (role["rules"] as readonly { readonly apiGroups: readonly string[] }[]).filter(
      ({ apiGroups }) => !apiGroups.includes("apiextensions.k8s.io"),
    );
    await this.admin.expectOk({ method: "PUT", path, body: { ...role, rules } });
  }

  /** A class and the objects of the teams. Resolves when all are Ready. */
  async applyObjects(): Promise<void> {
    const spec = { account: { id: this.aws.accountId }, namespaces: ["*"], allowedActions: ["s3:*"] };
    await this.#apply(`/apis/${API}/instanceprofileclasses`, "InstanceProfileClass", { name: "readers" }, spec);
    for (const [namespace, names] of Object.entries(OBJECTS)) {
      await this.#apply("/api/v1/namespaces", "Namespace", { name: namespace });
      for (const name of names) {
        const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }];
        const profile = { roleName: `${namespace}-${name}`, className: "readers", statements };
        await this.#apply(this.#profiles(namespace), "InstanceProfile", { name, namespace }, profile);
      }
    }
    for (const [namespace, names] of Object.entries(OBJECTS))
      for (const name of names) await eventually(() => this.#assertReady(namespace, name), PATIENCE);
  }

  /** Resolves when the API server has neither CRD. */
  untilCrdsAreGone(): Promise<void> {
    return eventually(async () => {
      const found = await this.crds();
      if (found.length > 0) throw new Error(`still there: ${found.join()}`);
    }, PATIENCE);
  }

  async crds(): Promise<readonly string[]> {
    const { output } = await this.kubectl("get", "crd", "-o", "name");
    return output.split("\n").filter((line) => line.endsWith(".iam.instanceprofile.dev"));
  }

  #profiles(namespace: string): string {
    return `/apis/${API}/namespaces/${namespace}/instanceprofiles`;
  }

  async #assertReady(namespace: string, name: string): Promise<void> {
    const { status } = await this.admin.expectOk({ method: "GET", path: `${this.#profiles(namespace)}/${name}` });
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string; reason: string }[] };
    const ready = conditions.find(({ type }) => type === "Ready");
    if (ready?.status !== "True") throw new Error(`${namespace}/${name}: ${JSON.stringify(ready)}`);
  }

  async #apply(
    collection: string,
    kind: string,
    metadata: { readonly name: string; readonly namespace?: string },
    spec?: object,
  ): Promise<void> {
    const body = { apiVersion: kind === "Namespace" ? "v1" : API, kind, metadata, ...(spec && { spec }) };
    const path = `${collection}/${metadata.name}?fieldManager=team&force=true`;
    const apply = (): Promise<unknown> =>
      this.admin.expectOk({ method: "PATCH", path, body, contentType: "application/apply-patch+yaml" });
    // The API server serves a new CRD, and reads the class of an object, a moment later.
    await eventually(apply, PATIENCE);
  }

  async #untilServed(): Promise<void> {
    for (const plural of ["instanceprofiles", "instanceprofileclasses"])
      await eventually(() => this.admin.expectOk({ method: "GET", path: `/apis/${API}/${plural}?limit=1` }), PATIENCE);
  }

  async #expect(command: Promise<Shell>): Promise<void> {
    const { status, output } = await command;
    if (status !== 0 || output.includes("currently being deleted")) throw new Error(output);
  }

  async #shell(file: string, args: readonly string[]): Promise<Shell> {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
    const [code]: unknown[] = await once(child, "close");
    return { status: typeof code === "number" ? code : 1, output: Buffer.concat(output).toString("utf8") };
  }
}
