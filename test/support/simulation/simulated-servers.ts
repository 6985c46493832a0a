import { readShippedCrds } from "../../../src/cli/manifests/crd-file.ts";
import type { JsonObject } from "../../../src/crd/contract.ts";
import { stringMember } from "../../../src/crd/json.ts";
import { handle } from "../../../src/sandbox/kube/handlers/api-handler.ts";
import type { ApiReply } from "../../../src/sandbox/kube/handlers/api-request.ts";
import { metaOf } from "../../../src/sandbox/kube/json.ts";
import type { KubeState } from "../../../src/sandbox/kube/kube-state.ts";
import { newKubeState } from "../../../src/sandbox/kube/server.ts";
import { StatusError } from "../../../src/sandbox/kube/status-error.ts";
import type { WatchSink } from "../../../src/sandbox/kube/storage/watch-hub.ts";
import { InProcessAws } from "../../unit/sandbox/aws/in-process.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { KubeAnswer, KubeApi, KubeJson } from "../kube-api.ts";
import { SimulatedLease } from "./simulated-lease.ts";

/** Read once: there are hundreds of these servers in one run of the tests. */
const CRDS = readShippedCrds();

/** A request to the simulated API server. */
export interface KubeAsked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  /** JSON; empty when there is none. */
  readonly body: string;
}

/** What it answers: at once, or by a stream of lines. */
export type KubeSaid =
  | { readonly kind: "whole"; readonly status: number; readonly body: unknown }
  | { readonly kind: "stream"; readonly open: (sink: WatchSink) => void };

/** The sandbox's API server and its AWS without sockets, in a time that the test moves. */
export class SimulatedServers {
  readonly aws: InProcessAws = new InProcessAws();
  readonly lease: SimulatedLease = new SimulatedLease();
  readonly #shardLeases = new Map<number, SimulatedLease>();
  readonly #clock: FakeClock;
  #kube: KubeState;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#kube = newKubeState({ definitions: CRDS, clock });
  }

  shardLease(shard: number): SimulatedLease {
    const lease = this.#shardLeases.get(shard) ?? new SimulatedLease(`instance-profile-controller-shard-${shard}`);
    this.#shardLeases.set(shard, lease);
    return lease;
  }

  /** Keeps what etcd has now. The returned function restores it: all watches end, and the API server starts anew. */
  backUp(): () => void {
    const { store } = this.#kube;
    const { revision } = store;
    const objects = store
      .storages()
      .flatMap((storage) => store.list(storage, "").entries.map(([key, object]) => ({ storage, key, object })));
    return () => {
      this.#kube.watches.endAll();
      this.#kube = newKubeState({ definitions: CRDS, clock: this.#clock });
      for (const { storage, key, object } of objects.toSorted((a, b) => versionOf(a.object) - versionOf(b.object))) {
        this.writeElsewhere(versionOf(object) - this.#kube.store.revision - 1);
        // What every API server starts with.
        if (versionOf(object) > this.#kube.store.revision) this.#kube.store.put(storage, key, object);
      }
      this.writeElsewhere(revision - this.#kube.store.revision);
      this.#kube.store.compact();
    };
  }

  /** So many writes to objects that the controller does not watch. */
  writeElsewhere(count: number): void {
    for (let i = 0; i < count; i += 1) this.#kube.store.put("/configmaps", "default/busy", { metadata: {} });
  }

  askKube({ method, path, query, contentType, body }: KubeAsked): KubeSaid {
    const bytes = Buffer.from(body);
    const asked = { method, path, query, accept: "application/json", userAgent: "test", host: "kube", warnings: [] };
    try {
      return said(handle(this.#kube, { ...asked, body: { mediaType: contentType, bytes, text: body } }));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { kind: "whole", status: error.code, body: error.toStatus() };
    }
  }

  async askAws(
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly status: number; readonly body: string; readonly requestId: string }> {
    this.aws.nowMs = this.#clock.nowMs();
    return this.aws.respond({ method: "POST", url: "/", headers, body });
  }

  /** For somebody with kubectl, on whose way nothing ever happens. */
  kubeApi(): KubeApi {
    const request: KubeApi["request"] = async ({ method, path, body, contentType = "application/json" }) => {
      const url = new URL(path, "http://kube");
      const asked = { method, path: url.pathname, query: url.searchParams, contentType };
      const answer = this.askKube({ ...asked, body: body === undefined ? "" : JSON.stringify(body) });
      if (answer.kind === "stream") throw new Error(`${path} is a stream`);
      return { status: answer.status, body: answer.body as KubeJson, warnings: [] } satisfies KubeAnswer;
    };
    return {
      url: "http://kube",
      certificateAuthority: "",
      request,
      async expectOk(asked) {
        const { status, body } = await request(asked);
        if (status < 300) return body;
        throw new Error(`${asked.method} ${asked.path}: ${status} ${String(body["message"])}`);
      },
    };
  }
}

function versionOf(object: JsonObject): number {
  return Number(stringMember(metaOf(object), "resourceVersion"));
}

function said(reply: ApiReply): KubeSaid {
  if (reply.kind === "object") return { kind: "whole", status: reply.status, body: reply.body };
  if (reply.kind === "text") return { kind: "whole", status: reply.status, body: reply.text };
  return { kind: "stream", open: (sink) => reply.open(sink) };
}
