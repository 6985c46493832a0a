import type { InstanceProfile, InstanceProfileSpec } from "../api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../api/instance-profile-class.ts";
import type { KubeObject } from "../engine/ports.ts";
import { classViolations } from "../plan/class-guards.ts";
import { type Bounds, type Violation, withClassDefaults, withoutExcess } from "../plan/class-verdict.ts";
import { someOf } from "../plan/class-words.ts";
import type { Blocker } from "../plan/plan.ts";
import { OWN_ACCOUNT } from "./account-key.ts";
import { hasFinalizer } from "./finalizer.ts";
import { ParsedClasses } from "./parsed-classes.ts";

/** Where an object stands: under no class, for the cluster has none; under one; or nowhere. */
export type Standing =
  | { readonly kind: "free"; readonly object: InstanceProfile }
  | {
      readonly kind: "bound";
      readonly class: InstanceProfileClass;
      /** With what the class adds, and without what it has taken away. */
      readonly object: InstanceProfile;
      /** How it does not fit. */
      readonly violations: readonly Violation[];
      /** The violations are left out of `object`, which may be written; else they forbid it. */
      readonly isStripped: boolean;
    }
  | { readonly kind: "refused"; readonly blocker: Blocker };

/** What the directory looks things up in. */
export interface ClassDirectoryOptions {
  /** The InstanceProfileClasses as last seen. */
  readonly classes: () => readonly KubeObject[];
  /** The InstanceProfiles as last seen. */
  readonly objects: () => readonly KubeObject[];
  readonly clusterId: string;
}

/** Says of every object which class it is under and whether it fits. Reads caches and nothing else. */
export class ClassDirectory {
  readonly classes: ParsedClasses;
  readonly #options: ClassDirectoryOptions;

  constructor(options: ClassDirectoryOptions) {
    this.#options = options;
    this.classes = new ParsedClasses(options.classes);
  }

  /** Judged anew each time: the class, the object or its neighbours may have changed. */
  standingOf(object: InstanceProfile): Standing {
    const found = this.#classOf(object);
    if (found === undefined) return { kind: "free", object };
    if ("reason" in found)
      return this.#isGoingFree(object) ? { kind: "free", object } : { kind: "refused", blocker: found };
    const moved = movedBlocker(object, found);
    if (moved !== undefined) return { kind: "refused", blocker: moved };
    const whole = withClassDefaults(object, found);
    // What goes is not judged: taking it down grants nothing.
    if (object.metadata.deletionTimestamp !== undefined) return bound(found, whole, []);
    const violations = classViolations(object.spec, this.#boundsOf(object, found));
    const isCut = violations.length > 0 && isAccepted(object) && found.spec.onViolation === "Strip";
    if (!isCut) return bound(found, whole, violations);
    const cut = withoutExcess(whole.spec, violations, found);
    // What is taken away is taken away now: to wait, or only to look, is the word of who wrote too much.
    const spec: InstanceProfileSpec = { ...cut, suspend: false, mode: "Enforce" };
    return { kind: "bound", class: found, object: { ...whole, spec }, violations, isStripped: true };
  }

  /** The class's name as the object has it, or the default's; undefined when there is none. */
  classNameOf(raw: KubeObject): string | undefined {
    const { className } = (raw["spec"] ?? {}) as { readonly className?: string };
    if (className !== undefined) return className;
    const [name, ...others] = this.classes.defaultNames();
    return others.length === 0 ? name : undefined;
  }

  /** The key of the account that the object is in, as its class says; undefined when it has none and needs one. */
  accountOf(raw: KubeObject): string | undefined {
    const className = this.classNameOf(raw);
    if (className === undefined) return this.classes.isEmpty ? OWN_ACCOUNT : undefined;
    const parsed = this.classes.named(className);
    return parsed === undefined || "fault" in parsed ? undefined : parsed.class.spec.account.id;
  }

  #classOf({ metadata, spec }: InstanceProfile): InstanceProfileClass | Blocker | undefined {
    if (spec.className !== undefined) return this.#named(spec.className, metadata);
    const [name, ...others] = this.classes.defaultNames();
    if (others.length > 0) {
      const message = `classes ${[name, ...others].join(", ")} are all marked as the default. Take annotation ${DEFAULT_CLASS_ANNOTATION} off all but one.`;
      return { reason: "ClassAmbiguous", message };
    }
    if (name !== undefined) return this.#named(name, metadata);
    if (this.classes.isEmpty) return undefined;
    const message =
      "spec.className is not set, and no InstanceProfileClass is marked as the default. Where there are classes every object needs one: " +
      `create it anew with className, or mark a class with annotation ${DEFAULT_CLASS_ANNOTATION}: "true".`;
    return { reason: "ClassRequired", message };
  }

