import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { PROGRAM } from "./program.ts";

/** The sandbox's two APIs without a controller, in a process of their own. */
export interface SandboxProcess {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** Starts `sandbox --no-controller` and resolves when it has said where it listens. */
export async function startSandboxProcess(): Promise<SandboxProcess> {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-process-"));
  const kubeconfig = join(folder, "kubeconfig");
  const args = [PROGRAM, "sandbox", "--no-controller", "--kubeconfig-out", kubeconfig];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const awsUrl = await awsUrlOf(child);
  const { clusters } = parse(await readFile(kubeconfig, "utf8"));
  return {
    kubeUrl: clusters[0].cluster.server,
    awsUrl,
    kubeconfig,
    async stop() {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Read until it says how to end it: everything is up by then. */
async function awsUrlOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    if (!text.includes("Ctrl-C")) continue;
    const url = /AWS\s+(http:\S+)/.exec(text)?.[1];
    if (url !== undefined) {
      child.stdout?.resume();
      return url;
    }
  }
  throw new Error(`the sandbox ended before it was up:\n${text}`);
}
