import type { Fate, ProxiedRequest } from "./fault-proxy.ts";

/** What a view shows of an object. */
interface SeenObject {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
}

/** One event of a watch, as it passes. */
export interface SeenEvent {
  /** From 1 over all watches of the view; bookmarks are not counted. */
  readonly number: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: SeenObject;
}

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly SeenObject[];
}

/** What breaks off by itself what is under way: a FaultProxy, a SimulatedWire. */
interface Wire {
  reset(): void;
}

const ALL = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofiles";
const COLLECTION = /^\/apis\/iam\.instanceprofile\.dev\/v1beta1\/(namespaces\/[^/]+\/)?instanceprofiles$/;
const OBJECT = /^\/apis\/iam\.instanceprofile\.dev\/v1beta1\/namespaces\/([^/]+)\/instanceprofiles\/([^/]+)$/;

/**
 * The InstanceProfiles as one controller is shown them: like a replica of the API server that has fallen behind, or one that
 * loses events. Its writes, and other resources, are not touched.
 */
export class KubeView {
  /** The events that the controller is not told of. */
  drops: (event: SeenEvent) => boolean = () => false;
  /** Events that were there to be told, dropped ones included. */
  readonly events: SeenEvent[] = [];
  readonly #wire: Wire;
  readonly #list: (path: string) => Promise<List>;
  #past: { readonly list: List; readonly isReadStale: boolean } | undefined;

  /**
   * @param wire whose `judge` asks this view
   * @param list what the server answers now, around the wire, to a list at this path
   */
  constructor(wire: Wire, list: (path: string) => Promise<List>) {
    this.#wire = wire;
    this.#list = list;
  }

  /**
   * Lists and watches show from now on what is there now, whatever happens. Reads of single objects go on being current, as
   * the API server promises (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list), unless
   * `isReadStale`.
   */
  async freeze({ isReadStale = false }: { readonly isReadStale?: boolean } = {}): Promise<void> {
    this.#past = { list: await this.#list(ALL), isReadStale };
  }

  /** The view is current again. Watches break off, and go on from where they were. */
  thaw(): void {
    this.#past = undefined;
    this.#wire.reset();
  }

  /** The fate of the controller's request, for the proxy's `judge`. */
  judge(request: ProxiedRequest): Fate | undefined {
    if (request.method !== "GET") return undefined;
    if (COLLECTION.test(request.path)) return this.#judgeCollection(request);
    return OBJECT.test(request.path) && this.#past?.isReadStale ? this.#pastObject(request) : undefined;
  }

  #judgeCollection({ query }: ProxiedRequest): Fate | undefined {
    const isWatch = query.get("watch") === "true";
    const isList = !isWatch || query.has("sendInitialEvents");
    if (this.#past === undefined) {
      return isWatch ? { kind: "lines", edit: (line) => this.#edit(line, isList) } : undefined;
    }
    const { list } = this.#past;
    if (!isWatch) return { kind: "answer", status: 200, body: JSON.stringify(list) };
    if (!isList) return { kind: "stream", lines: [] };
    const added = list.items.map((object) => JSON.stringify({ type: "ADDED", object }));
    return { kind: "stream", lines: [...added, endOfList(list.metadata.resourceVersion)] };
  }

  #edit(line: string, isList: boolean): readonly string[] {
    if (this.#past !== undefined) return [];
    const { type, object } = JSON.parse(line) as Pick<SeenEvent, "type" | "object">;
    // What a list is made of is no event.
    if (isList || !["ADDED", "MODIFIED", "DELETED"].includes(type)) return [line];
    const event = { number: this.events.length + 1, type, object };
    this.events.push(event);
    return this.drops(event) ? [] : [line];
  }

  #pastObject({ path }: ProxiedRequest): Fate {
    const [, namespace, name] = OBJECT.exec(path) ?? [];
    const object = this.#past?.list.items.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
    );
    if (object !== undefined) return { kind: "answer", status: 200, body: JSON.stringify(object) };
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 };
    return { kind: "answer", status: 404, body: JSON.stringify({ ...status, message: `${name} not found` }) };
  }
}

function endOfList(resourceVersion: string): string {
  const metadata = { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } };
  return JSON.stringify({ type: "BOOKMARK", object: { metadata } });
}
