import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type Cluster, type Context, KubeConfig, type User } from "@kubernetes/client-node";
import { TerminalError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { type CredentialSource, KubeConfigCredentials, type KubeIdentity } from "./credentials.ts";
import { type KubeConfigFile, readKubeConfigFile } from "./kube-config-file.ts";

/** Which cluster to speak to. */
export interface KubeConfigOptions {
  /** `--kubeconfig`: wins over everything else. */
  readonly path?: string;
  /** `--context`: instead of the file's current context. */
  readonly context?: string;
  /** The process's environment: KUBECONFIG, KUBERNETES_SERVICE_HOST and _PORT, HOME. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Where a pod finds its service account; tests put it elsewhere. */
  readonly serviceAccountDir?: string;
}

/** A cluster, who we are there, and where we live in it. */
export interface KubeCluster {
  /** Base URL without a slash at the end. */
  readonly server: string;
  readonly credentials: CredentialSource;
  /** The pod's namespace, or the context's; `default` when neither says. */
  readonly namespace: string;
  /** Where this was found, for the log: a file and context, or `in-cluster`. */
  readonly source: string;
  readonly proxyUrl?: string;
}

const inClusterDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster as controllers do: the given file, else KUBECONFIG (several files, the first to name a thing wins),
 * else the pod's service account, else ~/.kube/config. Plain `http://` servers are accepted.
 *
 * Errors: TerminalError that names the file and what is missing in it.
 */
export function loadKubeConfig(options: KubeConfigOptions): KubeCluster {
  const { env } = options;
  if (options.path !== undefined) return fromFiles([resolve(options.path)], options);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return fromFiles(listed, options);
  const serviceAccountDir = options.serviceAccountDir ?? inClusterDir;
  if (env["KUBERNETES_SERVICE_HOST"] && existsSync(join(serviceAccountDir, "token"))) {
    return fromServiceAccount(serviceAccountDir, options);
  }
  const home = join(env["HOME"] ?? "", ".kube", "config");
  if (existsSync(home)) return fromFiles([home], options);
  throw invalid("No cluster is configured: give --kubeconfig, set KUBECONFIG, or run inside a cluster");
}

function fromServiceAccount(dir: string, options: KubeConfigOptions): KubeCluster {
  const host = options.env["KUBERNETES_SERVICE_HOST"] ?? "";
  const port = options.env["KUBERNETES_SERVICE_PORT"] ?? "443";
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const namespaceFile = join(dir, "namespace");
  const cluster = { name: "in-cluster", server, caFile: join(dir, "ca.crt"), skipTLSVerify: false };
  const load = (): KubeIdentity => identityOf(cluster, { name: "service-account" }, join(dir, "token"));
  return {
    server,
    credentials: new KubeConfigCredentials(load, options.clock),
    namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, "utf8").trim() : "default",
    source: "in-cluster",
  };
}

function fromFiles(paths: readonly string[], options: KubeConfigOptions): KubeCluster {
  const choose = (): ChosenContext => chooseContext(readFiles(paths), options.context);
  const { cluster, context } = choose();
  const load = (): KubeIdentity => {
    const chosen = choose();
    return identityOf(chosen.cluster, chosen.user, chosen.tokenFile);
  };
  return {
    server: cluster.server,
    credentials: new KubeConfigCredentials(load, options.clock),
    namespace: context.namespace ?? "default",
    source: `${paths.join(delimiter)} (context ${context.name})`,
    ...(cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}),
  };
}

/** A kubeconfig of one cluster and one user, in which client-node refuses neither plain http nor an absent user. */
function identityOf(cluster: Cluster, user: User, tokenFile: string | undefined): KubeIdentity {
  const kubeConfig = new KubeConfig();
  const isPlain = cluster.server.startsWith("http:");
  kubeConfig.loadFromClusterAndUser(isPlain ? { ...cluster, skipTLSVerify: true } : cluster, user);
  return { kubeConfig, tokenFile };
}

/** All entries of the files, each with the file that it came from. */
interface MergedFiles {
  readonly description: string;
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly users: ReadonlyMap<string, { readonly user: User; readonly tokenFile: string | undefined }>;
}

interface ChosenContext {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly user: User;
  readonly tokenFile: string | undefined;
}

function readFiles(paths: readonly string[]): MergedFiles {
  const contexts = new Map<string, Context>();
  const clusters = new Map<string, Cluster>();
  const users = new Map<string, { readonly user: User; readonly tokenFile: string | undefined }>();
  let currentContext: string | undefined;
  // kubectl, too, passes over files of KUBECONFIG that do not exist, but not over the only one.
  const present = paths.length > 1 ? paths.filter((path) => existsSync(path)) : paths;
  for (const path of present) {
    const { kubeConfig, tokenFiles } = readOne(path);
    currentContext ??= kubeConfig.currentContext || undefined;
    for (const context of kubeConfig.contexts) addFirst(contexts, context.name, context);
    for (const cluster of kubeConfig.clusters) addFirst(clusters, cluster.name, cluster);
    for (const user of kubeConfig.users) addFirst(users, user.name, { user, tokenFile: tokenFiles.get(user.name) });
  }
  return { description: paths.join(delimiter), currentContext, contexts, clusters, users };
}

function readOne(path: string): KubeConfigFile {
  const file = readKubeConfigFile(path);
  if (typeof file !== "string") return file;
  throw invalid(`The kubeconfig ${path} cannot be read: ${file}`);
}

function chooseContext(files: MergedFiles, wanted: string | undefined): ChosenContext {
  const name = wanted ?? files.currentContext;
  const known = [...files.contexts.keys()].join(", ") || "none";
  if (name === undefined) {
    throw invalid(`${files.description} names no current context: give --context (there are: ${known})`);
  }
  const context = files.contexts.get(name);
  if (context === undefined) throw invalid(`${files.description} has no context ${name} (there are: ${known})`);
  const cluster = files.clusters.get(context.cluster);
  if (cluster === undefined) {
    throw invalid(`${files.description}: context ${name} names the cluster ${context.cluster}, which is not there`);
  }
  checkUrl(cluster.server, `${files.description}: cluster ${cluster.name}: server`, "https://host:port");
  if (cluster.proxyUrl) {
    checkUrl(cluster.proxyUrl, `${files.description}: cluster ${cluster.name}: proxy-url`, "http://host:port");
  }
  const { user, tokenFile } = files.users.get(context.user) ?? { user: { name: "anonymous" }, tokenFile: undefined };
  return { context, cluster, user, tokenFile };
}

/** The message leaves the URL out: it may hold a user and password in a form that cannot be told from the rest. */
function checkUrl(url: string, what: string, example: string): void {
  if (typeof url === "string" && URL.canParse(url) && /^(?:https?|socks5):/i.test(url)) return;
  throw invalid(`${what} is not a URL; write it as ${example}`);
}

function addFirst<T>(map: Map<string, T>, name: string, value: T): void {
  if (!map.has(name)) map.set(name, value);
}

/** Without a cause: that of a parser quotes what stands in the file. */
function invalid(message: string): TerminalError {
  return new TerminalError(message, { reason: "InvalidKubeConfig" });
}
