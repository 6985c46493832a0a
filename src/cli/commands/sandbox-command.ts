import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { CLASS_KIND } from "../../api/instance-profile-class.ts";
import { loadKubeConfig } from "../../kube/kube-config.ts";
import { systemClock } from "../../runtime/clock.ts";
import { INSTANCE_CREDENTIALS_MS } from "../../sandbox/aws/imds/role-credentials.ts";
import { type AwsSandbox, startAwsSandbox } from "../../sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../sandbox/kube/server.ts";
import { DEFAULT_INSTANCES } from "../aws-options.ts";
import type { Command } from "../command.ts";
import { CONTROLLER_OPTIONS, controllerChoices } from "../controller/controller-options.ts";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../controller/controller-process.ts";
import { type CommandIo, EXIT, UsageError } from "../io.ts";
import { createLogger } from "../logging/logger.ts";
import { readShippedCrds, samplePath } from "../manifests/crd-file.ts";
import { fileFault } from "../manifests/manifest-files.ts";
import { readManifests } from "../manifests/manifests.ts";
import { durationMs, type GivenOptions, wholeNumber } from "../options.ts";
import { SANDBOX_RATES, SANDBOX_REGION, sandboxQueues } from "../sandbox/sandbox-aws.ts";
import {
  applyClassToSandbox,
  applyToSandbox,
  type SandboxObject,
  waitForFinalStatus,
} from "../sandbox/sandbox-client.ts";
import { Story } from "../sandbox/sandbox-story.ts";
import {
  introduction,
  outcomeOf,
  type SandboxPlaces,
  suggestions,
  suggestionsWithoutController,
} from "../sandbox/sandbox-text.ts";
import { playStory } from "../sandbox/story-chapters.ts";
import { logLevel, stopRequested } from "./run-command.ts";

/** The sandbox answers in milliseconds. The status of a manifest that is not ready by then says what it waits for. */
const READY_TIMEOUT_MS = 15_000;
/** What blocks an object in the sandbox is removed while the user looks on. */
const SANDBOX_INTERVALS = { ...DEFAULT_SETTINGS.intervals, blockedRetryMs: 500 };
/** Short, because the user waits for two rotations, and long enough for a busy machine. */
const STORY_CREDENTIAL_MS = 6_000;
const MIN_CREDENTIAL_MS = 2_000;
const PORT_RANGE = { fallback: 0, min: 0, max: 65_535 };

/** Runs the real controller against an embedded Kubernetes API and an embedded AWS. */
export const sandboxCommand: Command = {
  description: [
    "Runs the controller against an embedded Kubernetes API and an embedded AWS, applies manifests, shows the result, and",
    "keeps running for kubectl and the AWS CLI. Without --apply it also starts instances with the sample's profile and shows",
    "what a program on them is allowed to do, to the deletion of the profile. Listens on 127.0.0.1 only and stores nothing.",
  ].join("\n"),
  options: {
    apply: { type: "string", multiple: true, value: "FILE|DIR|-", help: "manifests to apply; default: a sample" },
    class: {
      type: "string",
      multiple: true,
      value: "FILE|DIR|-",
      help: "InstanceProfileClasses to apply before the controller starts; repeatable",
    },
    once: { type: "boolean", help: "exit when the manifests are ready; exit status 1 if one is not" },
    "credential-lifetime": {
      type: "string",
      value: "DURATION",
      help: "how long the credentials of instances last; default 6h, and 6s while the sample is shown",
    },
    ...CONTROLLER_OPTIONS,
    "no-controller": { type: "boolean", help: "start only the two APIs, for a controller that you run yourself" },
    "kubeconfig-out": {
      type: "string",
      value: "FILE",
      help: "file to write the kubeconfig to; default: a temporary file",
    },
    "kube-port": { type: "string", value: "N", help: "port of the Kubernetes API; default: any free port" },
    "aws-port": { type: "string", value: "N", help: "port of AWS; default: any free port" },
    "log-level": {
      type: "string",
      value: "LEVEL",
      help: "log level of the controller, which logs to standard error; default error",
    },
  },
  run: runSandbox,
};

