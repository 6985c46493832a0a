import type { InstanceProfile } from "../../api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { someOf } from "../../plan/class/class-messages.ts";
import type { Blocker } from "../../plan/plan.ts";
import { isAcceptedBy } from "./acceptance.ts";
import type { ParsedClasses } from "./parsed-classes.ts";

/** The class of an object, or why it may have none; `none`: no class is needed. */
export type ResolvedClass =
  | { readonly kind: "class"; readonly class: InstanceProfileClass }
  | { readonly kind: "none" }
  | { readonly kind: "blocked"; readonly blocker: Blocker };

/**
 * The class that the object names, or the default. Pure: the same classes give the same answer.
 *
 * @param requiresClass whether an object needs a class where there are none, too
 */
export function resolveClass(object: InstanceProfile, classes: ParsedClasses, requiresClass: boolean): ResolvedClass {
  const { className } = object.spec;
  if (className !== undefined) return named(className, object, classes);
  const [name, ...others] = classes.defaultNames();
  if (others.length > 0) {
    const message = `classes ${[name, ...others].join(", ")} are all marked as the default. Take annotation ${DEFAULT_CLASS_ANNOTATION} off all but one.`;
    return blocked("ClassAmbiguous", message);
  }
  if (name !== undefined) return named(name, object, classes);
  if (classes.isEmpty && !requiresClass) return { kind: "none" };
  const why = classes.isEmpty
    ? "With --require-class every object needs a class"
    : "Where there are classes every object needs one";
  const message =
    `spec.className is not set, and no InstanceProfileClass is marked as the default. ${why}: ` +
    `create it anew with className, or mark a class with annotation ${DEFAULT_CLASS_ANNOTATION}: "true".`;
  return blocked("ClassRequired", message);
}

/**
 * Identifies what an object was judged by: it changes with the class that the object has, with the spec of that class, and when
 * the class goes. Costs no judgement, so that it can be compared right before each write.
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

function named(className: string, { metadata, status }: InstanceProfile, classes: ParsedClasses): ResolvedClass {
  const parsed = classes.named(className);
  if (parsed === undefined) {
    const message = `InstanceProfileClass ${className} does not exist; there are ${someOf(classes.names())}. Create it, or create the object anew with another className.`;
    return blocked("ClassNotFound", message);
  }
  if ("fault" in parsed) return blocked("ClassInvalid", `${parsed.fault}. Mend the class.`);
  const { class: found } = parsed;
  const isGoing = found.metadata.deletionTimestamp !== undefined;
  const isNew = metadata.deletionTimestamp === undefined && !isAcceptedBy(status, found);
  if (!isGoing || !isNew) return { kind: "class", class: found };
  return blocked("ClassNotFound", `InstanceProfileClass ${className} is being deleted. Use another class.`);
}

function blocked(reason: string, message: string): ResolvedClass {
  return { kind: "blocked", blocker: { reason, message } };
}
