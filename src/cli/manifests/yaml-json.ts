import {
  type AliasEvent,
  EVENT_ID,
  type Event,
  type MappingEvent,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import { MAX_DEPTH, offsetOf, TOO_DEEP } from "./yaml-events.ts";
import { YamlFaultError } from "./yaml-fault-error.ts";
import { scalarOf } from "./yaml-scalar.ts";

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

type NodeEvent = ScalarEvent | AliasEvent | SequenceEvent | MappingEvent;

/** What aliases may add to the documents of a text, in characters. */
const MAX_ALIASED_CHARS = 1_000_000;

const USED: Event = { type: EVENT_ID.POP };

/** A value takes this much at least, whatever its length. */
const VALUE_CHARS = 8;

/**
 * The documents of a text as JSON, in time that grows with its length alone. YAML can say more than JSON, and an API server takes
 * JSON: an alias stands for a copy, a key for its text, a number that is not finite for null.
 *
 * The events are used up: at their peak they take several times as much memory as what becomes of them.
 *
 * Errors: YamlFaultError for a key that stands twice in one map or is no scalar, for an alias within what it stands for or of what is not
 * there, and for aliases that add more than 1,000,000 characters.
 */
export function jsonOf(events: Event[], text: string): readonly Json[] {
  return new JsonReader(events, text).documents();
}

class JsonReader {
  readonly #events: Event[];
  readonly #text: string;
  /** An alias reads once more what is before it. */
  readonly #hasAliases: boolean;
  /** The next event. */
  #at = 0;
  #version = "";
  #anchors = new Map<string, number>();
  /** What each alias stands for: an anchor may be set again after it. */
  readonly #targets = new Map<number, number>();
  /** The collections around the place that is being read. */
  readonly #open = new Set<number>();
  /** The outermost alias around the place that is being read. */
  #alias: AliasEvent | undefined;
  #aliasedCharsLeft = MAX_ALIASED_CHARS;

  constructor(events: Event[], text: string) {
    this.#events = events;
    this.#text = text;
    this.#hasAliases = events.some(({ type }) => type === EVENT_ID.ALIAS);
  }

  documents(): readonly Json[] {
    const documents: Json[] = [];
    while (this.#at < this.#events.length) {
      const event = this.#events[this.#at++];
      if (event?.type !== EVENT_ID.DOCUMENT) continue;
      const version = event.directives.find((directive) => directive.kind === "yaml");
      this.#version = version?.version ?? "";
      this.#anchors = new Map();
      documents.push(this.#read());
    }
    return documents;
  }

  #read(): Json {
    const index = this.#at++;
    const event = this.#events[index] as NodeEvent;
    if (!this.#hasAliases) this.#events[index] = USED;
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, index);
      case EVENT_ID.ALIAS:
        return this.#aliased(event, index);
      case EVENT_ID.SEQUENCE:
        return this.#within(event, index, () => this.#items());
      case EVENT_ID.MAPPING:
        return this.#within(event, index, () => this.#pairs());
    }
  }

  #scalar(event: ScalarEvent, index: number): Json {
    const value = scalarOf(event, this.#text, this.#version);
    if (value === undefined) throw this.#fault(event, "a value is not what its tag says");
    this.#count(event, index, typeof value === "string" ? value.length : 0);
    return value;
  }

  #aliased(event: AliasEvent, index: number): Json {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd);
    const target = this.#targets.get(index) ?? this.#anchors.get(name);
    if (target === undefined) throw this.#fault(event, "an alias has no anchor before it");
    this.#targets.set(index, target);
    const [next, outer] = [this.#at, this.#alias];
    this.#at = target;
    this.#alias ??= event;
    const value = this.#read();
    this.#alias = outer;
    this.#at = next;
    return value;
  }

  #within<T extends Json>(event: SequenceEvent | MappingEvent, index: number, read: () => T): T {
    if (this.#open.has(index)) throw this.#fault(event, "an alias stands within what it stands for");
    if (this.#open.size >= MAX_DEPTH) throw this.#fault(event, TOO_DEEP);
    this.#count(event, index, 0);
    this.#open.add(index);
    const value = read();
    this.#open.delete(index);
    return value;
  }

  #items(): Json {
    if (this.#atEnd()) return [];
    // An empty list that grows takes room for seventeen at once, and most lists of a policy have one.
    const items: Json[] = [this.#read()];
    while (!this.#atEnd()) items.push(this.#read());
    return items;
  }

  #pairs(): Json {
    const pairs: Record<string, Json> = {};
    while (!this.#atEnd()) {
      const key = this.#events[this.#at];
      const name = this.#name();
      if (Object.hasOwn(pairs, name)) throw this.#fault(key, "a map has the same key twice");
      const value = this.#read();
      if (name !== "__proto__") pairs[name] = value;
      else Object.defineProperty(pairs, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return pairs;
  }

  #name(): string {
    const event = this.#events[this.#at];
    const key = this.#read();
    if (typeof key === "object" && key !== null) throw this.#fault(event, "a key is a list or a map");
    return key === null ? "" : String(key);
  }

  /** True at the end of a collection, which is passed. */
  #atEnd(): boolean {
    if (this.#events[this.#at]?.type !== EVENT_ID.POP) return false;
    this.#at += 1;
    return true;
  }

  /** Only aliases can make much of a little text: what they add is counted, and an anchor within it is none. */
  #count({ anchorStart, anchorEnd }: Exclude<NodeEvent, AliasEvent>, index: number, chars: number): void {
    if (this.#alias === undefined) {
      if (anchorStart >= 0) this.#anchors.set(this.#text.slice(anchorStart, anchorEnd), index);
      return;
    }
    this.#aliasedCharsLeft -= VALUE_CHARS + chars;
    if (this.#aliasedCharsLeft < 0) throw this.#fault(this.#alias, "aliases make the document too large");
  }

  #fault(event: Event | undefined, what: string): YamlFaultError {
    return new YamlFaultError(what, Math.max(0, offsetOf(event)));
  }
}
