import { compareCodeUnits } from "./policy-json.ts";
import type { StatementFact } from "./policy-statement-facts.ts";

/** Characters of one description; the facts that find no room are counted. */
const MAX_CHARS = 240;

/** All facts of a statement: `effect Allow, action s3:Get*, s3:List*, resource *`. */
export function describeFacts(facts: readonly StatementFact[]): string {
  const unnamed = facts.filter(({ element }) => element !== "sid");
  return unnamed.length === 0 ? "(empty)" : joinParts(unnamed.map((fact) => part("", fact)));
}

/** What to add to one statement and what to take away to make it the other: `+ action s3:GetObject, - action s3:Delete*`. */
export function describeFactChange(before: readonly StatementFact[], after: readonly StatementFact[]): string {
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
