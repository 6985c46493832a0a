import {
  type AliasEvent,
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import { MAX_DEPTH, offsetOf, TOO_DEEP, YamlFaultError } from "./yaml-events.ts";
import { AMBIGUOUS, NOT_FINITE, scalarOf } from "./yaml-scalar.ts";

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

type NodeEvent = ScalarEvent | AliasEvent | SequenceEvent | MappingEvent;

/** Limit of what aliases can add to the documents of a text, in characters. */
const MAX_ALIASED_CHARS = 1_000_000;

const USED: Event = { type: EVENT_ID.POP };

/** Characters counted for each value in addition to its length. */
const VALUE_CHARS = 8;

/**
 * Converts the documents of a text to JSON, in time linear to its length. YAML features without a JSON form are converted: an
 * alias becomes a copy, a key its text.
 *
 * Consumes the events: at their peak they take several times the memory of the result.
 *
 * Errors: YamlFaultError for numbers that are not finite, duplicate keys, keys that are not scalars, recursive aliases, aliases without an anchor, and
 * aliases that add more than 1,000,000 characters.
 */
export function jsonOf(events: Event[], text: string): readonly Json[] {
  return new JsonReader(events, text).documents();
}

/**
 * Converts the documents of a CloudFormation template to JSON as {@link jsonOf}: a short tag becomes an object, `!Ref x` `{"Ref": "x"}` and
 * `!Sub x` `{"Fn::Sub": "x"}`. A scalar stays the text that it is, because YAML would make numbers of accounts and dates of versions.
 */
export function templateJsonOf(events: Event[], text: string): readonly Json[] {
  return new TemplateReader(events, text).documents();
}

class JsonReader {
  readonly #events: Event[];
  protected readonly text: string;
  /** With aliases, events are read more than once and cannot be discarded. */
  readonly #hasAliases: boolean;
  /** Index of the next event. */
  #at = 0;
  #version = "";
  #anchors = new Map<string, number>();
  /** The target of each alias: an anchor can be redefined after it. */
  readonly #targets = new Map<number, number>();
  /** The collections that enclose the current position. */
  readonly #open = new Set<number>();
  /** The outermost alias that encloses the current position. */
  #alias: AliasEvent | undefined;
  #aliasedCharsLeft = MAX_ALIASED_CHARS;

  constructor(events: Event[], text: string) {
    this.#events = events;
    this.text = text;
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
        return this.tagged(event, this.#scalar(event, index));
      case EVENT_ID.ALIAS:
        return this.#aliased(event, index);
      case EVENT_ID.SEQUENCE:
        return this.tagged(
          event,
          this.#within(event, index, () => this.#items()),
        );
      case EVENT_ID.MAPPING:
        return this.tagged(
          event,
          this.#within(event, index, () => this.#pairs()),
        );
    }
  }

  /** The value of a scalar; undefined, AMBIGUOUS and NOT_FINITE: it has none. */
  protected scalarOf(event: ScalarEvent): ReturnType<typeof scalarOf> {
    return scalarOf(event, this.text, this.#version);
  }

  /** What a value means with its tag. */
  protected tagged(_event: Exclude<NodeEvent, AliasEvent>, value: Json): Json {
    return value;
  }

  #scalar(event: ScalarEvent, index: number): Json {
    const value = this.scalarOf(event);
    if (value === undefined) throw this.#fault(event, "a value does not match its tag");
    if (value === AMBIGUOUS)
      throw this.#fault(
        event,
        "kubectl and YAML 1.2 read this value differently; quote it, or write true, false or a decimal number",
      );
    if (value === NOT_FINITE)
      throw this.#fault(
        event,
        "JSON, which the API server reads, has no such number; quote it, or write a finite number",
      );
    this.#count(event, index, typeof value === "string" ? value.length : 0);
    return value;
  }

  #aliased(event: AliasEvent, index: number): Json {
    const name = this.text.slice(event.anchorStart, event.anchorEnd);
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
    if (this.#open.has(index)) throw this.#fault(event, "an alias is recursive");
    if (this.#open.size >= MAX_DEPTH) throw this.#fault(event, TOO_DEEP);
    this.#count(event, index, 0);
    this.#open.add(index);
    const value = read();
    this.#open.delete(index);
    return value;
  }

  #items(): Json {
    if (this.#atEnd()) return [];
    // Not [] with push: an empty array grows to a capacity of 17, and most lists of a policy have one item.
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

  /** Returns true at the end of a collection, and consumes the end. */
  #atEnd(): boolean {
    if (this.#events[this.#at]?.type !== EVENT_ID.POP) return false;
    this.#at += 1;
    return true;
  }

  /** Counts what an alias adds, because only aliases can expand a small text. Anchors within an alias do not count. */
  #count({ anchorStart, anchorEnd }: Exclude<NodeEvent, AliasEvent>, index: number, chars: number): void {
    if (this.#alias === undefined) {
      if (anchorStart >= 0) this.#anchors.set(this.text.slice(anchorStart, anchorEnd), index);
      return;
    }
    this.#aliasedCharsLeft -= VALUE_CHARS + chars;
    if (this.#aliasedCharsLeft < 0) throw this.#fault(this.#alias, "aliases make the document too large");
  }

  #fault(event: Event | undefined, what: string): YamlFaultError {
    return new YamlFaultError(what, Math.max(0, offsetOf(event)));
  }
}

class TemplateReader extends JsonReader {
  protected override scalarOf(event: ScalarEvent): string | null {
    const source = getScalarValue(this.text, event);
    const isNull = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0 && /^(?:~|null|Null|NULL)?$/.test(source);
    return isNull ? null : source;
  }

  protected override tagged({ tagStart, tagEnd }: Exclude<NodeEvent, AliasEvent>, value: Json): Json {
    const [, name] = /^!(\w+)$/.exec(tagStart < 0 ? "" : this.text.slice(tagStart, tagEnd)) ?? [];
    if (name === undefined) return value;
    return { [name === "Ref" || name === "Condition" ? name : `Fn::${name}`]: value };
  }
}
