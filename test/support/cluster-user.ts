import type { InstanceProfile, InstanceProfileStatus } from "../../src/api/instance-profile.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import type { KubeApi, KubeJson } from "./kube-api.ts";

/** An object as a test looks at it. */
export type ObjectView = Pick<InstanceProfile, "apiVersion" | "kind" | "metadata"> & {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: InstanceProfileStatus;
};

/** A manifest as a user writes it. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Partial<ObjectKey> & Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
};

/** An Event as `kubectl describe` shows it. */
export interface EventView {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
}

/** The field manager of what a user writes. */
export const USER = "user";

const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1";

/** Somebody with kubectl: everything that tests do to InstanceProfiles through an API server. */
export class ClusterUser {
  readonly #api: KubeApi;

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** `kubectl create namespace`. */
  async createNamespace(name: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await this.#api.expectOk({ method: "POST", path: "/api/v1/namespaces", body });
  }

  /** `kubectl delete namespace --wait=false`. */
  async deleteNamespace(name: string): Promise<void> {
    await this.#api.expectOk({ method: "DELETE", path: `/api/v1/namespaces/${name}` });
  }

  /** `kubectl apply --server-side`. */
  async apply(manifest: Manifest): Promise<void> {
    const { namespace = "default", name = "" } = manifest.metadata;
    await this.#api.expectOk({
      method: "PATCH",
      path: `${pathOf({ namespace, name })}?fieldManager=${USER}&force=true&fieldValidation=Strict`,
      body: manifest,
      contentType: "application/apply-patch+yaml",
    });
  }

  /** `kubectl annotate --overwrite`. */
  async annotate(key: ObjectKey, annotations: Readonly<Record<string, string>>): Promise<void> {
    await this.#api.expectOk({
      method: "PATCH",
      path: `${pathOf(key)}?fieldManager=${USER}`,
      body: { metadata: { annotations } },
      contentType: "application/merge-patch+json",
    });
  }

  /** `kubectl delete --wait=false`. */
  async delete(key: ObjectKey): Promise<void> {
    await this.#api.expectOk({ method: "DELETE", path: pathOf(key) });
  }

  /** `kubectl get`; undefined when it is not there. */
  async read(key: ObjectKey): Promise<ObjectView | undefined> {
    const answer = await this.#api.request({ method: "GET", path: pathOf(key) });
    if (answer.status === 404) return undefined;
    if (answer.status === 200) return answer.body as unknown as ObjectView;
    throw new Error(`get ${key.namespace}/${key.name}: ${answer.status} ${String(answer.body["message"])}`);
  }

  /** `kubectl get -n NAMESPACE`. */
  async list(namespace: string): Promise<readonly ObjectView[]> {
    const path = `${PROFILES}/namespaces/${namespace}/instanceprofiles`;
    const { items } = await this.#api.expectOk({ method: "GET", path });
    return items as readonly ObjectView[];
  }

  /** The Events about an object of this name (all its lives), in the order in which they were written. */
  async events(key: ObjectKey): Promise<readonly EventView[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${key.namespace}/events`;
    const { items } = await this.#api.expectOk({ method: "GET", path });
    return (items as readonly (KubeJson & EventView)[])
      .filter((event) => (event["regarding"] as Partial<ObjectKey>).name === key.name)
      .sort((a, b) => writtenAt(a) - writtenAt(b))
      .map(({ type, reason, note }) => ({ type, reason, note }));
  }

  /** The same Events by their other name, core/v1: the reasons only, in no order. */
  async coreEventReasons(key: ObjectKey): Promise<readonly string[]> {
    const selector = encodeURIComponent(`involvedObject.name=${key.name}`);
    const path = `/api/v1/namespaces/${key.namespace}/events?fieldSelector=${selector}`;
    const { items } = await this.#api.expectOk({ method: "GET", path });
    return (items as readonly EventView[]).map(({ reason }) => reason);
  }
}

/** `True InSync` and the like, `absent DryRun` where another condition is in the place of Ready; undefined without conditions. */
export function readyOf(object: ObjectView | undefined): string | undefined {
  const [condition] = object?.status?.conditions ?? [];
  return condition && `${condition.type === "Ready" ? condition.status : "absent"} ${condition.reason}`;
}

function pathOf({ namespace, name }: ObjectKey): string {
  return `${PROFILES}/namespaces/${namespace}/instanceprofiles/${name}`;
}

/** Versions of one API server grow with every write. */
function writtenAt(event: KubeJson): number {
  return Number((event["metadata"] as { readonly resourceVersion: string }).resourceVersion);
}
