import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";

/** A parsed class, or why it is invalid. */
export type ParsedClass = { readonly class: InstanceProfileClass } | { readonly fault: string };

/** The InstanceProfileClasses of a cache, each parsed once. */
export class ParsedClasses {
  readonly #list: () => readonly KubeObject[];
  readonly #get: (name: string) => KubeObject | undefined;
  /** Results by object: objects of a cache are frozen, so a result stays valid. */
  readonly #parsed = new WeakMap<KubeObject, ParsedClass>();

  constructor(
    list: () => readonly KubeObject[],
    get: (name: string) => KubeObject | undefined = (name) => list().find((one) => metadataOf(one).name === name),
  ) {
    this.#list = list;
    this.#get = get;
  }

  /** Changes when a class is added or deleted, or changes in a way that affects objects. */
  get revision(): string {
    const parts = this.#list().map((raw) => {
      const { name, uid, generation, deletionTimestamp, annotations } = metadataOf(raw);
      return [name, uid, generation, deletionTimestamp, annotations?.[DEFAULT_CLASS_ANNOTATION]];
    });
    return JSON.stringify(parts);
  }

  /** True when the cluster has no class, valid or not. */
  get isEmpty(): boolean {
    return this.#list().length === 0;
  }

  /** The account ids of the valid classes, without duplicates. */
  get accountIds(): readonly string[] {
    return [...new Set(this.valid().map(({ spec }) => spec.account.id))];
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
    return this.#list()
      .map((raw) => metadataOf(raw).name)
      .sort();
  }

  /** The names of the classes that are marked as the default, sorted; more than one is ambiguous. */
  defaultNames(): readonly string[] {
    return this.#list()
      .map(metadataOf)
      .filter(({ annotations }) => annotations?.[DEFAULT_CLASS_ANNOTATION] === "true")
      .map(({ name }) => name)
      .sort();
  }

  /** The valid classes, in no order. */
  valid(): readonly InstanceProfileClass[] {
    const parsed = this.#list().map((raw) => this.#parse(raw));
    return parsed.filter((one) => "class" in one).map((one) => one.class);
  }

  #parse(raw: KubeObject): ParsedClass {
    const known = this.#parsed.get(raw);
    if (known !== undefined) return known;
    const parsed = parse(raw);
    this.#parsed.set(raw, parsed);
    return parsed;
  }
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
