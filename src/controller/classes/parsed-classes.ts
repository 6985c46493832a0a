import { DEFAULT_CLASS_ANNOTATION, type InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { parseInstanceProfileClass } from "../../api/parse-instance-profile-class.ts";
import type { KubeObject } from "../../engine/ports.ts";
import { ControllerError } from "../../errors.ts";

/** A parsed class, or why it is invalid. */
export type ParsedClass = { readonly class: InstanceProfileClass } | { readonly fault: string };

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
