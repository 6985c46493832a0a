import { isDeepStrictEqual } from "node:util";
import { applyPatch } from "rfc6902";
import type {
  EventRecord,
  EventSink,
  KubeObject,
  ObjectClient,
  ObjectKey,
  PatchOperation,
} from "../../src/engine/ports.ts";
import { ConflictError } from "../../src/errors.ts";

type Json = Record<string, unknown>;
type Stored = { apiVersion: string; kind: string; metadata: Json; spec: Json; status?: Json };

/**
 * InstanceProfiles in memory by the API server's rules: resource versions, generations, the status subresource, guarded
 * JSON patches, finalizers that hold a deletion back. The contract suite of test/contract/kube keeps the sandbox to the
 * real server's word; this one is only as wide as the controller's ports.
 */
export class FakeKube implements ObjectClient, EventSink {
  readonly events: EventRecord[] = [];
  /** Successful writes, in order: `patch`, `patchStatus`. */
  readonly writes: string[] = [];
  readonly #objects = new Map<string, Stored>();
  #version = 0;
  #uids = 0;
  readonly #uidPrefix: string;

  /** @param uidPrefix of the uids, where there are several clusters */
  constructor(uidPrefix = "uid") {
    this.#uidPrefix = uidPrefix;
  }

  async get(key: ObjectKey): Promise<KubeObject | undefined> {
    return this.read(key);
  }

  async patch(key: ObjectKey, operations: readonly PatchOperation[]): Promise<KubeObject> {
    const stored = this.#patched(key, operations);
    const status = this.#objects.get(text(key))?.status;
    return this.#store(key, { ...stored, ...(status && { status }) }, "patch");
  }

  async patchStatus(key: ObjectKey, operations: readonly PatchOperation[]): Promise<KubeObject> {
    const current = this.#current(key);
    const { status } = this.#patched(key, operations);
    return this.#store(key, { ...current, ...(status && { status }) }, "patchStatus");
  }

  emit(event: EventRecord): void {
    this.events.push(event);
  }

  /** What a user's client sees; a copy. */
  read(key: ObjectKey): Json | undefined {
    const stored = this.#objects.get(text(key));
    return stored && structuredClone(stored);
  }

  /** What `kubectl apply` of a whole manifest does. */
  apply(manifest: Json): void {
    const { metadata, spec } = structuredClone(manifest) as { metadata: Json; spec: Json };
    const key = { namespace: String(metadata["namespace"] ?? "default"), name: String(metadata["name"]) };
    const current = this.#objects.get(text(key));
    if (current === undefined) {
      const uid = `${this.#uidPrefix}-${++this.#uids}`;
      const fresh = { ...metadata, ...key, uid, generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" };
      this.#store(key, {
        apiVersion: String(manifest["apiVersion"]),
        kind: String(manifest["kind"]),
        metadata: fresh,
        spec,
      });
      return;
    }
    const annotations = metadata["annotations"] ?? current.metadata["annotations"];
    this.#store(key, { ...current, metadata: { ...current.metadata, ...(annotations ? { annotations } : {}) }, spec });
  }

  /** What `kubectl annotate` does. */
  annotate(key: ObjectKey, annotations: Json): void {
    const current = this.#current(key);
    const all = { ...(current.metadata["annotations"] as Json | undefined), ...annotations };
    this.#store(key, { ...current, metadata: { ...current.metadata, annotations: all } });
  }

  /** What `kubectl delete --wait=false` does. */
  delete(key: ObjectKey): void {
    const current = this.#current(key);
    if (current.metadata["deletionTimestamp"] !== undefined) return;
    const generation = Number(current.metadata["generation"]) + 1;
    const metadata = { ...current.metadata, deletionTimestamp: "2026-01-01T00:01:00Z", generation };
    this.#put(key, { ...current, metadata });
  }

  /** What `kubectl replace --subresource=status` with no status does. */
  wipeStatus(key: ObjectKey): void {
    const { status: _, ...rest } = this.#current(key);
    this.#put(key, rest);
  }

  /** What `kubectl replace` with the user's own manifest does. */
  loseFinalizers(key: ObjectKey): void {
    const current = this.#current(key);
    const { finalizers: _, ...metadata } = current.metadata;
    this.#put(key, { ...current, metadata });
  }

  /** As if its finalizers had been taken off by hand, and then it was deleted. */
  forget(key: ObjectKey): void {
    this.#objects.delete(text(key));
  }

  #patched(key: ObjectKey, operations: readonly PatchOperation[]): Stored {
    const copy = structuredClone(this.#current(key));
    const fault = applyPatch(copy, structuredClone(operations) as never).find((result) => result !== null);
    if (fault)
      throw new ConflictError(`the patch does not apply: ${fault.message}`, { reason: "Conflict", cause: fault });
    return copy;
  }

  #current(key: ObjectKey): Stored {
    const stored = this.#objects.get(text(key));
    if (stored === undefined) throw new ConflictError(`${text(key)} is gone`, { reason: "NotFound" });
    return stored;
  }

  #store(key: ObjectKey, next: Stored, write?: string): KubeObject {
    const current = this.#objects.get(text(key));
    if (write !== undefined) this.writes.push(write);
    if (isDeepStrictEqual(current, next)) return structuredClone(next);
    const isEdit = current !== undefined && !isDeepStrictEqual(current.spec, next.spec);
    const generation = Number(next.metadata["generation"]) + (isEdit ? 1 : 0);
    return this.#put(key, { ...next, metadata: { ...next.metadata, generation } });
  }

  #put(key: ObjectKey, next: Stored): KubeObject {
    const metadata: Json = { ...next.metadata, resourceVersion: String(++this.#version) };
    const stored: Stored = { ...next, metadata };
    const finalizers = (metadata["finalizers"] as string[] | undefined) ?? [];
    if (metadata["deletionTimestamp"] !== undefined && finalizers.length === 0) this.#objects.delete(text(key));
    else this.#objects.set(text(key), stored);
    return structuredClone(stored);
  }
}

function text({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}
