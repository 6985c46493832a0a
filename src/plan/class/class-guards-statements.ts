import type { PolicySpec, Statement } from "../../api/instance-profile.ts";
import {
  outsidePatterns,
  type PatternExample,
  type PatternKind,
  type PatternSet,
  sharedWithPatterns,
} from "../../model/access/pattern-check.ts";
import { StepBudget } from "../../model/access/words/step-budget.ts";
import { showValue } from "../../model/policy/policy-elements.ts";
import { type StatementField, statementFieldPath } from "../../model/policy/policy-spec.ts";
import { completedResource } from "../../model/policy/resource-pattern.ts";
import { WELL_KNOWN_ACTIONS } from "../../model/policy/well-known-actions.ts";
import { type Bounds, classTitle, type Excess, filledIn, someOf, type Violation, violation } from "./class-bounds.ts";

/**
 * Steps that the check of one object against its class may take, some milliseconds. Policies that people write need hundreds. What uses them
 * up names every letter behind a `*`, each with many `?` behind it.
 */
const MAX_CLASS_STEPS = 60_000;

/** One statement and what it is checked against. */
interface Case {
  readonly policy: PolicySpec;
  readonly index: number;
  readonly statement: Statement;
  readonly bounds: Bounds;
  /** The class's `allowedResources`, with the placeholders filled in. */
  readonly resources: readonly string[];
  /** Shared by all statements of an object, so that a long policy takes no longer than one hard statement. */
  readonly budget: StepBudget;
}

/**
 * Checks by containment, statement by statement, that the class allows every action and resource that the policies allow. Deny
 * statements are not subtracted, because their effect depends on their conditions.
 */
export function guardStatements(policies: readonly PolicySpec[], bounds: Bounds): readonly Violation[] {
  const budget = new StepBudget(MAX_CLASS_STEPS);
  const resources = bounds.class.spec.allowedResources.map((pattern) => filledIn(pattern, bounds));
  return policies.flatMap((policy) =>
    policy.statements.flatMap((statement, index) =>
      statement.effect === "Deny" ? [] : guardStatement({ policy, index, statement, bounds, resources, budget }),
    ),
  );
}

function guardStatement(one: Case): readonly Violation[] {
  const actions = guardActions(one);
  // The step budget is spent.
  return actions.some(({ reason }) => reason === UNDECIDED) ? actions : [...actions, ...guardResources(one)];
}

const UNDECIDED = "PolicyTooComplex";

function guardActions(one: Case): readonly Violation[] {
  const { statement, bounds, budget } = one;
  const { allowedActions, deniedActions, allowNotActions } = bounds.class.spec;
  const subject = subjectOf(one, "actions", statement.actions, statement.notActions);
  if (subject.words.isNegated && !allowNotActions)
    return [negated(one, "NotActionsNotAllowed", "notActions", "actions")];
  const wanted = { prefer: WELL_KNOWN_ACTIONS, budget };
  const outside = outsidePatterns(subject.words, allowedActions, "actions", wanted);
  if (outside.found !== "none") {
    return [beyond(one, subject, outside, "ActionNotAllowed", `does not allow; it allows ${someOf(allowedActions)}`)];
  }
  if (deniedActions.length === 0) return [];
  const denied = sharedWithPatterns(subject.words, deniedActions, "actions", wanted);
  if (denied.found === "none") return [];
  return [beyond(one, subject, denied, "ActionDenied", `denies: ${someOf(deniedActions)}`)];
}

function guardResources(one: Case): readonly Violation[] {
  const { statement, bounds, resources: allowed, budget } = one;
  const { allowNotResources } = bounds.class.spec;
  const subject = subjectOf(one, "resources", statement.resources, statement.notResources);
  if (subject.words.isNegated && !allowNotResources) {
    return [negated(one, "NotResourcesNotAllowed", "notResources", "resources")];
  }
  const literal = literalVariable(one, subject);
  if (literal !== undefined) return [literal];
  const outside = outsidePatterns(subject.words, allowed, "resources", { budget });
  if (outside.found === "none") return [];
  return [beyond(one, subject, outside, "ResourceNotAllowed", `does not allow; it allows ${someOf(allowed)}`)];
}

