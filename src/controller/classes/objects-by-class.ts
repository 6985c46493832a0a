import type { AcceptedClass, InstanceProfileStatus, ObjectMeta } from "../../api/instance-profile.ts";
import type { KubeObject } from "../../engine/ports.ts";
import type { Indexers, ObjectCache } from "../../runtime/watch/store.ts";

/** The unit in which a class counts objects: one class in one namespace. */
export interface ClassPlace {
  readonly className: string;
  readonly namespace: string;
}

/** The InstanceProfiles of a cache or a list, as far as classes ask for them. */
export interface ObjectsByClass {
  all(): readonly KubeObject[];
  /** The objects whose spec names the class; undefined: those that name none. */
  naming(className: string | undefined): readonly KubeObject[];
  /** The objects that the class has accepted in the namespace, by their status. */
  acceptedIn(place: ClassPlace): readonly KubeObject[];
}

/** The index of {@link ObjectsByClass.naming}, which has the objects without a class under the empty text: no class is named so. */
const NAMED_CLASS = "namedClass";
const ACCEPTED_IN = "acceptedIn";

/** The indexes of a cache that {@link objectsOfCache} needs. */
export const CLASS_INDEXERS: Indexers = {
  [NAMED_CLASS]: (object) => namedClass(object) ?? "",
  [ACCEPTED_IN]: (object) => {
    const className = acceptedClass(object)?.name;
    return className === undefined ? undefined : placeText({ className, namespace: namespaceOf(object) });
  },
};

/** The objects of a cache with {@link CLASS_INDEXERS}. To find those of one class takes no longer with more of others. */
export function objectsOfCache(cache: Pick<ObjectCache, "list" | "byIndex">): ObjectsByClass {
  return {
    all: () => cache.list(),
    naming: (className = "") => cache.byIndex(NAMED_CLASS, className),
    acceptedIn: (place) => cache.byIndex(ACCEPTED_IN, placeText(place)),
  };
}

/** The objects of a list, such as the manifests of a command. */
export function objectsOfList(list: () => readonly KubeObject[]): ObjectsByClass {
  return {
    all: list,
    naming: (className) => list().filter((object) => namedClass(object) === className),
    acceptedIn: ({ className, namespace }) =>
      list().filter((object) => namespaceOf(object) === namespace && acceptedClass(object)?.name === className),
  };
}

/** The class that the spec names. */
export function namedClass(object: KubeObject): string | undefined {
  return ((object["spec"] ?? {}) as { readonly className?: string }).className;
}

/** The class that has accepted the object, as its status says. */
export function acceptedClass(object: KubeObject): AcceptedClass | undefined {
  return (object["status"] as InstanceProfileStatus | undefined)?.class;
}

function namespaceOf(object: KubeObject): string {
  return (object["metadata"] as ObjectMeta).namespace;
}

/** Neither name can contain a slash. */
function placeText({ className, namespace }: ClassPlace): string {
  return `${namespace}/${className}`;
}
