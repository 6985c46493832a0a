import { DEFAULT_SETTINGS, NO_LISTENERS, startController } from "../../src/cli/controller/controller-process.ts";
import { readShippedCrd } from "../../src/cli/manifests/crd-file.ts";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { startKubeApi } from "../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { ClusterUser, type Manifest, type ObjectView, readyOf } from "../support/cluster-user.ts";
import { eventually } from "../support/eventually.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";

const CREDENTIALS = { accessKeyId: "controller", secretAccessKey: "soak" };
const PATIENCE = { timeoutMs: 180_000, intervalMs: 500 };

/** Objects, by `namespace/name`, that are not there, are not in step, or are there though nobody asks for them. */
export async function notInSync(
  user: ClusterUser,
  namespaces: readonly string[],
  wanted: ReadonlyMap<string, Manifest>,
): Promise<readonly string[]> {
  const lists = await Promise.all(namespaces.map((namespace) => eventually(() => user.list(namespace), PATIENCE)));
  const found = new Map(lists.flat().map((object) => [`${object.metadata.namespace}/${object.metadata.name}`, object]));
  const missing = [...wanted.keys()].filter((key) => !isInSync(found.get(key)));
  const left = [...found.keys()].filter((key) => !wanted.has(key));
  return [...missing, ...left].sort();
}

function isInSync(object: ObjectView | undefined): boolean {
  return readyOf(object) === "True InSync" && object?.status?.observedGeneration === object?.metadata.generation;
}

/** Roles and profiles, without what differs between two lives of the same object. */
export function maskedState(aws: AwsSandbox): object {
  const { roles, instanceProfiles } = aws.snapshot({ ids: "omit" });
  return { roles: withoutUids(roles), instanceProfiles: withoutUids(instanceProfiles) };
}

/** What a controller makes of these manifests in an empty account, where nothing goes wrong. */
export async function freshState(manifests: readonly Manifest[], seed: number): Promise<object> {
  const kube = await startKubeApi({ definitions: [readShippedCrd()] });
  const aws = await startAwsSandbox({ seed });
  const user = new ClusterUser(plainKubeApi(kube.url));
  const namespaces = [...new Set(manifests.map(({ metadata }) => metadata.namespace ?? ""))];
  for (const namespace of namespaces) await user.createNamespace(namespace);
  for (const manifest of manifests) await user.apply(manifest);
  const controller = await startController(
    {
      cluster: {
        server: kube.url,
        credentials: { current: async () => ({ headers: {}, tls: {} }), invalidate: () => false },
        namespace: "default",
        source: "soak",
      },
      aws: { endpoint: aws.url, region: "us-east-1", credentials: CREDENTIALS },
      clusterId: "soak",
      expectedAccountId: undefined,
      settings: DEFAULT_SETTINGS,
      listen: NO_LISTENERS,
      logger: silentLogger,
    },
    new AbortController().signal,
  );
  const wanted = new Map(
    manifests.map((manifest) => [`${manifest.metadata.namespace}/${manifest.metadata.name}`, manifest]),
  );
  await eventually(async () => {
    const left = await notInSync(user, namespaces, wanted);
    if (left.length > 0) throw new Error(`a fresh controller does not get there: ${left.join(", ")}`);
  }, PATIENCE);
  await controller.stop();
  const state = maskedState(aws);
  await Promise.all([kube.close(), aws.close()]);
  return state;
}

function withoutUids<T extends { readonly tags: Readonly<Record<string, string>> }>(
  entities: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const entries = Object.entries(entities).map(([name, entity]) => {
    const { [TAG_KEYS.uid]: _, ...tags } = entity.tags;
    return [name, { ...entity, tags }] as const;
  });
  return Object.fromEntries(entries);
}
