import { systemClock } from "../../src/runtime/clock.ts";
import { settledStatus } from "./settled-status.ts";

const GROUP = "/apis/iam.instanceprofile.dev/v1beta1";
const NAMESPACE = `${GROUP}/namespaces/default/instanceprofiles`;
const CLASSES = `${GROUP}/instanceprofileclasses`;
const MERGE_PATCH = "application/merge-patch+json";
const POLL_MS = 20;
const TIMEOUT_MS = 600_000;
const BATCH = 20;

/** One object as far as a bench looks at it. */
interface ObjectSeen {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface ObjectList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly ObjectSeen[];
}

/** The API server, as the one who applies N objects and waits for them. */
export class Cluster {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async createAll(names: readonly string[], spec: object = {}): Promise<void> {
    await inBatches(names, (name) => this.#send("POST", NAMESPACE, manifest(name, spec)));
  }

  /** Creates objects as a controller has left them that found them in sync. */
  async createSettled(names: readonly string[]): Promise<void> {
    await inBatches(names, async (name) => {
      await this.#send("POST", NAMESPACE, manifest(name));
      await this.#send("PATCH", `${NAMESPACE}/${name}/status`, { status: settledStatus(name) }, MERGE_PATCH);
    });
  }

  createClass(name: string, spec: object): Promise<void> {
    const aClass = {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileClass",
      metadata: { name },
      spec,
    };
    return this.#send("POST", CLASSES, aClass);
  }

  editClass(name: string, spec: object): Promise<void> {
    return this.#send("PATCH", `${CLASSES}/${name}`, { spec }, MERGE_PATCH);
  }

  describe(name: string, description: string): Promise<void> {
    return this.#send("PATCH", `${NAMESPACE}/${name}`, { spec: { description } }, MERGE_PATCH);
  }

  /** What `kubectl annotate` with reconcile-at does. */
  askToLook(name: string): Promise<void> {
    const annotations = { "iam.instanceprofile.dev/reconcile-at": new Date().toISOString() };
    return this.#send("PATCH", `${NAMESPACE}/${name}`, { metadata: { annotations } }, MERGE_PATCH);
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    await inBatches(names, (name) => this.#send("DELETE", `${NAMESPACE}/${name}`));
  }

  /** Deletes the sample with which the sandbox begins. */
  async empty(): Promise<void> {
    await this.deleteAll(["s3-read-only"]);
    await this.untilGone();
  }

  /** Waits until there are so many objects and all of them are Ready at their present generation. */
  untilReady(count: number): Promise<void> {
    const isMet = (objects: Iterable<ObjectSeen>, size: number): boolean => size === count && every(objects, isReady);
    return this.#until(isMet, "the objects did not become Ready");
  }

  untilGone(): Promise<void> {
    return this.#until((_objects, size) => size === 0, "the objects did not go");
  }

  /** Watches, as `kubectl wait` does: to list again and again would be half of the work of the server that is measured. */
  async #until(isMet: (objects: Iterable<ObjectSeen>, size: number) => boolean, otherwise: string): Promise<void> {
    const { metadata, items } = await this.#list();
    const objects = new Map(items.map((object) => [object.metadata.name, object]));
    const isDone = (): boolean => isMet(objects.values(), objects.size);
    if (isDone()) return;
    const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`;
    const watch = await fetch(`${this.#url}${NAMESPACE}${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    for await (const line of linesOf(watch)) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: ObjectSeen };
      if (type === "DELETED") objects.delete(object.metadata.name);
      else objects.set(object.metadata.name, object);
      if (isDone()) return;
    }
    throw new Error(`${otherwise} before the watch ended`);
  }

  async #list(): Promise<ObjectList> {
    return (await (await fetch(`${this.#url}${NAMESPACE}`)).json()) as ObjectList;
  }

  async #send(method: string, path: string, body?: unknown, type = "application/json"): Promise<void> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } };
    const reply = await fetch(`${this.#url}${path}`, { method, ...payload });
    if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`);
    await reply.arrayBuffer();
  }
}

/** Polls until the check holds. Errors: the time is up, with these words. */
export async function until(check: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const end = performance.now() + TIMEOUT_MS; performance.now() < end; await systemClock.sleep(POLL_MS)) {
    if (await check()) return;
  }
  throw new Error(`${otherwise} within ${TIMEOUT_MS / 1_000} s`);
}

/** Leaving the loop ends the request. */
async function* linesOf({ body }: Response): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

function every<T>(items: Iterable<T>, holds: (item: T) => boolean): boolean {
  for (const item of items) if (!holds(item)) return false;
  return true;
}

function isReady({ metadata, status }: ObjectSeen): boolean {
  const isTrue = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return isTrue === true && status?.observedGeneration === metadata.generation;
}

/** The object of this name, with more fields in its spec. */
export function manifest(name: string, spec: object = {}): object {
  const statements = [{ sid: "Read", effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }];
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name, namespace: "default" },
    spec: { roleName: name, statements, ...spec },
  };
}

async function inBatches(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < names.length; i += BATCH) await Promise.all(names.slice(i, i + BATCH).map(work));
}
