import type { InstanceProfile, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import { withRecordedNames } from "../../api/parse-instance-profile.ts";
import { keyText } from "../../controller/object-key.ts";
import type { KubeObject } from "../../engine/ports.ts";

/** Manifests as a cluster would store them once they are applied. */
export interface Applied {
  /** The objects of the cluster, then the manifests that are not in it yet, in their order. */
  readonly all: readonly KubeObject[];
  /** The object of a manifest with the cluster's data: its uid and age, its class, and what it has in AWS. */
  readonly asApplied: (object: InstanceProfile) => InstanceProfile;
}

/** The metadata read from an untyped object. */
type Metadata = Pick<ObjectMeta, "namespace" | "name"> & Partial<ObjectMeta>;

/** Returns the namespaces of the manifests. */
export function namespacesOf(manifests: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(manifests.map((manifest) => metadataOf(manifest).namespace));
}

/** Merges the manifests with `live`, the objects in the cluster. */
export function applied(manifests: readonly KubeObject[], live: readonly KubeObject[]): Applied {
  const known = new Map(live.map((object) => [keyOf(object), object]));
  const planned = new Map(
    manifests.map((manifest): [string, KubeObject] => [
      keyOf(manifest),
      withLive(manifest, known.get(keyOf(manifest))),
    ]),
  );
  return {
    all: [
      ...live.map((object) => planned.get(keyOf(object)) ?? object),
      ...[...planned].filter(([key]) => !known.has(key)).map(([, object]) => object),
    ],
    asApplied: (object) => {
      const there = known.get(keyText(object.metadata));
      if (there === undefined) return object;
      const { status } = withLive({}, there) as Pick<InstanceProfile, "status">;
      const metadata = { ...object.metadata, ...traces(there) };
      return withRecordedNames({ ...object, metadata, ...(status && { status }) });
    },
  };
}

/** Merges the manifest with the fields that applying it does not change. */
function withLive(manifest: KubeObject, there: KubeObject | undefined): KubeObject {
  const metadata = metadataOf(manifest);
  if (there === undefined) return { ...manifest, metadata };
  const status = evidenceOf(there);
  return { ...manifest, metadata: { ...metadata, ...traces(there) }, ...(status && { status }) };
}

function traces(there: KubeObject): Pick<ObjectMeta, "uid"> & Partial<ObjectMeta> {
  const { uid = "", creationTimestamp, finalizers } = metadataOf(there);
  return { uid, ...(creationTimestamp && { creationTimestamp }), ...(finalizers && { finalizers }) };
}

/** The part of a status that class checks use. */
function evidenceOf(there: KubeObject): InstanceProfileStatus | undefined {
  const { status } = there as { readonly status?: InstanceProfileStatus };
  if (status === undefined) return undefined;
  const { accountId, class: accepted, role, instanceProfile } = status;
  return {
    ...(accountId && { accountId }),
    ...(accepted && { class: accepted }),
    ...(role && { role }),
    ...(instanceProfile && { instanceProfile }),
  };
}

function keyOf(object: KubeObject): string {
  return keyText(metadataOf(object));
}

function metadataOf(object: KubeObject): Metadata {
  return { namespace: "default", ...(object["metadata"] as { readonly name: string }) };
}