  #named(
    className: string,
    { finalizers, deletionTimestamp }: InstanceProfile["metadata"],
  ): InstanceProfileClass | Blocker {
    const parsed = this.classes.named(className);
    if (parsed === undefined) {
      const message = `InstanceProfileClass ${className} does not exist; there are ${someOf(this.classes.names())}. Create it, or create the object anew with another className.`;
      return { reason: "ClassNotFound", message };
    }
    if ("fault" in parsed) return { reason: "ClassInvalid", message: `${parsed.fault}. Mend the class.` };
    const isNew =
      deletionTimestamp === undefined && !hasFinalizer({ metadata: { finalizers } as InstanceProfile["metadata"] });
    if (parsed.class.metadata.deletionTimestamp === undefined || !isNew) return parsed.class;
    return {
      reason: "ClassNotFound",
      message: `InstanceProfileClass ${className} is being deleted. Use another class.`,
    };
  }

  /** It was made before there were classes, with the controller's own credentials, and goes with them. */
  #isGoingFree({ metadata, spec }: InstanceProfile): boolean {
    return metadata.deletionTimestamp !== undefined && spec.className === undefined;
  }

  #boundsOf(object: InstanceProfile, of: InstanceProfileClass): Bounds {
    const { namespace } = object.metadata;
    const isCounted = of.spec.maxPerNamespace !== undefined;
    const olderPeers = isCounted ? this.#peers(object, of).filter((peer) => countsBefore(peer, object)).length : 0;
    return { class: of, namespace, clusterId: this.#options.clusterId, olderPeers };
  }

  #peers(object: InstanceProfile, of: InstanceProfileClass): readonly KubeObject[] {
    return this.#options.objects().filter((raw) => {
      const { namespace, deletionTimestamp } = metadataOf(raw);
      if (namespace !== object.metadata.namespace || deletionTimestamp !== undefined) return false;
      return this.classNameOf(raw) === of.metadata.name;
    });
  }
}

/** The account that an object of this standing is in: the AWS account id of its class, or {@link OWN_ACCOUNT}. */
export function accountKeyOf(standing: Standing): string {
  return standing.kind === "bound" ? standing.class.spec.account.id : OWN_ACCOUNT;
}

function bound(of: InstanceProfileClass, object: InstanceProfile, violations: readonly Violation[]): Standing {
  return { kind: "bound", class: of, object, violations, isStripped: false };
}

/** It was begun once, which it is only while it fits: the finalizer is the trace of that. */
function isAccepted(object: InstanceProfile): boolean {
  return hasFinalizer(object);
}

/** A role does not move: in another account it would be made anew, and the old one forgotten. */
function movedBlocker({ metadata, status }: InstanceProfile, of: InstanceProfileClass): Blocker | undefined {
  const there = status?.accountId;
  if (there === undefined || there === of.spec.account.id || !hasFinalizer({ metadata })) return undefined;
  return {
    reason: "ClassAccountChanged",
    message:
      `the role is in AWS account ${there}, and class ${of.metadata.name} is of account ${of.spec.account.id}. Nothing is moved: make a ` +
      "class of the old account the default again, or delete that role and profile by hand and create the object anew.",
  };
}

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

function metadataOf(raw: KubeObject): Metadata {
  return raw["metadata"] as Metadata;
}

function countsBefore(raw: KubeObject, { metadata }: InstanceProfile): boolean {
  const { name, creationTimestamp = "" } = metadataOf(raw);
  const own = metadata.creationTimestamp ?? "";
  return creationTimestamp < own || (creationTimestamp === own && name < metadata.name);
}
