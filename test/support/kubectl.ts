import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";

/** How a command ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The versions that newcomers are promised; the oldest and the newest, and one between. */
const WANTED = ["kubectl.1.27", "kubectl.1.30", "kubectl.1.33"];
const TIMEOUT_MS = 60_000;

/** The kubectls of this machine: the wanted versions beside the one on the PATH, else that one; none without any. */
export function findKubectls(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const onPath = findCommand("kubectl", env);
  if (onPath === undefined) return [];
  const beside = WANTED.map((name) => join(dirname(realpathSync(onPath)), name)).filter(isExecutable);
  return beside.length > 0 ? beside : [onPath];
}

/** The first command of this name on the PATH. */
export function findCommand(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** What a command is run with, beside its arguments. */
interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a command to its end. Its standard input is empty unless given. */
export function runCommand(
  file: string,
  args: readonly string[],
  { env = {}, input = "", timeoutMs = TIMEOUT_MS }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: timeoutMs };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`${basename(file)} ${args.join(" ")}: ${error?.message}\n${stderr}`));
    });
    // A command that ends without reading refuses the input; its status says what it made of that.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** One kubectl as one user in one namespace, with a cache of its own. */
export class Kubectl {
  readonly file: string;
  /** To start kubectl by hand, before its other arguments. */
  readonly globalArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;

  constructor(
    file: string,
    place: { readonly kubeconfig: string; readonly namespace: string; readonly folder: string },
  ) {
    this.file = file;
    this.globalArgs = ["--namespace", place.namespace, "--cache-dir", join(place.folder, `${basename(file)}-cache`)];
    this.env = { KUBECONFIG: place.kubeconfig };
  }

  /** Runs to its end, whatever that is. */
  run(
    args: readonly string[],
    options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<CommandResult> {
    const { input = "", env = {} } = options;
    return runCommand(this.file, [...this.globalArgs, ...args], { env: { ...this.env, ...env }, input });
  }

  /**
   * Runs it and returns what it wrote.
   *
   * Errors: it failed, or it wrote a warning.
   */
  async ok(args: readonly string[], options: Parameters<Kubectl["run"]>[1] = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code === 0 && stderr === "") return stdout;
    throw new Error(`${basename(this.file)} ${args.join(" ")} ended with ${code}: ${stderr}`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
