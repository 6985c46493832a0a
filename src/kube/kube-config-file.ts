import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { LineCounter, parseDocument } from "yaml";
import { describeYamlFault } from "../text/yaml-fault.ts";

/** A parsed kubeconfig. */
export interface KubeConfigFile {
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
export function readKubeConfigFile(path: string): KubeConfigFile | string {
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