async function runSandbox(given: GivenOptions, io: CommandIo): Promise<number> {
  const level = logLevel(given.text("log-level") ?? "error");
  const choices = controllerChoices(given);
  const sandbox = await openSandbox(given);
  let controller: ControllerProcess | undefined;
  try {
    io.out(introduction(sandbox.places));
    await applyClasses(sandbox.places.kubeUrl, given, io);
    if (!given.flag("no-controller")) {
      controller = await startInside(sandbox, { level, ...choices }, io);
    }
    const isAsExpected = await showAll(sandbox, given, io);
    if (given.flag("once")) return isAsExpected ? EXIT.ok : EXIT.error;
    await stopRequested(io.stop);
    return EXIT.ok;
  } catch (error) {
    if (!io.stop.aborted) throw error;
    return EXIT.error;
  } finally {
    await controller?.stop();
    await sandbox.close();
  }
}

/** Applies the manifests, runs the sample's demo and suggests next steps. Returns whether everything went as expected. */
async function showAll(sandbox: Sandbox, given: GivenOptions, io: CommandIo): Promise<boolean> {
  const { first, isAllReady } = await applyAll(sandbox.places.kubeUrl, given, io);
  if (given.flag("no-controller")) {
    if (!given.flag("once")) io.out(suggestionsWithoutController(sandbox.places));
    return isAllReady;
  }
  const isSample = given.list("apply").length === 0;
  if (!isAllReady || !isSample) {
    if (!given.flag("once")) io.out(suggestions(sandbox.places, first.object, undefined));
    return isAllReady;
  }
  const story = storyOf(sandbox, first, given, io);
  const isAsExpected = await playStory(story);
  if (given.flag("once")) return isAsExpected;
  sandbox.aws.setCredentialLifetime(credentialLifetimeMs(given, INSTANCE_CREDENTIALS_MS));
  io.out(suggestions(sandbox.places, first.object, await story.reopen()));
  return isAsExpected;
}

/** The two APIs, and the kubeconfig file for the Kubernetes one. */
interface Sandbox {
  readonly places: SandboxPlaces;
  readonly aws: AwsSandbox;
  close(): Promise<void>;
}

