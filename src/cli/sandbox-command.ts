import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceProfileStatus } from "../api/instance-profile.ts";
import { loadKubeConfig } from "../kube/kube-config.ts";
import { systemClock } from "../runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../sandbox/kube/server.ts";
import type { Command } from "./command.ts";
import { type ControllerProcess, DEFAULT_SETTINGS, NO_LISTENERS, startController } from "./controller-process.ts";
import { readShippedCrd, samplePath } from "./crd-file.ts";
import { type CommandIo, EXIT } from "./io.ts";
import { createLogger } from "./logger.ts";
import { readManifests } from "./manifests.ts";
import { type GivenOptions, wholeNumber } from "./options.ts";
import { stopAsked } from "./run-command.ts";
import { applyToSandbox, type SandboxObject, statusOnceSettled } from "./sandbox-client.ts";

/** The sandbox answers in milliseconds; a manifest that is not settled by then says what it waits for in its status. */
const SETTLE_TIMEOUT_MS = 15_000;
const PORT_RANGE = { fallback: 0, min: 0, max: 65_535 };

/** Runs the real controller against an embedded Kubernetes API and an embedded AWS. */
export const sandboxCommand: Command = {
  name: "sandbox",
  summary: "run the controller in a sandbox: no cluster, no AWS account",
  description: [
    "Runs the controller against an embedded Kubernetes API and an embedded AWS, applies manifests and shows what becomes",
    "of them, then stays up for kubectl and the AWS CLI. It listens on 127.0.0.1 only, and keeps nothing.",
  ].join("\n"),
  options: {
    apply: { type: "string", multiple: true, value: "FILE|DIR|-", help: "manifests to apply; default: a sample" },
    once: { type: "boolean", help: "end when the manifests are ready; exit status 1 when one is not" },
    "no-controller": { type: "boolean", help: "only the two APIs, to run a controller of your own against" },
    "kubeconfig-out": {
      type: "string",
      value: "FILE",
      help: "where to write the kubeconfig; default: a temporary file",
    },
    "kube-port": { type: "string", value: "N", help: "port of the Kubernetes API; default: any free one" },
    "aws-port": { type: "string", value: "N", help: "port of AWS; default: any free one" },
    "log-level": { type: "string", value: "LEVEL", help: "of the controller, on standard error; default error" },
  },
  run: runSandbox,
};

async function runSandbox(given: GivenOptions, io: CommandIo): Promise<number> {
  const kube = await startKubeApi({
    port: wholeNumber("kube-port", given.text("kube-port"), PORT_RANGE),
    definitions: [readShippedCrd()],
  });
  const aws = await startAwsSandbox({ port: wholeNumber("aws-port", given.text("aws-port"), PORT_RANGE) });
  let controller: ControllerProcess | undefined;
  try {
    const kubeconfig = writeKubeconfig(kube, given.text("kubeconfig-out"));
    io.out(introduction(kube, aws, kubeconfig));
    if (!given.flag("no-controller")) controller = await startInside(kubeconfig, aws, given, io);
    const isAllReady = await applyAll(kube, given, io);
    if (given.flag("once")) return isAllReady ? EXIT.ok : EXIT.error;
    io.out(suggestions());
    await stopAsked(io.stop);
    return EXIT.ok;
  } finally {
    await controller?.stop();
    await Promise.all([kube.close(), aws.close()]);
  }
}

function startInside(
  kubeconfig: string,
  aws: AwsSandbox,
  given: GivenOptions,
  io: CommandIo,
): Promise<ControllerProcess> {
  return startController(
    {
      cluster: loadKubeConfig({ path: kubeconfig, env: {}, clock: systemClock }),
      aws: {
        endpoint: aws.url,
        region: "us-east-1",
        credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
      },
      namespace: undefined,
      clusterId: undefined,
      expectedAccountId: undefined,
      settings: DEFAULT_SETTINGS,
      listen: NO_LISTENERS,
      logger: createLogger(given.text("log-level") ?? "error"),
    },
    io.stop,
  );
}

async function applyAll(kube: KubeApi, given: GivenOptions, io: CommandIo): Promise<boolean> {
  const named = given.list("apply");
  const paths = named.length > 0 ? named : [samplePath("s3-read-only.yaml")];
  let isAllReady = true;
  for (const { source, value } of await readManifests(paths, io.readInput)) {
    const object = await applyToSandbox(kube.url, value);
    io.out(`Applied ${source}\n`);
    if (given.flag("no-controller")) continue;
    isAllReady = (await showOutcome(kube, object, io)) && isAllReady;
  }
  return isAllReady;
}

async function showOutcome(kube: KubeApi, object: SandboxObject, io: CommandIo): Promise<boolean> {
  const startMs = systemClock.monotonicMs();
  const signal = AbortSignal.any([io.stop, AbortSignal.timeout(SETTLE_TIMEOUT_MS)]);
  const status = await statusOnceSettled(kube.url, object, signal);
  const elapsedMs = Math.round(systemClock.monotonicMs() - startMs);
  io.out(`${describeStatus(object, status)}\n  after ${elapsedMs} ms\n`);
  return isReady(status);
}

function isReady(status: InstanceProfileStatus): boolean {
  return status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

function describeStatus({ namespace, name }: SandboxObject, status: InstanceProfileStatus): string {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return [
    `  InstanceProfile ${namespace}/${name}: Ready=${ready?.status} ${ready?.reason}: ${ready?.message}`,
    `  role              ${status.role?.arn ?? "-"}`,
    `  instance profile  ${status.instanceProfile?.arn ?? "-"}`,
  ].join("\n");
}

function writeKubeconfig(kube: KubeApi, path: string | undefined): string {
  const target = path ?? join(mkdtempSync(join(tmpdir(), "instance-profile-sandbox-")), "kubeconfig");
  writeFileSync(target, kube.kubeconfig(), { mode: 0o600 });
  return target;
}

function introduction(kube: KubeApi, aws: AwsSandbox, kubeconfig: string): string {
  return [
    "Sandbox: an embedded Kubernetes API and an embedded AWS, on 127.0.0.1 only. It keeps nothing.",
    "",
    `  Kubernetes  ${kube.url}`,
    `  AWS         ${aws.url}  (account ${aws.accountId})`,
    "",
    "  To use it from another shell:",
    `    export KUBECONFIG=${kubeconfig}`,
    `    export AWS_ENDPOINT_URL=${aws.url} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox`,
    "",
    "",
  ].join("\n");
}

function suggestions(): string {
  return [
    "",
    "Try:",
    "  kubectl get iprof -o wide",
    "  kubectl describe iprof s3-read-only",
    "  kubectl explain iprof.spec.statements",
    "  aws iam get-role-policy --role-name s3-read-only --policy-name s3-read-only",
    "  aws iam delete-role-policy --role-name s3-read-only --policy-name s3-read-only",
    "  kubectl annotate iprof s3-read-only iam.instanceprofile.dev/reconcile-at=$(date +%s) --overwrite",
    "",
    "Ctrl-C ends it.",
    "",
  ].join("\n");
}
