import { type JsonValue, listOf } from "../../model/policy/policy-json.ts";
import { member, memberAt, objectOr, textMapOf, textOf } from "./json-access.ts";

/** An object of another controller. */
export interface ClusterObject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The uid of the object that made it. */
  readonly controllerUid: string | undefined;
  readonly spec: JsonValue | undefined;
  readonly status: JsonValue | undefined;
  /** `Role team-a/web`; in messages. */
  readonly address: string;
}

/** The objects of one API group, also those in Lists. Errors: none; what is no object is not there. */
export function clusterObjects(documents: readonly JsonValue[], groups: readonly string[]): readonly ClusterObject[] {
  return documents.flatMap((document): readonly ClusterObject[] => {
    const kind = textOf(member(document, "kind")) ?? "";
    const group = (textOf(member(document, "apiVersion")) ?? "").split("/")[0] ?? "";
    if (kind === "List" || (kind.endsWith("List") && groups.includes(group))) {
      return clusterObjects(listOf(member(document, "items")), groups);
    }
    return groups.includes(group) ? [clusterObject(document, kind)] : [];
  });
}

function clusterObject(document: JsonValue, kind: string): ClusterObject {
  const metadata = objectOr(member(document, "metadata"));
  const [name, namespace] = [textOf(member(metadata, "name")) ?? "", textOf(member(metadata, "namespace"))];
  const controller = listOf(member(metadata, "ownerReferences")).find((owner) => member(owner, "controller") === true);
  return {
    kind,
    name,
    namespace,
    labels: textMapOf(member(metadata, "labels")),
    annotations: textMapOf(member(metadata, "annotations")),
    controllerUid: textOf(member(controller, "uid")),
    spec: member(document, "spec"),
    status: member(document, "status"),
    address: `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
  };
}

/** The key of an object by its place in the cluster. */
export function objectKey(kind: string, name: string, namespace: string | undefined): string {
  return `${kind} ${namespace ?? ""}/${name}`;
}

/** The reference of an ACK object: `roleRef: {from: {name, namespace}}`. */
export function ackReference(reference: JsonValue | undefined, kind: string, from: ClusterObject): string | undefined {
  const name = textOf(memberAt(reference, "from", "name"));
  const namespace = textOf(memberAt(reference, "from", "namespace")) ?? from.namespace;
  return name === undefined ? undefined : objectKey(kind, name, namespace);
}
