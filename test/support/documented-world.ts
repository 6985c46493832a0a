import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { startControllerManager } from "./controller-manager.ts";
import { type KubeApi, openKubeApi } from "./kube-api.ts";
import { serviceAccountToken, writeKubeconfig } from "./kubeconfig.ts";
import { type Moto, startMoto } from "./moto.ts";
import { PROGRAM } from "./program.ts";
import { type BackgroundProcess, startProcess } from "./run-process.ts";

const ROOT = join(import.meta.dirname, "../..");
const SYSTEM = "instance-profile-system";
const DEPLOYMENT = `/apis/apps/v1/namespaces/${SYSTEM}/deployments/instance-profile-controller`;
/** As docs/getting-started/cluster.md forwards it. */
const FORWARDED = "http://127.0.0.1:5000";
/** Of moto in the cluster, as the deployment has it. */
const IN_CLUSTER = "http://moto.moto.svc:443";

/** How a line of a shell ended. */
export interface ShellResult {
  readonly status: number;
  readonly output: string;
}

/** The shell of a reader of the docs: a real cluster, moto, and a folder that has what a clone has. */
export class DocumentedWorld {
  /** Where the commands run. */
  readonly folder: string;
  readonly #home: string;
  readonly #controlPlane: ControlPlane;
  readonly #manager: BackgroundProcess;
  readonly #moto: Moto;
  readonly #admin: KubeApi;
  readonly #env: Record<string, string>;
  #pod: BackgroundProcess | undefined;

  private constructor(home: string, controlPlane: ControlPlane, manager: BackgroundProcess, moto: Moto) {
    this.#home = home;
    this.folder = join(home, "clone");
    this.#controlPlane = controlPlane;
    this.#manager = manager;
    this.#moto = moto;
    this.#admin = openKubeApi(controlPlane.adminKubeconfig);
    this.#env = {
      HOME: home,
      KUBECONFIG: controlPlane.adminKubeconfig,
      PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`,
      AWS_PAGER: "",
    };
  }

  static async open(assetsDir: string, manager: string, motoServer: string): Promise<DocumentedWorld> {
    const home = await mkdtemp(join(tmpdir(), "documented-"));
    for (const folder of ["clone", "bin"]) await mkdir(join(home, folder));
    for (const part of ["crds", "deploy", "docs"]) await symlink(join(ROOT, part), join(home, "clone", part));
    // As npx in a clone does it, without the seconds that npm takes.
    const npx = join(home, "bin/npx");
    await writeFile(
      npx,
      `#!/bin/sh\n[ "$1 $2" = "--no instance-profile-controller" ] || exit 64\nshift 2\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`,
    );
    await chmod(npx, 0o755);
    const [controlPlane, moto] = await Promise.all([
      startControlPlane({ assetsDir }),
      startMoto({ command: motoServer }),
    ]);
    return new DocumentedWorld(
      home,
      controlPlane,
      startControllerManager(manager, controlPlane.adminKubeconfig, home),
      moto,
    );
  }

  async close(): Promise<void> {
    await this.#pod?.stop();
    await this.#manager.stop();
    await this.#moto.stop();
    await this.#controlPlane.stop();
    await rm(this.#home, { recursive: true });
  }

  /** A file of the reader, from the clone. */
  async file(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  /** Runs a line as it stands. An `export` holds for the lines after it; the forwarded port is moto's own. */
  async type(line: string): Promise<ShellResult> {
    for (const [, name = "", value = ""] of line.startsWith("export ") ? line.matchAll(/([A-Z_]+)=(\S+)/g) : [])
      this.#env[name] = value === FORWARDED ? this.#moto.endpoint : value;
    const shell = spawn("sh", ["-c", line], { cwd: this.folder, env: this.#env });
    const output: Buffer[] = [];
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
    const [status]: unknown[] = await once(shell, "close");
    return { status: Number(status), output: Buffer.concat(output).toString("utf8") };
  }

  /** Starts what the kubelet would: the process of the deployment, with its arguments and environment. Resolves when it leads. */
  async startPod(): Promise<void> {
    await this.stopPod();
    const { args, env } = await this.#container();
    if (env["AWS_ENDPOINT_URL"] !== IN_CLUSTER) throw new Error(`the deployment has AWS at ${env["AWS_ENDPOINT_URL"]}`);
    const token = await serviceAccountToken(this.#admin, SYSTEM, "instance-profile-controller");
    const kubeconfig = await writeKubeconfig(this.#home, this.#admin, token);
    const own = [...args.filter((arg) => !arg.includes("bind-address")), "--kubeconfig", kubeconfig];
    const pod = startProcess(process.execPath, [PROGRAM, ...own, "--leader-elect-namespace", SYSTEM], {
      logFile: join(this.#home, "pod.log"),
      env: { ...env, AWS_ENDPOINT_URL: this.#moto.endpoint },
    });
    this.#pod = pod;
    await pod.untilReady(async () => pod.output().includes("successfully acquired lease") || undefined, 60_000);
  }

  /** What happens to the pods of a deployment that is deleted. */
  async stopPod(): Promise<void> {
    await this.#pod?.stop();
    this.#pod = undefined;
  }

  async #container(): Promise<{ readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }> {
    const deployment = (await this.#admin.expectOk({ method: "GET", path: DEPLOYMENT })) as unknown as Deployment;
    const [{ args, env } = { args: [], env: [] }] = deployment.spec.template.spec.containers;
    return { args, env: Object.fromEntries(env.map(({ name, value = "" }) => [name, value])) };
  }
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}
