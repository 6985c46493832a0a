import type { InstanceProfile } from "../api/instance-profile.ts";
import { keyText } from "../controller/object-key.ts";
import type { KubeObject } from "../engine/ports.ts";

/** Manifests as a cluster would have them once they are applied. */
export interface Applied {
  /** Those, and the other objects of the cluster. */
  readonly all: readonly KubeObject[];
  /** The object of a manifest, with what the cluster knows of it: its age, whether it was begun, and in which account. */
  readonly asApplied: (object: InstanceProfile) => InstanceProfile;
}

/** What is read of an untyped object. */
interface Seen {
  readonly namespace: string;
  readonly name: string;
  readonly creationTimestamp?: string;
  readonly finalizers?: readonly string[];
}

/** After the age of every object, whatever the clocks say. */
const NOT_YET = "9999-12-31T23:59:59Z";

/** The namespaces that the manifests are for. */
export function namespacesOf(manifests: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(manifests.map((manifest) => seenOf(manifest).namespace));
}

/** `live` is what is in the cluster. What is not there yet is as young as can be, of several the first by name the oldest. */
export function applied(manifests: readonly KubeObject[], live: readonly KubeObject[]): Applied {
  const known = new Map(live.map((object) => [keyText(seenOf(object)), object]));
  const traces = (seen: Seen): Pick<Seen, "creationTimestamp" | "finalizers"> => {
    const there = known.get(keyText(seen));
    const { creationTimestamp = NOT_YET, finalizers } = there === undefined ? ({} as Partial<Seen>) : seenOf(there);
    return { creationTimestamp, ...(finalizers !== undefined && { finalizers }) };
  };
  const mine = new Map(
    manifests.map((manifest): [string, KubeObject] => {
      const seen = seenOf(manifest);
      return [keyText(seen), { ...manifest, metadata: { ...seen, ...traces(seen) } }];
    }),
  );
  return {
    all: [...mine.values(), ...live.filter((object) => !mine.has(keyText(seenOf(object))))],
    asApplied: (object) => {
      const { accountId } = (known.get(keyText(object.metadata))?.["status"] ?? {}) as { readonly accountId?: string };
      const status = accountId === undefined ? {} : { status: { accountId } };
      return { ...object, metadata: { ...object.metadata, ...traces(object.metadata) }, ...status };
    },
  };
}

function seenOf(object: KubeObject): Seen {
  return { namespace: "default", ...(object["metadata"] as { readonly name: string }) };
}
