import type { JsonObject } from "../../crd/contract.ts";
import { ApiCatalog } from "./api-catalog.ts";
import { builtInEndpoints } from "./built-in-endpoints.ts";
import { followDefinitions } from "./controllers/definition-controller.ts";
import { GarbageCollector } from "./controllers/garbage-collector.ts";
import { followNamespaces } from "./controllers/namespace-controller.ts";
import { decodeObject } from "./decoding/decode.ts";
import { HttpFront } from "./http/http-server.ts";
import { type Interceptor, RequestCounts } from "./http/request-log.ts";
import { type Identity, randomIdentity } from "./identity.ts";
import type { KubeState } from "./kube-state.ts";
import { kubeconfigFor } from "./kubeconfig.ts";
import { createObject } from "./storage/create-object.ts";
import { ObjectStore } from "./storage/object-store.ts";
import { WatchHub } from "./storage/watch-hub.ts";
import { type KubeClock, systemKubeClock } from "./time.ts";

/** How the embedded API server behaves; everything has a default. */
export interface KubeApiOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** CustomResourceDefinition objects that are there from the start. */
  readonly definitions?: readonly JsonObject[];
  /** How many writes a watch can resume over; default 10,000. */
  readonly historyLimit?: number;
  /** Default 60,000. */
  readonly bookmarkIntervalMs?: number;
  readonly clock?: KubeClock;
  readonly identity?: Identity;
  /** Sees every request first and may answer, delay or drop it. */
  readonly onRequest?: Interceptor;
}

/** A running embedded API server. It keeps nothing: its objects go with it. */
export interface KubeApi {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** A kubeconfig as YAML. */
  kubeconfig(): string;
  /** Forgets the history: watches from old resourceVersions and old continue tokens get 410. */
  compact(): void;
  /** Cuts all connections, watches included; new ones are accepted. */
  dropConnections(): void;
  /** Requests since the start or the last reset, by `verb resource[/subresource]`. */
  requestCounts(): Readonly<Record<string, number>>;
  resetRequestCounts(): void;
  /** The resourceVersion of the last write. */
  revision(): number;
  /** Ends all watches and connections and frees the port. */
  close(): Promise<void>;
}

const initialNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Starts a Kubernetes API server in this process, on 127.0.0.1 without authentication; rejects when the port is taken. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const state = newKubeState(options);
  const counts = new RequestCounts();
  const front = new HttpFront(state, { port: options.port ?? 0, counts, onRequest: options.onRequest });
  const port = await front.listen();
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    kubeconfig: () => kubeconfigFor(url),
    compact: () => state.store.compact(),
    dropConnections: () => front.dropConnections(),
    requestCounts: () => counts.all(),
    resetRequestCounts: () => counts.reset(),
    revision: () => state.store.revision,
    close: () => {
      state.watches.endAll();
      return front.close();
    },
  };
}

/** An API server's state, without a listener. */
export function newKubeState(options: KubeApiOptions): KubeState {
  const store = new ObjectStore(options.historyLimit ?? 10_000);
  const clock = options.clock ?? systemKubeClock;
  const watches = new WatchHub(store, clock, options.bookmarkIntervalMs ?? 60_000);
  const catalog = new ApiCatalog(builtInEndpoints());
  const state: KubeState = { store, clock, watches, catalog, identity: options.identity ?? randomIdentity };
  const garbage = new GarbageCollector(state);
  store.subscribe((change) => followDefinitions(state, change));
  store.subscribe((change) => followNamespaces(state, change));
  store.subscribe((change) => garbage.follow(change));
  for (const name of initialNamespaces) {
    install(state, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, "namespaces");
  }
  for (const definition of options.definitions ?? []) install(state, definition, "customresourcedefinitions");
  return state;
}

function install(state: KubeState, object: JsonObject, plural: string): void {
  const group = plural === "namespaces" ? "" : "apiextensions.k8s.io";
  const endpoint = state.catalog.find(group, "v1", plural);
  if (endpoint === undefined)
    throw new Error(`the sandbox does not serve ${plural}: its built-in kinds are incomplete`);
  const decoded = decodeObject(endpoint, object);
  const write = { dryRun: false, manager: "sandbox", ownersRecorded: false };
  createObject(state, { endpoint, namespace: "", name: "" }, decoded.object, write);
}
