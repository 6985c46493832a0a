import { systemClock } from "../../src/runtime/clock.ts";

const NAMESPACE = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
const MERGE_PATCH = "application/merge-patch+json";
/** Seldom enough to leave the processors to those who are measured. */
const POLL_MS = 100;
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

/** The API server, as the one who applies N objects and waits for them. */
export class Cluster {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async createAll(names: readonly string[]): Promise<void> {
    await inBatches(names, (name) => this.#send("POST", "", manifest(name)));
  }

  describe(name: string, description: string): Promise<void> {
    return this.#send("PATCH", `/${name}`, { spec: { description } }, MERGE_PATCH);
  }

  /** What `kubectl annotate` with reconcile-at does. */
  askToLook(name: string): Promise<void> {
    const annotations = { "iam.instanceprofile.dev/reconcile-at": new Date().toISOString() };
    return this.#send("PATCH", `/${name}`, { metadata: { annotations } }, MERGE_PATCH);
  }

  async deleteAll(names: readonly string[]): Promise<void> {
    await inBatches(names, (name) => this.#send("DELETE", `/${name}`));
  }

  /** Waits until there are so many objects and all of them are Ready at their present generation. */
  async untilReady(count: number): Promise<void> {
    await until(async () => {
      const all = await this.#list();
      return all.length === count && all.every(isReady);
    }, "the objects did not become Ready");
  }

  async untilGone(): Promise<void> {
    await until(async () => (await this.#list()).length === 0, "the objects did not go");
  }

  async #list(): Promise<readonly ObjectSeen[]> {
    const reply = await fetch(`${this.#url}${NAMESPACE}`);
    return ((await reply.json()) as { readonly items: readonly ObjectSeen[] }).items;
  }

  async #send(method: string, path: string, body?: unknown, type = "application/json"): Promise<void> {
    const payload = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": type } };
    const reply = await fetch(`${this.#url}${NAMESPACE}${path}`, { method, ...payload });
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

function isReady({ metadata, status }: ObjectSeen): boolean {
  const isTrue = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return isTrue === true && status?.observedGeneration === metadata.generation;
}

function manifest(name: string): unknown {
  const statements = [{ sid: "Read", effect: "Allow", actions: ["s3:Get*", "s3:List*"], resources: ["*"] }];
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name, namespace: "default" },
    spec: { roleName: name, statements },
  };
}

async function inBatches(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < names.length; i += BATCH) await Promise.all(names.slice(i, i + BATCH).map(work));
}
