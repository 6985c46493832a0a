/**
 * Runs the e2e tests against a real kube-apiserver and a stand-in for AWS:
 *
 *     npm run e2e [-- --allow-missing] [VITEST ARGUMENT...]
 *
 * The API server: the current kubeconfig with USE_EXISTING_CLUSTER=true, else etcd and kube-apiserver from
 * KUBEBUILDER_ASSETS (default /usr/local/kubebuilder/bin). AWS: AWS_ENDPOINT_URL, else moto_server from the PATH. Both are
 * started once and end with the run. What is not there fails the run, by name; with --allow-missing the tests that need
 * it are skipped. test/support/e2e-environment.ts is how a test finds them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlPlaneSource, findControlPlane, startControlPlane } from "../test/support/control-plane.ts";
import { type E2eEnvironment, toVariables } from "../test/support/e2e-environment.ts";
import { openKubeApi } from "../test/support/kube-api.ts";
import { copyCurrentKubeconfig } from "../test/support/kubeconfig.ts";
import { type AwsSource, findAws, startMoto } from "../test/support/moto.ts";

const ALLOW_MISSING = "--allow-missing";
const SHARED = ["--project", "e2e"];
const APART = ["--project", "e2e-apart"];
const VITEST = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");

type Stop = () => Promise<void>;
type KubePart = Pick<E2eEnvironment, "adminKubeconfig" | "auditLog" | "etcdUrl">;
type AwsPart = Pick<E2eEnvironment, "awsEndpoint" | "isAwsOurs">;

// First the tests end, then the servers. A second signal changes nothing; SIGKILL leaves the servers to their guards.
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const controlPlane = findControlPlane(process.env);
  const aws = findAws(process.env);
  const missing = [controlPlane, aws].flatMap((source) => (source.kind === "missing" ? [source.howToGetIt] : []));
  for (const text of missing) console.error(`e2e: ${text}`);
  if (missing.length > 0 && !args.includes(ALLOW_MISSING)) {
    console.error(`e2e: nothing was run; ${ALLOW_MISSING} runs what can be run and skips the rest`);
    return 1;
  }
  const stops: Stop[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), "e2e-"));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const environment = {
      folder,
      ...(await openControlPlane(controlPlane, folder, stops)),
      ...(await openAws(aws, stops)),
    };
    return await runAll(
      args.filter((arg) => arg !== ALLOW_MISSING),
      environment,
    );
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function openControlPlane(source: ControlPlaneSource, folder: string, stops: Stop[]): Promise<KubePart> {
  if (source.kind === "missing") return { adminKubeconfig: undefined, auditLog: undefined, etcdUrl: undefined };
  if (source.kind === "existing") {
    const adminKubeconfig = await copyCurrentKubeconfig(folder);
    console.error(`e2e: using the cluster at ${openKubeApi(adminKubeconfig).url}`);
    return { adminKubeconfig, auditLog: undefined, etcdUrl: undefined };
  }
  console.error(`e2e: starting etcd and kube-apiserver of ${source.assetsDir}`);
  const controlPlane = await startControlPlane(source);
  stops.push(controlPlane.stop);
  return controlPlane;
}

async function openAws(source: AwsSource, stops: Stop[]): Promise<AwsPart> {
  if (source.kind === "missing") return { awsEndpoint: undefined, isAwsOurs: false };
  if (source.kind === "endpoint") {
    console.error(`e2e: using AWS at ${source.endpoint}`);
    return { awsEndpoint: source.endpoint, isAwsOurs: false };
  }
  console.error(`e2e: starting ${source.command}`);
  const moto = await startMoto(source);
  stops.push(moto.stop);
  return { awsEndpoint: moto.endpoint, isAwsOurs: true };
}

/** The tests that share the servers one after the other, and beside them those that have servers of their own. */
async function runAll(args: readonly string[], environment: E2eEnvironment): Promise<number> {
  if (args.length > 0) return (await runVitest([SHARED, APART, args].flat(), environment, "inherit")).code;
  const apart = runVitest(APART, environment, "pipe");
  const shared = await runVitest(SHARED, environment, "inherit");
  const { code, output } = await apart;
  process.stdout.write(output);
  return Math.max(shared.code, code);
}

async function runVitest(
  args: readonly string[],
  environment: E2eEnvironment,
  stdout: "inherit" | "pipe",
): Promise<{ readonly code: number; readonly output: string }> {
  if (interruption.signal.aborted) return { code: 1, output: "" };
  const vitest = spawn(process.execPath, [VITEST, "run", "--no-file-parallelism", ...args], {
    stdio: ["ignore", stdout, "inherit"],
    env: { ...process.env, ...toVariables(environment) },
  });
  interruption.signal.addEventListener("abort", () => vitest.kill("SIGTERM"));
  const output: Buffer[] = [];
  vitest.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  const [code]: unknown[] = await once(vitest, "close");
  return { code: typeof code === "number" ? code : 1, output: Buffer.concat(output).toString("utf8") };
}
