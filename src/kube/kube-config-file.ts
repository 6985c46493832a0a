import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { LineCounter, parseDocument } from "yaml";
import { describeYamlFault } from "../text/yaml-fault.ts";

/** One kubeconfig. */
export interface KubeConfigFile {
  readonly kubeConfig: KubeConfig;
  /** Files with a token, by the user's name. */
  readonly tokenFiles: ReadonlyMap<string, string>;
}

/** Of all that client-node says of a kubeconfig, what names fields alone. */
const SAFE_WORDS = /^(?:clusters|users|contexts)\[\d+\](?:\.\w+)+ is missing$/;

/**
 * Reads a kubeconfig; a text says why it cannot be read. Nothing of the file stands in it: tokens, passwords and keys are in it, and
 * both parsers and the JavaScript engine quote what they stumble over.
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
    // As JSON, so that client-node's own parser has nothing to refuse.
    kubeConfig.loadFromString(JSON.stringify(content));
    kubeConfig.makePathsAbsolute(folder);
    return { kubeConfig, tokenFiles: tokenFilesOf(content, folder) };
  } catch (error) {
    const words = error instanceof Error ? error.message : "";
    if (SAFE_WORDS.test(words)) return words;
    return "it is not a kubeconfig; compare its clusters, users and contexts with kubectl config view";
  }
}

/** client-node looks for `token-file`; the field is called `tokenFile`: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
function tokenFilesOf(document: unknown, dir: string): ReadonlyMap<string, string> {
  const { users } = document as { users?: readonly { name: string; user?: { tokenFile?: string; token?: string } }[] };
  const files = new Map<string, string>();
  for (const { name, user } of users ?? []) {
    if (user?.tokenFile) files.set(name, isAbsolute(user.tokenFile) ? user.tokenFile : join(dir, user.tokenFile));
  }
  return files;
}
