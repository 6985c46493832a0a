import { canonicalStatement, elementsOf, type PolicyUse, readingOf, statementsOf } from "./policy-canonical.ts";
import { showQuoted, showValue, spellingOf } from "./policy-elements.ts";
import { canonicalJson, compareCodeUnits, isJsonObject, type JsonValue } from "./policy-json.ts";
import { type Spell, type StatementFact, statementFacts } from "./policy-statement-facts.ts";
import { matchStatements, type StatementFate, type StatementView } from "./policy-statement-pairs.ts";

/** Lines in a description, the one that counts the rest included. */
const MAX_LINES = 20;

/**
 * What differs between two documents of one use, a line each: `~ statement "Read": + action s3:GetObject`. `undefined` is a
 * document that cannot be read.
 *
 * Guarantees: empty when the documents mean the same, and only then (two unreadable ones count as the same); a bounded
 * number of lines of bounded length; the order of things in `from` has no influence, so a server that shuffles what it
 * returns does not change the text.
 */
export function describeChange(
  from: JsonValue | undefined,
  to: JsonValue | undefined,
  use: PolicyUse,
): readonly string[] {
  const spell = spellingOf([to, from]);
  const before = statementViews(from, use, spell).sort((a, b) => compareCodeUnits(a.canonical, b.canonical));
  return boundedLines([
    ...elementLines(documentElements(from), documentElements(to)),
    ...matchStatements(before, statementViews(to, use, spell)).map(fateLine),
  ]);
}

function statementViews(document: JsonValue | undefined, use: PolicyUse, spell: Spell): StatementView[] {
  if (!isJsonObject(document)) return [];
  const reading = readingOf(document, use);
  return statementsOf(document).map((written, index) => {
    const statement = canonicalStatement(written, reading);
    const sid = isJsonObject(statement) ? statement["Sid"] : undefined;
    return {
      canonical: canonicalJson(statement),
      sid: typeof sid === "string" ? sid : undefined,
      position: index + 1,
      facts: statementFacts(statement, spell),
    };
  });
}

/** The elements of a document other than its statements, as people read them; what is no document has one that stands for it. */
function documentElements(document: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  if (document === undefined) return new Map([["document", "unreadable"]]);
  if (!isJsonObject(document)) return new Map([["value", document]]);
  return new Map(Object.entries(elementsOf(document)).sort(([a], [b]) => compareCodeUnits(a, b)));
}

function elementLines(from: ReadonlyMap<string, JsonValue>, to: ReadonlyMap<string, JsonValue>): readonly string[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((name) => {
    const [before, after] = [from.get(name), to.get(name)];
    if (before === undefined) return after === undefined ? [] : [`+ ${showValue(name)} ${showValue(after)}`];
    if (after === undefined) return [`- ${showValue(name)} ${showValue(before)}`];
    if (canonicalJson(before) === canonicalJson(after)) return [];
    return [`~ ${showValue(name)} ${showValue(before)} -> ${showValue(after)}`];
  });
}

function fateLine(fate: StatementFate): string {
  switch (fate.fate) {
    case "changed":
      return `~ ${writtenName(fate.after)}: ${describeFactChange(fate.before.facts, fate.after.facts)}`;
    case "added":
      return `+ ${writtenName(fate.after)}: ${describeFacts(fate.after.facts)}`;
    case "removed":
      // No position: a server may return the statements in another order next time.
      return `- ${fate.before.sid === undefined ? "statement" : writtenName(fate.before)}: ${describeFacts(fate.before.facts)}`;
  }
}

function writtenName({ sid, position }: StatementView): string {
  return `statement ${sid === undefined ? position : showQuoted(sid)}`;
}

function boundedLines(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LINES) return lines;
  const shown = lines.slice(0, MAX_LINES - 1);
  return [...shown, `and ${lines.length - shown.length} more differences`];
}

/** Characters of one description; the facts that find no room are counted. */
const MAX_CHARS = 240;

/** All facts of a statement: `effect Allow, action s3:Get*, s3:List*, resource *`. */
function describeFacts(facts: readonly StatementFact[]): string {
  const unnamed = facts.filter(({ element }) => element !== "sid");
  return unnamed.length === 0 ? "(empty)" : joinParts(unnamed.map((fact) => part("", fact)));
}

/** What to add to one statement and what to take away to make it the other: `+ action s3:GetObject, - action s3:Delete*`. */
function describeFactChange(before: readonly StatementFact[], after: readonly StatementFact[]): string {
  const [had, has] = [keysOf(before), keysOf(after)];
  const added = after.filter(({ key }) => !had.has(key));
  const removed = before.filter(({ key }) => !has.has(key));
  const byElement = [...Map.groupBy([...added, ...removed], ({ element }) => element).values()];
  byElement.sort(([a], [b]) => (a?.rank ?? 0) - (b?.rank ?? 0) || compareCodeUnits(a?.element ?? "", b?.element ?? ""));
  return joinParts(byElement.flatMap((facts) => elementParts(facts, has)));
}

/** A piece of a description. `head` is left out where the piece before has the same. */
interface Part {
  readonly head: string;
  readonly text: string;
}

/** The differing facts of one element, those that are added first. */
function elementParts(facts: readonly StatementFact[], has: ReadonlySet<string>): readonly Part[] {
  const [first, second, ...more] = facts;
  if (first?.single && second?.single && more.length === 0) {
    return [{ head: `${first.element} `, text: `${second.label} -> ${first.label}` }];
  }
  return facts.map((fact) => part(has.has(fact.key) ? "+ " : "- ", fact));
}

function part(sign: string, { element, label }: StatementFact): Part {
  return { head: `${sign}${element} `, text: label };
}

function joinParts(parts: readonly Part[]): string {
  let line = "";
  for (const [index, { head, text }] of parts.entries()) {
    const piece = parts[index - 1]?.head === head ? text : head + text;
    const longer = index === 0 ? piece : `${line}, ${piece}`;
    if (index > 0 && longer.length > MAX_CHARS) return `${line}, and ${parts.length - index} more`;
    line = longer;
  }
  return line;
}

function keysOf(facts: readonly StatementFact[]): ReadonlySet<string> {
  return new Set(facts.map(({ key }) => key));
}
