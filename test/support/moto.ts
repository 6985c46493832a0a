import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { freePort } from "./free-port.ts";
import { startProcess } from "./run-process.ts";

const READY_WITHIN_MS = 60_000;

/** Where an AWS for tests can come from. */
export type AwsSource =
  | { readonly kind: "moto"; readonly command: string }
  | { readonly kind: "endpoint"; readonly endpoint: string }
  | { readonly kind: "missing"; readonly howToGetIt: string };

/** A moto server of our own on 127.0.0.1. */
export interface Moto {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Looks at `AWS_ENDPOINT_URL`, then for `moto_server` on the PATH. */
export function findAws(env: NodeJS.ProcessEnv): AwsSource {
  const endpoint = env["AWS_ENDPOINT_URL"];
  if (endpoint !== undefined && endpoint !== "") return { kind: "endpoint", endpoint };
  const command = (env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, "moto_server"))
    .find(isExecutable);
  if (command !== undefined) return { kind: "moto", command };
  const howToGetIt =
    "moto_server is not on the PATH: get it as .github/workflows/e2e.yaml does, or name an AWS endpoint for " +
    "tests in AWS_ENDPOINT_URL";
  return { kind: "missing", howToGetIt };
}

/** Starts moto with AWS's own managed policies, so that they can be attached. All it knows is in its memory. */
export async function startMoto({ command }: { readonly command: string }): Promise<Moto> {
  const folder = await mkdtemp(join(tmpdir(), "moto-"));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = startProcess(command, ["-H", "127.0.0.1", "-p", String(port)], {
    logFile: join(folder, "moto.log"),
    env: { MOTO_IAM_LOAD_MANAGED_POLICIES: "true" },
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await server.untilReady(
      async () => ((await fetch(`${endpoint}/moto-api/`)).ok ? true : undefined),
      READY_WITHIN_MS,
    );
    return { endpoint, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes moto forget all accounts. Never call it on an endpoint that is not our own moto. */
export async function resetMoto(endpoint: string): Promise<void> {
  const answer = await fetch(`${endpoint}/moto-api/reset`, { method: "POST" });
  if (!answer.ok) throw new Error(`moto at ${endpoint} answered ${answer.status} to a reset`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