/**
 * Refuses `${` in a document of another version, in which IAM has no variables: `${*}` is then text around a wildcard, and not the text `*`.
 */
function literalVariable(one: Case, { field, written }: Subject): Violation | undefined {
  const { document } = one.policy;
  if (document === undefined || document["Version"] === "2012-10-17") return undefined;
  const index = written.findIndex((pattern) => pattern.includes("${"));
  if (index < 0) return undefined;
  const message =
    `${field}[${index}]: ${showValue(written[index] ?? "")} has no variable, because the Version of the document is not 2012-10-17, and ` +
    `${classTitle(one.bounds)} is not compared with that. Write Version: "2012-10-17", or the resource without \${.`;
  return violation("ResourceNotAllowed", message, excessOf(one));
}

/** The actions or the resources of a statement, and the field that holds them. */
interface Subject {
  readonly field: string;
  readonly written: readonly string[];
  readonly words: PatternSet;
  readonly kind: PatternKind;
}

function subjectOf(
  { policy, index }: Case,
  kind: PatternKind,
  listed: readonly string[] | undefined,
  not: readonly string[] | undefined,
): Subject {
  const written = listed ?? not ?? [];
  const negatedKind = kind === "actions" ? "notActions" : "notResources";
  const isNegated = listed === undefined;
  const field = statementFieldPath(policy, index, isNegated ? negatedKind : kind);
  return { field, written, words: { patterns: written, isNegated }, kind };
}

function negated(one: Case, reason: string, field: StatementField, instead: StatementField): Violation {
  const place = statementFieldPath(one.policy, one.index, field);
  const message = `${place}: ${classTitle(one.bounds)} does not allow ${field} in an Allow statement. Use ${instead}.`;
  return violation(reason, message, excessOf(one));
}

function excessOf({ policy, index }: Case): Excess {
  return { kind: "statement", policy: policy.fieldPath, index };
}

function beyond(one: Case, subject: Subject, example: PatternExample, reason: string, why: string): Violation {
  const { bounds } = one;
  const excess = excessOf(one);
  if (example.found !== "word") {
    const message =
      `${subject.field}: whether ${classTitle(bounds)} allows it cannot be decided in bounded time. Use fewer wildcards in one ` +
      "pattern, or fewer statements.";
    return violation(UNDECIDED, message, excess);
  }
  const { place, how } = originOf(subject, example);
  return violation(reason, `${place}: ${how} ${classTitle(bounds)} ${why}. Narrow the statement.`, excess);
}

/** The field that covers the word, with the index of the pattern that matches it, and how it does. */
function originOf(
  { field, words, written, kind }: Subject,
  { word, pattern }: Extract<PatternExample, { found: "word" }>,
): { readonly place: string; readonly how: string } {
  if (words.isNegated) return { place: field, how: `everything except these includes ${showValue(word)}, which` };
  if (pattern === undefined) return { place: field, how: `${showValue(word)} ${isOneThat(kind)}` };
  return { place: `${field}[${written.indexOf(pattern)}]`, how: howPatternMatches(pattern, word, kind) };
}

function howPatternMatches(pattern: string, word: string, kind: PatternKind): string {
  const meant = kind === "resources" ? completedResource(pattern) : pattern;
  const isWordItself = meant === word || !/[*?$]/.test(meant);
  if (isWordItself) return `${showValue(pattern)} ${isOneThat(kind)}`;
  const inFull = meant === pattern ? "" : `, which means ${showValue(meant)},`;
  return `${showValue(pattern)}${inFull} allows ${showValue(word)}, which`;
}

function isOneThat(kind: PatternKind): string {
  return kind === "resources" ? "is a resource that" : "is an action that";
}
