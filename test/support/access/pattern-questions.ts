import {
  type CheckOptions,
  outsidePatterns,
  type PatternExample,
  type PatternKind,
  type PatternSet,
  sharedWithPatterns,
} from "../../../src/model/access/pattern-check.ts";
import { StepBudget } from "../../../src/model/access/words/step-budget.ts";

/** An example without the pattern that matches it. */
export type Answer = { readonly found: "none" | "undecided" } | { readonly found: "word"; readonly word: string };

/** Whether the allowed patterns match all that the set matches; each question has a budget of its own. */
export function within(
  set: PatternSet,
  allowed: readonly string[],
  kind: PatternKind,
  options: Partial<CheckOptions> = {},
): Answer {
  return answerOf(outsidePatterns(set, allowed, kind, { budget: new StepBudget(60_000), ...options }));
}

/** Whether the denied patterns match something that the set matches. */
export function overlaps(
  set: PatternSet,
  denied: readonly string[],
  kind: PatternKind,
  options: Partial<CheckOptions> = {},
): Answer {
  return answerOf(sharedWithPatterns(set, denied, kind, { budget: new StepBudget(60_000), ...options }));
}

function answerOf(example: PatternExample): Answer {
  return example.found === "word" ? { found: "word", word: example.word } : example;
}
