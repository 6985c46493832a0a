import type { InstanceProfile } from "../../api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";
import { someOf } from "../../plan/class/class-bounds.ts";
import type { Blocker } from "../../plan/plan.ts";
import { isAcceptedBy } from "./acceptance-record.ts";

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

/** A parsed class, or why it is invalid. */
type ParsedClass = { readonly class: InstanceProfileClass } | { readonly fault: string };

/** What is calculated once for a list of classes. */
interface ListFacts {
  readonly list: readonly KubeObject[];
  readonly revision: string;
  readonly valid: readonly InstanceProfileClass[];
  readonly accountIds: readonly string[];
  readonly names: readonly string[];
  readonly defaultNames: readonly string[];
}

/** The InstanceProfileClasses of a cache, each parsed once. */
export class ParsedClasses {
  readonly #list: () => readonly KubeObject[];
  readonly #get: (name: string) => KubeObject | undefined;
  /** Results by object: objects of a cache are frozen, so a result stays valid. */
  readonly #parsed = new WeakMap<KubeObject, ParsedClass>();
  #known: ListFacts | undefined;

  /** @param list the classes: another array when one of them has changed */
  constructor(
    list: () => readonly KubeObject[],
    get: (name: string) => KubeObject | undefined = (name) => list().find((one) => metadataOf(one).name === name),
  ) {
    this.#list = list;
    this.#get = get;
  }

  /** Changes when a class is added or deleted, or changes in a way that affects objects. */
  get revision(): string {
    return this.#facts.revision;
  }

  /** True when the cluster has no class, valid or not. */
  get isEmpty(): boolean {
    return this.#list().length === 0;
  }

  /** The account ids of the valid classes, without duplicates. */
  get accountIds(): readonly string[] {
    return this.#facts.accountIds;
  }

  /** The class of this name; undefined when it does not exist. */
  named(className: string): ParsedClass | undefined {
    const raw = this.#get(className);
    return raw === undefined ? undefined : this.#parse(raw);
  }

  /** The valid classes of an account, the oldest first. */
  ofAccount(accountId: string): readonly InstanceProfileClass[] {
    return this.valid()
      .filter(({ spec }) => spec.account.id === accountId)
      .sort((one, other) => (age(one) < age(other) ? -1 : 1));
  }

  /** The names of all classes, sorted. */
  names(): readonly string[] {
    return this.#facts.names;
  }

  /** The names of the classes that are marked as the default, sorted; more than one is ambiguous. */
  defaultNames(): readonly string[] {
    return this.#facts.defaultNames;
  }

  /** The valid classes, in no order. */
  valid(): readonly InstanceProfileClass[] {
    return this.#facts.valid;
  }

  /** They are asked for several times in each reconcile, and classes change seldom. */
  get #facts(): ListFacts {
    const list = this.#list();
    if (this.#known?.list === list) return this.#known;
    const valid = list.map((raw) => this.#parse(raw)).flatMap((one) => ("class" in one ? [one.class] : []));
    const isDefault = ({ annotations }: Metadata): boolean => annotations?.[DEFAULT_CLASS_ANNOTATION] === "true";
    const metadata = list.map(metadataOf);
    this.#known = {
      list,
      revision: revisionOf(metadata),
      valid,
      accountIds: [...new Set(valid.map(({ spec }) => spec.account.id))],
      names: metadata.map(({ name }) => name).sort(),
      defaultNames: metadata
        .filter(isDefault)
        .map(({ name }) => name)
        .sort(),
    };
    return this.#known;
  }

  #parse(raw: KubeObject): ParsedClass {
    const known = this.#parsed.get(raw);
    if (known !== undefined) return known;
    const parsed = parse(raw);
    this.#parsed.set(raw, parsed);
    return parsed;
  }
}

function revisionOf(metadata: readonly Metadata[]): string {
  return JSON.stringify(
    metadata.map(({ name, uid, generation, deletionTimestamp, annotations }) => [
      ...[name, uid, generation, deletionTimestamp],
      annotations?.[DEFAULT_CLASS_ANNOTATION],
    ]),
  );
}

function parse(raw: KubeObject): ParsedClass {
  try {
    return { class: parseInstanceProfileClass(raw) };
  } catch (error) {
    if (error instanceof ControllerError) return { fault: error.message };
    throw error;
  }
}

interface Metadata {
  readonly name: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function metadataOf(raw: KubeObject): Metadata {
  return raw["metadata"] as Metadata;
}

function age({ metadata }: InstanceProfileClass): string {
  return `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
}
