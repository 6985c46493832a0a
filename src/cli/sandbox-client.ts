import type { InstanceProfileStatus } from "../api/instance-profile.ts";
import { TerminalError } from "../errors.ts";
import { systemClock } from "../runtime/clock.ts";

/** Where an InstanceProfile lives in the sandbox's API server. */
export interface SandboxObject {
  readonly namespace: string;
  readonly name: string;
}

const API_PATH = "/apis/iam.instanceprofile.dev/v1beta1";
const POLL_MS = 50;

/** Brings a manifest to the sandbox as `kubectl apply --server-side` would, with its namespace. */
export async function applyToSandbox(url: string, manifest: Readonly<Record<string, unknown>>): Promise<SandboxObject> {
  const { namespace = "default", name = "" } = (manifest["metadata"] ?? {}) as Partial<SandboxObject>;
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await serverSideApply(`${url}/api/v1/namespaces/${namespace}`, space);
  await serverSideApply(`${url}${API_PATH}/namespaces/${namespace}/instanceprofiles/${name}`, manifest);
  return { namespace, name };
}

/**
 * Waits until the object is ready, or stalled.
 *
 * Errors: the signal's reason.
 */
export async function statusOnceSettled(
  url: string,
  { namespace, name }: SandboxObject,
  signal: AbortSignal,
): Promise<InstanceProfileStatus> {
  for (;;) {
    const reply = await fetch(`${url}${API_PATH}/namespaces/${namespace}/instanceprofiles/${name}`, { signal });
    const { status } = (await reply.json()) as { readonly status?: InstanceProfileStatus };
    const isSettled = status?.conditions?.some(
      ({ type, status: value }) => (type === "Ready" || type === "Stalled") && value === "True",
    );
    if (status !== undefined && isSettled === true) return status;
    await systemClock.sleep(POLL_MS, signal);
  }
}

async function serverSideApply(target: string, object: Readonly<Record<string, unknown>>): Promise<void> {
  const reply = await fetch(`${target}?fieldManager=sandbox&force=true`, {
    method: "PATCH",
    headers: { "content-type": "application/apply-patch+yaml" },
    body: JSON.stringify(object),
  });
  if (reply.ok) return;
  const { message } = (await reply.json()) as { readonly message?: string };
  throw new TerminalError(message ?? `the sandbox answered ${reply.status}`, { reason: "Refused" });
}
