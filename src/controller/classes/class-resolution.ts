import type { InstanceProfile } from "../../api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { someOf } from "../../plan/class/class-bounds.ts";
import type { Blocker } from "../../plan/plan.ts";
import { isAcceptedBy } from "./acceptance-record.ts";
import type { ParsedClasses } from "./parsed-classes.ts";

/** The class of an object; `blocked`: why it has none; `none`: no class is needed. */
export type ResolvedClass =
  | { readonly kind: "class"; readonly class: InstanceProfileClass }
  | { readonly kind: "none" }
  | { readonly kind: "blocked"; readonly blocker: Blocker };

/** What to know before the object is created again. */
function aboutDeletion({ status }: InstanceProfile): string {
  const to = status?.handedOverTo;
  return to === undefined
    ? "Deleting an object deletes its role, unless spec.deletionPolicy retains it."
    : `Cluster ${to} has adopted the role of this object, so deleting the object leaves AWS as it is.`;
}

/**
 * Resolves the class that the object names, or the default class. Pure.
 *
 * @param requiresClass whether an object needs a class even if the cluster has none
 */
export function resolveClass(object: InstanceProfile, classes: ParsedClasses, requiresClass: boolean): ResolvedClass {
  const { className } = object.spec;
  if (className !== undefined) return named(className, object, classes);
  const [name, ...others] = classes.defaultNames();
  if (others.length > 0) {
    const message = `classes ${[name, ...others].join(", ")} are all marked as the default. Remove the annotation ${DEFAULT_CLASS_ANNOTATION} from all but one.`;
    return blocked("ClassAmbiguous", message);
  }
  if (name !== undefined) return named(name, object, classes);
  if (classes.isEmpty && !requiresClass) return { kind: "none" };
  const why = classes.isEmpty
    ? "With --require-class, every object needs a class"
    : "If the cluster has classes, every object needs one";
  const message =
    `spec.className is not set, and no InstanceProfileClass is marked as the default. ${why}. ` +
    `Mark a class as the default with the annotation ${DEFAULT_CLASS_ANNOTATION}: "true", or create the object again with spec.className. ${aboutDeletion(object)}`;
  return blocked("ClassRequired", message);
}

/**
 * The revision of the class that an object was checked against: it changes when the object gets another class, when the
 * spec of the class changes, and when the class is deleted. Cheap enough to be compared right before each write.
 */
export function classRevisionOf(resolved: ResolvedClass): string {
  switch (resolved.kind) {
    case "none":
      return "none";
    case "blocked":
      return `blocked ${resolved.blocker.reason}`;
    case "class": {
      const { name, uid, generation } = resolved.class.metadata;
      return JSON.stringify([name, uid, generation]);
    }
  }
}

function named(className: string, object: InstanceProfile, classes: ParsedClasses): ResolvedClass {
  const { metadata, status } = object;
  const parsed = classes.named(className);
  if (parsed === undefined) {
    const message = `InstanceProfileClass ${className} does not exist. Existing classes: ${someOf(classes.names())}. Create the class, or create the object again with another spec.className. ${aboutDeletion(object)}`;
    return blocked("ClassNotFound", message);
  }
  if ("fault" in parsed) return blocked("ClassInvalid", `${parsed.fault}. Correct the class.`);
  const { class: found } = parsed;
  const isInDeletion = found.metadata.deletionTimestamp !== undefined;
  const isNew = metadata.deletionTimestamp === undefined && !isAcceptedBy(status, found);
  if (!isInDeletion || !isNew) return { kind: "class", class: found };
  return blocked(
    "ClassNotFound",
    `InstanceProfileClass ${className} is being deleted. Create the object again with another spec.className. ${aboutDeletion(object)}`,
  );
}

function blocked(reason: string, message: string): ResolvedClass {
  return { kind: "blocked", blocker: { reason, message } };
}
