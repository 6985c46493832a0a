import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type KubeApi, openKubeApi } from "./kube-api.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { type BackgroundProcess, startProcess } from "./run-process.ts";

const DEFAULT_ASSETS = "/usr/local/kubebuilder/bin";
const READY_WITHIN_MS = 60_000;

/**
 * What the audit log holds: everything that service accounts ask for, so that a test can hold the shipped RBAC against what
 * the controller really does.
 */
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }],
};

/** Where an API server for tests can come from. */
export type ControlPlaneSource =
  | { readonly kind: "assets"; readonly assetsDir: string }
  | { readonly kind: "existing" }
  | { readonly kind: "missing"; readonly howToGetIt: string };

/** A kube-apiserver with its etcd on 127.0.0.1: no controllers, no kubelets, so nothing collects garbage or ends namespaces. */
export interface ControlPlane {
  readonly url: string;
  /** The kubeconfig of the administrator. */
  readonly adminKubeconfig: string;
  readonly adminToken: string;
  /** The certificate to trust, as a file. */
  readonly caPath: string;
  readonly etcdUrl: string;
  /** JSON lines of type audit.k8s.io/v1 Event, one for each request of a service account. */
  readonly auditLog: string;
  /** Ends the API server alone: etcd keeps what there is. */
  stopApiServer(): Promise<void>;
  /** Starts the API server again, at the same address; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Ends both processes, keeps a copy of what etcd has, and starts both again. */
  backUp(): Promise<void>;
  /** Ends both processes, puts the copy in the place of what etcd has, and starts both again. */
  restore(): Promise<void>;
  /** Ends both processes and removes everything they wrote. */
  stop(): Promise<void>;
}

/** Looks at `USE_EXISTING_CLUSTER` (the current kubeconfig), then `KUBEBUILDER_ASSETS`, then kubebuilder's usual folder. */
export function findControlPlane(env: NodeJS.ProcessEnv): ControlPlaneSource {
  if (env["USE_EXISTING_CLUSTER"] === "true") return { kind: "existing" };
  const assetsDir = env["KUBEBUILDER_ASSETS"] ?? DEFAULT_ASSETS;
  const absent = ["etcd", "kube-apiserver"].filter((name) => !existsSync(join(assetsDir, name)));
  if (absent.length === 0) return { kind: "assets", assetsDir };
  const howToGetIt =
    `${absent.join(" and ")} not found in ${assetsDir}: get them as .github/workflows/e2e.yaml does and name ` +
    "their folder in KUBEBUILDER_ASSETS, or set USE_EXISTING_CLUSTER=true to use the cluster of the current kubeconfig";
  return { kind: "missing", howToGetIt };
}

/** What a control plane is started from. */
export interface ControlPlaneOptions {
  readonly assetsDir: string;
  /** More flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
}

/**
 * Starts etcd and kube-apiserver from `assetsDir` with RBAC and an audit log.
 *
 * Errors: either ends or is not ready in time; the error has what it wrote last.
 */
export async function startControlPlane({
  assetsDir,
  apiServerFlags = [],
}: ControlPlaneOptions): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "control-plane-"));
  const [clientPort, peerPort, securePort] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const adminToken = randomBytes(16).toString("hex");
  await writeServerFiles(folder, adminToken);
  const startEtcd = (): BackgroundProcess =>
    startProcess(join(assetsDir, "etcd"), etcdFlags(folder, etcdUrl, `http://127.0.0.1:${peerPort}`), {
      logFile: join(folder, "etcd.log"),
    });
  let etcd = startEtcd();
  const flags = [...apiServerFlagsOf(folder, etcdUrl, securePort), ...apiServerFlags];
  const startServer = (): BackgroundProcess =>
    startProcess(join(assetsDir, "kube-apiserver"), flags, { logFile: join(folder, "kube-apiserver.log") });
  let apiServer = startServer();
  const url = `https://127.0.0.1:${securePort}`;
  const caPath = join(folder, "certs/apiserver.crt");
  const untilReady = (): Promise<string> =>
    apiServer.untilReady(async () => {
      const certificateAuthority = await readFile(caPath, "utf8");
      const path = await writeKubeconfig(folder, { url, certificateAuthority }, adminToken);
      return (await isReady(openKubeApi(path))) ? path : undefined;
    }, READY_WITHIN_MS);
  const stop = async (): Promise<void> => {
    await apiServer.stop();
    await etcd.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const whileStopped = async (change: () => Promise<void>): Promise<void> => {
    await apiServer.stop();
    await etcd.stop();
    await change();
    etcd = startEtcd();
    apiServer = startServer();
    await untilReady();
  };
  const [data, copy] = [join(folder, "etcd"), join(folder, "etcd-backup")];
  try {
    const adminKubeconfig = await untilReady();
    const auditLog = join(folder, "audit.log");
    return {
      ...{ url, adminKubeconfig, adminToken, caPath, etcdUrl, auditLog, stop },
      stopApiServer: () => apiServer.stop(),
      async startApiServer() {
        apiServer = startServer();
        await untilReady();
      },
      backUp: () => whileStopped(() => cp(data, copy, { recursive: true })),
      restore: () =>
        whileStopped(async () => {
          await rm(data, { recursive: true });
          await cp(copy, data, { recursive: true });
        }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ready, and past the moment when it has made its own namespaces (the cluster id is the uid of one). */
async function isReady(api: KubeApi): Promise<boolean> {
  const ready = await api.request({ method: "GET", path: "/readyz" });
  if (ready.status !== 200) return false;
  const namespaces = ["kube-system", "default"].map((name) =>
    api.request({ method: "GET", path: `/api/v1/namespaces/${name}` }),
  );
  return (await Promise.all(namespaces)).every(({ status }) => status === 200);
}

async function writeServerFiles(folder: string, adminToken: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  await mkdir(join(folder, "certs"));
  await writeFile(join(folder, "sa.pub"), publicKey);
  await writeFile(join(folder, "sa.key"), privateKey, { mode: 0o600 });
  await writeFile(join(folder, "tokens.csv"), `${adminToken},admin,admin-uid,"system:masters"\n`, { mode: 0o600 });
  await writeFile(join(folder, "audit-policy.json"), JSON.stringify(AUDIT_POLICY));
}

function etcdFlags(folder: string, clientUrl: string, peerUrl: string): readonly string[] {
  return [
    "--name=test",
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=test=${peerUrl}`,
    "--unsafe-no-fsync=true",
    "--log-level=warn",
  ];
}

function apiServerFlagsOf(folder: string, etcdUrl: string, securePort: number): readonly string[] {
  return [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--endpoint-reconciler-type=none",
    `--secure-port=${securePort}`,
    `--cert-dir=${folder}/certs`,
    `--etcd-servers=${etcdUrl}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${folder}/sa.pub`,
    `--service-account-signing-key-file=${folder}/sa.key`,
    "--authorization-mode=RBAC",
    `--token-auth-file=${folder}/tokens.csv`,
    `--audit-policy-file=${folder}/audit-policy.json`,
    `--audit-log-path=${folder}/audit.log`,
    "--service-cluster-ip-range=10.0.0.0/24",
    // Nobody makes service accounts or their tokens here; tests ask for those they need.
    "--disable-admission-plugins=ServiceAccount",
    "--allow-privileged=true",
  ];
}
