import type { InstanceProfileStatus } from "../../api/instance-profile.ts";
import { CLASS_PLURAL } from "../../api/instance-profile-class.ts";
import { TerminalError } from "../../errors.ts";
import { derivedRoleName } from "../../model/naming.ts";
import { systemClock } from "../../runtime/clock.ts";

/** An InstanceProfile in the sandbox's API server, with its names in AWS. */
export interface SandboxObject {
  readonly namespace: string;
  readonly name: string;
  readonly roleName: string;
  readonly policyName: string;
  readonly instanceProfileName: string;
}

/** The part of an InstanceProfile that the sandbox command reads. */
interface Applied {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly roleName?: string; readonly policyName?: string; readonly instanceProfileName?: string };
  readonly status?: InstanceProfileStatus;
}

const API_PATH = "/apis/iam.instanceprofile.dev/v1beta1";
const POLL_MS = 50;

/** Applies a manifest as `kubectl apply --server-side` would, and creates its namespace. */
export async function applyToSandbox(url: string, manifest: Readonly<Record<string, unknown>>): Promise<SandboxObject> {
  const { namespace = "default", name = "" } = (manifest["metadata"] ?? {}) as Partial<SandboxObject>;
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const [inUrl, nameInUrl] = [namespace, name].map((part) => encodeURIComponent(String(part).toWellFormed()));
  await serverSideApply(`${url}/api/v1/namespaces/${inUrl}`, space);
  const applied = await serverSideApply(
    `${url}${API_PATH}/namespaces/${inUrl}/instanceprofiles/${nameInUrl}`,
    withLastApplied(manifest),
  );
  const { roleName = derivedRoleName({ namespace, name }), ...spec } = (applied as Applied).spec;
  const { policyName = roleName, instanceProfileName = roleName } = spec;
  return { namespace, name, roleName, policyName, instanceProfileName };
}

/** Adds the annotation of `kubectl apply`, which warns of an object without it. */
function withLastApplied(manifest: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { annotations, ...metadata } = (manifest["metadata"] ?? {}) as { readonly annotations?: object };
  const lastApplied = { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(manifest)}\n` };
  return { ...manifest, metadata: { ...metadata, annotations: { ...annotations, ...lastApplied } } };
}

/** Applies an InstanceProfileClass as `kubectl apply --server-side` would. */
export async function applyClassToSandbox(url: string, manifest: Readonly<Record<string, unknown>>): Promise<void> {
  const { name = "" } = (manifest["metadata"] ?? {}) as Partial<SandboxObject>;
  const nameInUrl = encodeURIComponent(String(name).toWellFormed());
  await serverSideApply(`${url}${API_PATH}/${CLASS_PLURAL}/${nameInUrl}`, manifest);
}

/** Deletes an InstanceProfile as `kubectl delete --wait=false` would. */
export async function deleteFromSandbox(url: string, object: SandboxObject): Promise<void> {
  await fetch(objectUrl(url, object), { method: "DELETE" });
}

/** The status of an InstanceProfile; undefined when it is deleted. */
export async function readSandboxStatus(
  url: string,
  object: SandboxObject,
): Promise<InstanceProfileStatus | undefined> {
  const reply = await fetch(objectUrl(url, object));
  return reply.status === 404 ? undefined : (((await reply.json()) as Applied).status ?? {});
}

function objectUrl(url: string, { namespace, name }: SandboxObject): string {
  return `${url}${API_PATH}/namespaces/${namespace}/instanceprofiles/${name}`;
}

/**
 * Waits until the object's status is final: ready, stalled, or neither and not reconciling (suspended, a dry run). Returns
 * the current status after `timeoutMs`.
 *
 * Errors: the signal's reason.
 */
export async function waitForFinalStatus(
  url: string,
  object: SandboxObject,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<InstanceProfileStatus> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const reply = await fetch(objectUrl(url, object), { signal });
    const applied = (await reply.json()) as Applied;
    if (isAtRest(applied) || systemClock.monotonicMs() >= endMs) return applied.status ?? {};
    await systemClock.sleep(POLL_MS, signal);
  }
}

function isAtRest({ metadata, status }: Applied): boolean {
  const isCurrent = status?.observedGeneration === metadata.generation;
  const isBusy = status?.conditions?.some(({ type, status: value }) => type === "Reconciling" && value === "True");
  return isCurrent && isBusy === false;
}

async function serverSideApply(target: string, object: Readonly<Record<string, unknown>>): Promise<unknown> {
  const reply = await fetch(`${target}?fieldManager=sandbox&force=true`, {
    method: "PATCH",
    headers: { "content-type": "application/apply-patch+yaml" },
    body: JSON.stringify(object),
  });
  const answer = (await reply.json()) as { readonly message?: string };
  if (reply.ok) return answer;
  throw new TerminalError(answer.message ?? `the sandbox responded with status ${reply.status}`, { reason: "Refused" });
}
