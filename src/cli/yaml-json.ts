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

/** A value takes this much at least, whatever its length. */
const VALUE_CHARS = 8;

/**
 * The documents of a text as JSON, in time that grows with its length alone. YAML can say more than JSON, and an API server takes
 * JSON: an alias stands for a copy, a key for its text, a number that is not finite for null.
 *
 * Errors: YamlFaultError for a key that stands twice in one map or is no scalar, for an alias within what it stands for or of what is not
 * there, and for aliases that add more than 1,000,000 characters.
 */
export function jsonOf(events: readonly Event[], text: string): readonly Json[] {
  return new JsonReader(events, text).documents();
}

class JsonReader {
  readonly #events: readonly Event[];
  readonly #text: string;
  /** The next event. */
  #at = 0;
  #version = "";
  #anchors = new Map<string, number>();
  /** What each alias stands for: an anchor may be set again after it. */
  readonly #targets = new Map<number, number>();
  /** The collections around the place that is being read. */
  readonly #open = new Set<number>();
  #aliasDepth = 0;
  #aliasedCharsLeft = MAX_ALIASED_CHARS;

  constructor(events: readonly Event[], text: string) {
    this.#events = events;
    this.#text = text;
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
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#scalar(event, index);
      case EVENT_ID.ALIAS:
        return this.#alias(event, index);
      case EVENT_ID.SEQUENCE:
        return this.#within(event, index, () => this.#items());
      case EVENT_ID.MAPPING:
        return this.#within(event, index, () => this.#pairs());
    }
  }

  #scalar(event: ScalarEvent, index: number): Json {
    const value = scalarOf(event, this.#text, this.#version);
    if (value === undefined) throw this.#fault(index, "a value is not what its tag says");
    this.#count(event, index, typeof value === "string" ? value.length : 0);
    return value;
  }

  #alias({ anchorStart, anchorEnd }: AliasEvent, index: number): Json {
    const target = this.#targets.get(index) ?? this.#anchors.get(this.#text.slice(anchorStart, anchorEnd));
    if (target === undefined) throw this.#fault(index, "an alias has no anchor before it");
    this.#targets.set(index, target);
    const next = this.#at;
    this.#at = target;
    this.#aliasDepth += 1;
    const value = this.#read();
    this.#aliasDepth -= 1;
    this.#at = next;
    return value;
  }

  #within<T extends Json>(event: SequenceEvent | MappingEvent, index: number, read: () => T): T {
    if (this.#open.has(index)) throw this.#fault(index, "an alias stands within what it stands for");
    if (this.#open.size >= MAX_DEPTH) throw this.#fault(index, TOO_DEEP);
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
      const index = this.#at;
      const name = this.#name();
      if (Object.hasOwn(pairs, name)) throw this.#fault(index, "a key stands twice in one map");
      const value = this.#read();
      if (name !== "__proto__") pairs[name] = value;
      else Object.defineProperty(pairs, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return pairs;
  }

  #name(): string {
    const index = this.#at;
    const key = this.#read();
    if (typeof key === "object" && key !== null) throw this.#fault(index, "a key is a list or a map");
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
    if (this.#aliasDepth === 0) {
      if (anchorStart >= 0) this.#anchors.set(this.#text.slice(anchorStart, anchorEnd), index);
      return;
    }
    this.#aliasedCharsLeft -= VALUE_CHARS + chars;
    if (this.#aliasedCharsLeft < 0) throw this.#fault(index, "aliases make the document too large");
  }

  #fault(index: number, what: string): YamlFaultError {
    return new YamlFaultError(what, Math.max(0, offsetOf(this.#events[index])));
  }
}
