import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { type Cluster, type Context, KubeConfig, type User } from "@kubernetes/client-node";
import { LineCounter, parseDocument } from "yaml";
import { TerminalError } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { describeYamlFault } from "../text/yaml-fault.ts";
import { type CredentialSource, KubeConfigCredentials, type KubeIdentity } from "./credentials.ts";

/** How to find the cluster. */
export interface KubeConfigOptions {
  /** `--kubeconfig`: takes precedence. */
  readonly path?: string;
  /** `--context`: overrides the current context of the file. */
  readonly context?: string;
  /** The environment of the process: KUBECONFIG, KUBERNETES_SERVICE_HOST and _PORT, HOME. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Folder of the pod's service account; tests override it. */
  readonly serviceAccountDir?: string;
}

/** A cluster with the credentials for it. */
export interface KubeCluster {
  /** Base URL without a trailing slash. */
  readonly server: string;
  readonly credentials: CredentialSource;
  /** The namespace of the pod or the context; else `default`. */
  readonly namespace: string;
  /** The origin of the configuration, for the log: file and context, or `in-cluster`. */
  readonly source: string;
  readonly proxyUrl?: string;
}

const IN_CLUSTER_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Finds the cluster in the usual order: the given file, else KUBECONFIG (several files, the first definition wins), else the
 * pod's service account, else ~/.kube/config. Accepts `http://` servers.
 *
 * Errors: TerminalError that names the file and what is missing in it.
 */
export function loadKubeConfig(options: KubeConfigOptions): KubeCluster {
  const { env } = options;
  if (options.path !== undefined) return fromFiles([resolve(options.path)], options);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return fromFiles(listed, options);
  const serviceAccountDir = options.serviceAccountDir ?? IN_CLUSTER_DIR;
  if (env["KUBERNETES_SERVICE_HOST"] && existsSync(join(serviceAccountDir, "token"))) {
    return fromServiceAccount(serviceAccountDir, options);
  }
  const home = join(env["HOME"] ?? "", ".kube", "config");
  if (existsSync(home)) return fromFiles([home], options);
  throw invalid("No cluster is configured. Set --kubeconfig or KUBECONFIG, or run inside a cluster.");
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

/** Builds a KubeConfig of one cluster and one user, so that client-node accepts http and a missing user. */
function identityOf(cluster: Cluster, user: User, tokenFile: string | undefined): KubeIdentity {
  const kubeConfig = new KubeConfig();
  const isPlain = cluster.server.startsWith("http:");
  kubeConfig.loadFromClusterAndUser(isPlain ? { ...cluster, skipTLSVerify: true } : cluster, user);
  return { kubeConfig, tokenFile };
}

/** The merged entries of all files. */
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
  // Like kubectl, skip missing files of a KUBECONFIG list, but not a single file.
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
  throw invalid(`Cannot read kubeconfig ${path}: ${file}`);
}

function chooseContext(files: MergedFiles, wanted: string | undefined): ChosenContext {
  const name = wanted ?? files.currentContext;
  const known = [...files.contexts.keys()].join(", ") || "none";
  if (name === undefined) {
    throw invalid(`${files.description} has no current-context. Set --context to one of: ${known}.`);
  }
  const context = files.contexts.get(name);
  if (context === undefined) throw invalid(`${files.description} has no context ${name}. Its contexts: ${known}.`);
  const cluster = files.clusters.get(context.cluster);
  if (cluster === undefined) {
    throw invalid(`${files.description}: context ${name} refers to cluster ${context.cluster}, which does not exist`);
  }
  checkUrl(cluster.server, `${files.description}: cluster ${cluster.name}: server`, "https://host:port");
  if (cluster.proxyUrl) {
    checkUrl(cluster.proxyUrl, `${files.description}: cluster ${cluster.name}: proxy-url`, "http://host:port");
  }
  const { user, tokenFile } = files.users.get(context.user) ?? { user: { name: "anonymous" }, tokenFile: undefined };
  return { context, cluster, user, tokenFile };
}

/** Checks a URL. The message does not quote it, because it can contain a user and password. */
function checkUrl(url: string, what: string, example: string): void {
  if (typeof url === "string" && URL.canParse(url) && /^(?:https?|socks5):/i.test(url)) return;
  throw invalid(`${what} is not a URL. Use the form ${example}.`);
}

function addFirst<T>(map: Map<string, T>, name: string, value: T): void {
  if (!map.has(name)) map.set(name, value);
}

/** Creates the error without a cause: a parser's error quotes the file. */
function invalid(message: string): TerminalError {
  return new TerminalError(message, { reason: "InvalidKubeConfig" });
}

/** A parsed kubeconfig. */
interface KubeConfigFile {
  readonly kubeConfig: KubeConfig;
  /** Paths of token files by user name. */
  readonly tokenFiles: ReadonlyMap<string, string>;
}

/** The messages of client-node that contain only field names. */
const SAFE_MESSAGE = /^(?:clusters|users|contexts)\[\d+\](?:\.\w+)+ is missing$/;

/**
 * Reads a kubeconfig; returns a message if it cannot be read. The message quotes nothing of the file, which contains tokens,
 * passwords and keys: both parsers and the JavaScript engine put excerpts into their errors.
 */
function readKubeConfigFile(path: string): KubeConfigFile | string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { merge: true, prettyErrors: false, logLevel: "error", lineCounter: lines });
  const [fault] = document.errors;
  if (fault !== undefined) return describeYamlFault(fault, lines);
  const folder = dirname(resolve(path));
  try {
    const content: unknown = document.toJS();
    const kubeConfig = new KubeConfig();
    // Pass JSON, which client-node's own YAML parser always accepts.
    kubeConfig.loadFromString(JSON.stringify(content));
    kubeConfig.makePathsAbsolute(folder);
    return { kubeConfig, tokenFiles: tokenFilesOf(content, folder) };
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    if (SAFE_MESSAGE.test(message)) return message;
    return "not a kubeconfig. Compare its clusters, users and contexts with kubectl config view.";
  }
}

/** Reads the field `tokenFile`; client-node looks for `token-file`: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
function tokenFilesOf(document: unknown, dir: string): ReadonlyMap<string, string> {
  const { users } = document as { users?: readonly { name: string; user?: { tokenFile?: string; token?: string } }[] };
  const files = new Map<string, string>();
  for (const { name, user } of users ?? []) {
    if (user?.tokenFile) files.set(name, isAbsolute(user.tokenFile) ? user.tokenFile : join(dir, user.tokenFile));
  }
  return files;
}
