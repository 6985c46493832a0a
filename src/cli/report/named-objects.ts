import { inParallel } from "../../engine/concurrency.ts";
import type { ObjectKey } from "../../engine/ports.ts";
import { TerminalError } from "../../errors.ts";
import { KubeObjectClient } from "../../kube/object-client.ts";
import { Transport } from "../../kube/transport.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../model/policy/policy-json.ts";
import { systemClock } from "../../runtime/clock.ts";
import { clusterOf } from "../cluster-options.ts";
import { INSTANCE_PROFILES } from "../controller/resources.ts";
import { type CommandIo, UsageError } from "../io.ts";
import { withoutDefaults } from "../manifests/judge-manifest.ts";
import { type GivenOptions, namespaceOf, namespacesOf } from "../options.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { VERSION } from "../version.ts";

/** An object in the cluster, and the manifest that a proposal changes. */
export interface NamedObject {
  readonly object: JsonObject;
  readonly manifest: JsonObject;
}

/**
 * Reads the objects that the arguments name, or those of the manifests, whose text is then the one to change.
 *
 * Errors: UsageError, TerminalError for an object that does not exist.
 */
export async function namedObjects(
  given: GivenOptions,
  subjects: readonly Subject[] | undefined,
  { env, stop }: Pick<CommandIo, "env" | "stop">,
): Promise<readonly NamedObject[]> {
  const cluster = clusterOf(given, env);
  if (subjects !== undefined && given.positionals.length > 0)
    throw new UsageError("--access: name objects, or pass their manifests with -f, not both");
  const keys = subjects?.map(({ object }) => object.metadata) ?? keysOf(given, cluster.namespace);
  const transport = new Transport({ cluster, clock: systemClock, version: VERSION });
  const { exchange } = transport;
  const client = new KubeObjectClient({
    exchange,
    resource: INSTANCE_PROFILES,
    fieldManager: "instance-profile-controller",
  });
  const read = async (key: ObjectKey): Promise<JsonObject> => {
    const found = await client.get(key, stop);
    if (found !== undefined) return found as JsonObject;
    const message = `InstanceProfile ${key.name} does not exist in namespace ${key.namespace}`;
    throw new TerminalError(message, { reason: "NotFound" });
  };
  try {
    const objects = await inParallel(keys, read);
    return objects.map((object, index) => {
      const written = subjects?.[index]?.manifest.value as JsonObject | undefined;
      return { object, manifest: written ?? asManifest(object) };
    });
  } finally {
    await transport.close();
  }
}

function keysOf(given: GivenOptions, contextNamespace: string): readonly ObjectKey[] {
  const namespaces = namespacesOf(given) ?? [contextNamespace];
  const [namespace = contextNamespace, ...others] = namespaces;
  if (others.length > 0) throw new UsageError("--namespace: name one namespace, or write NAMESPACE/NAME");
  if (given.positionals.length === 0)
    throw new UsageError(
      "--access: name the objects to report on, as NAME or NAMESPACE/NAME, or pass manifests with -f",
    );
  return given.positionals.map((text) => {
    const [first = "", second, ...rest] = text.split("/");
    const key = second === undefined ? { namespace, name: first } : { namespace: first, name: second };
    const isName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(key.name) && rest.length === 0;
    if (!isName) throw new UsageError(`"${text}" must be the NAME or the NAMESPACE/NAME of an InstanceProfile`);
    return { ...key, namespace: namespaceOf("access", key.namespace) };
  });
}

/** Annotations that are not part of what a user writes. */
const OWN_ANNOTATIONS =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|iam\.instanceprofile\.dev\/reconcile-at)$/;

/** The object as a manifest: without status and without what the API server adds, such as defaults. */
function asManifest({ apiVersion = "", kind = "", metadata, spec = {} }: JsonObject): JsonObject {
  const { name = "", namespace = "", labels, annotations } = isJsonObject(metadata) ? metadata : {};
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(
    ([key]) => !OWN_ANNOTATIONS.test(key),
  );
  return withoutDefaults({
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      ...(labels !== undefined && { labels }),
      ...(kept.length > 0 && { annotations: Object.fromEntries(kept) as JsonValue as JsonObject }),
    },
    spec,
  });
}
