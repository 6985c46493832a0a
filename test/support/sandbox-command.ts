import { join } from "node:path";
import { PROGRAM } from "./program.ts";
import { type BackgroundProcess, startProcess } from "./run-process.ts";

/** `npm start` as a newcomer runs it, in a process of its own. */
export interface SandboxCommand {
  readonly kubeconfig: string;
  readonly kubeUrl: string;
  /** What the command tells the newcomer to set for the AWS CLI. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly process: BackgroundProcess;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 55_000;

/** Starts it with its sample applied; resolves when it says how to end it. Its files go to the folder. */
export async function startSandboxCommand(folder: string): Promise<SandboxCommand> {
  const kubeconfig = join(folder, "sandbox-kubeconfig");
  const sandbox = startProcess(process.execPath, [PROGRAM, "sandbox", "--kubeconfig-out", kubeconfig], {
    logFile: join(folder, "sandbox.log"),
  });
  const text = await sandbox.untilReady(async () => {
    const output = sandbox.output();
    return output.includes("Ctrl-C") ? output : undefined;
  }, READY_WITHIN_MS);
  const kubeUrl = /Kubernetes\s+(http:\S+)/.exec(text)?.[1];
  const pairs = [...text.matchAll(/\b(AWS_\w+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value] as const);
  if (kubeUrl === undefined || pairs.length === 0) {
    throw new Error(`the sandbox does not say how to reach it:\n${text}`);
  }
  const awsEnvironment = Object.fromEntries(pairs);
  return { kubeconfig, kubeUrl, awsEnvironment, process: sandbox, stop: sandbox.stop };
}