async function openSandbox(given: GivenOptions): Promise<Sandbox> {
  const definitions = readShippedCrds();
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((server) => server.close()));
  };
  try {
    const kube = await listening("kube-port", given, (port) => startKubeApi({ port, definitions }));
    opened.push(kube);
    const aws = await listening("aws-port", given, (port) => startAwsSandbox({ port }));
    opened.push(aws);
    aws.setCredentialLifetime(credentialLifetimeMs(given, INSTANCE_CREDENTIALS_MS));
    const { path, remove } = writeKubeconfig(kube, given.text("kubeconfig-out"));
    return {
      aws,
      places: { kubeUrl: kube.url, awsUrl: aws.url, accountId: aws.accountId, kubeconfig: path },
      async close() {
        remove();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts a server on the port that an option names. Errors: UsageError when the port is not available. */
async function listening<T>(option: string, given: GivenOptions, start: (port: number) => Promise<T>): Promise<T> {
  const port = wholeNumber(option, given.text(option), PORT_RANGE);
  try {
    return await start(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new UsageError(
      `--${option}: cannot listen on port ${port} (${code}). Choose another port or omit --${option}.`,
    );
  }
}

/** The controller settings that a user of the sandbox can choose. */
interface InsideSettings extends ReturnType<typeof controllerChoices> {
  readonly level: string;
}

function startInside(
  { places }: Sandbox,
  { level, clusterId, settings }: InsideSettings,
  io: CommandIo,
): Promise<ControllerProcess> {
  return startController(
    {
      cluster: loadKubeConfig({ path: places.kubeconfig, env: {}, clock: systemClock }),
      aws: {
        endpoint: places.awsUrl,
        region: SANDBOX_REGION,
        credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
      },
      awsRates: SANDBOX_RATES,
      clusterId,
      expectedAccountId: undefined,
      // The sandbox has no eventual consistency: a read that differs from a write is drift, however soon it comes.
      settings: { ...DEFAULT_SETTINGS, ...settings, intervals: SANDBOX_INTERVALS, propagationWindowMs: 0 },
      instances: { ...DEFAULT_INSTANCES, intervalMs: 500 },
      eventQueues: sandboxQueues(places),
      listen: NO_LISTENERS,
      logger: createLogger(level),
    },
    io.stop,
  );
}

/** Applies the classes. Called before the controller starts, so that it observes them before any object. */
async function applyClasses(kubeUrl: string, given: GivenOptions, io: CommandIo): Promise<void> {
  const paths = given.list("class");
  if (paths.length === 0) return;
  for (const { source, value } of await readManifests(paths, io.readInput, CLASS_KIND)) {
    await applyClassToSandbox(kubeUrl, value);
    io.out(`Applied ${source}`);
  }
}

/** A manifest and the object that the API server created from it. */
interface Applied {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly object: SandboxObject;
}

async function applyAll(
  kubeUrl: string,
  given: GivenOptions,
  io: CommandIo,
): Promise<{ readonly first: Applied; readonly isAllReady: boolean }> {
  const named = given.list("apply");
  const manifests = await readManifests(named.length > 0 ? named : [samplePath("s3-read-only.yaml")], io.readInput);
  const all: Applied[] = [];
  let isAllReady = true;
  for (const { source, value } of manifests) {
    const object = await applyToSandbox(kubeUrl, value);
    all.push({ manifest: value, object });
    io.out(`Applied ${source}`);
    if (given.flag("no-controller")) continue;
    isAllReady = (await showOutcome(kubeUrl, object, io)) && isAllReady;
  }
  const [first] = all;
  if (first === undefined) throw new Error("readManifests returned no manifest, contrary to its contract");
  return { first, isAllReady };
}

function storyOf({ places, aws }: Sandbox, applied: Applied, given: GivenOptions, io: CommandIo): Story {
  const { kubeUrl, awsUrl } = places;
  const metadataUrl = (instanceId: string): Promise<string> => aws.metadataUrl(instanceId);
  const credentialMs = credentialLifetimeMs(given, STORY_CREDENTIAL_MS);
  aws.setCredentialLifetime(credentialMs);
  return new Story({ kubeUrl, awsUrl, metadataUrl }, applied, { io, timeoutMs: READY_TIMEOUT_MS, credentialMs });
}

function credentialLifetimeMs(given: GivenOptions, fallbackMs: number): number {
  return durationMs("credential-lifetime", given.text("credential-lifetime"), fallbackMs, MIN_CREDENTIAL_MS);
}

async function showOutcome(kubeUrl: string, object: SandboxObject, io: CommandIo): Promise<boolean> {
  const startMs = systemClock.monotonicMs();
  const status = await waitForFinalStatus(kubeUrl, object, { timeoutMs: READY_TIMEOUT_MS, signal: io.stop });
  io.out(outcomeOf(object, status, Math.round(systemClock.monotonicMs() - startMs)));
  return isReady(status);
}

function isReady(status: InstanceProfileStatus): boolean {
  return status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;
}

/** Writes the kubeconfig and returns its path. `remove` deletes it unless the user chose the path. */
function writeKubeconfig(kube: KubeApi, chosen: string | undefined): { readonly path: string; remove(): void } {
  const folder = chosen === undefined ? mkdtempSync(join(tmpdir(), "instance-profile-sandbox-")) : undefined;
  const path = chosen ?? join(folder ?? "", "kubeconfig");
  try {
    writeFileSync(path, kube.kubeconfig(), { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`--kubeconfig-out: ${path} ${fileFault(error as NodeJS.ErrnoException)}`);
  }
  return {
    path,
    remove() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
