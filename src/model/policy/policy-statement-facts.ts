import { showValue } from "./policy-elements.ts";
import { canonicalJson, compareCodeUnits, isJsonList, isJsonObject, type JsonValue } from "./policy-json.ts";

/** One thing that a statement says: its effect, one action, one resource, one value of one condition. */
export interface StatementFact {
  /** As people read it: `action`, `notResource`; an unknown element as it is written. */
  readonly element: string;
  /** Where the element is shown among others. */
  readonly rank: number;
  /** True when a statement can have only one of these, so that two different ones are a replacement. */
  readonly single: boolean;
  /** The same for the same fact in any statement. */
  readonly key: string;
  readonly label: string;
}

/** How a name that IAM reads in any case is shown, given its lower-case form. */
export type Spell = (name: string) => string;

/** The elements of a statement in the order they are shown; unknown ones follow. */
const ELEMENTS = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

const NONE = "(none)";

/**
 * All that a statement in canonical form says, in an order that depends on nothing else. Statements that differ have facts
 * that differ.
 */
export function statementFacts(statement: JsonValue, spell: Spell): readonly StatementFact[] {
  if (!isJsonObject(statement)) return [singleFact("statement", statement)];
  return Object.entries(statement)
    .sort(([a], [b]) => rank(a) - rank(b) || compareCodeUnits(a, b))
    .flatMap(([element, value]) => elementFacts(element, value, spell));
}

function elementFacts(element: string, value: JsonValue, spell: Spell): readonly StatementFact[] {
  const place = { element, path: [], words: [] };
  switch (element) {
    case "Action":
    case "NotAction":
      return memberFacts(place, value, spell);
    case "Resource":
    case "NotResource":
      return memberFacts(place, value, asWritten);
    case "Principal":
    case "NotPrincipal":
      return nestedFacts(place, value, 1, asWritten);
    case "Condition":
      return nestedFacts(place, value, 2, spell);
    default:
      return [singleFact(element, value)];
  }
}

/** Where in a statement a value stands: the names on the way for the key, and as they are shown. */
interface Place {
  readonly element: string;
  readonly path: readonly string[];
  readonly words: readonly string[];
}

/** The facts in objects within objects, `levels` deep, with sets of values at the end. */
function nestedFacts(place: Place, value: JsonValue, levels: number, spell: Spell): readonly StatementFact[] {
  if (levels === 0) return memberFacts(place, value, asWritten);
  if (!isJsonObject(value)) return [singleFact(place.element, value)];
  const { element, path, words } = place;
  const members = Object.entries(value).sort(([a], [b]) => compareCodeUnits(a, b));
  if (members.length === 0) return [fact(place, [], NONE)];
  return members.flatMap(([name, member]) => {
    const inner = { element, path: [...path, name], words: [...words, showValue(spell(name))] };
    return nestedFacts(inner, member, levels - 1, spell);
  });
}

function memberFacts(place: Place, value: JsonValue, spell: Spell): readonly StatementFact[] {
  const members = isJsonList(value) ? value : [value];
  if (members.length === 0) return [fact(place, [], NONE)];
  return members.map((member) => fact(place, [member], showValue(typeof member === "string" ? spell(member) : member)));
}

function fact({ element, path, words }: Place, member: JsonValue, word: string): StatementFact {
  const key = canonicalJson([element, path, member]);
  return { element: elementName(element), rank: rank(element), single: false, key, label: [...words, word].join(" ") };
}

function singleFact(element: string, value: JsonValue): StatementFact {
  const key = canonicalJson([element, value]);
  return { element: elementName(element), rank: rank(element), single: true, key, label: showValue(value) };
}

function elementName(element: string): string {
  return ELEMENTS.includes(element) ? element.charAt(0).toLowerCase() + element.slice(1) : showValue(element);
}

function rank(element: string): number {
  const index = ELEMENTS.indexOf(element);
  return index === -1 ? ELEMENTS.length : index;
}

function asWritten(name: string): string {
  return name;
}
