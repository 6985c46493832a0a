import { stringsOf } from "../../policy/policy-json.ts";
import { completedResource } from "../../policy/resource-pattern.ts";
import { WELL_KNOWN_ACTIONS } from "../../policy/well-known-actions.ts";
import type { Access, AccessExample } from "../access.ts";
import { type AccessDecision, compileAccess, type EvaluatedRequest, evaluatePolicies } from "../evaluate/evaluate.ts";
import type { StepBudget } from "../words/step-budget.ts";
import { COLON_READINGS, isVariableCode } from "../words/tokens.ts";
import { wordText } from "../words/word-search.ts";
import type { Candidate } from "./access-search.ts";
import { type AccessStatement, withoutDenials } from "./access-statement.ts";

/** A request with the texts of a candidate. */
interface Draft {
  readonly action: string;
  readonly target: string;
  readonly context: ReadonlyMap<string, readonly string[]>;
}

/** As measured for patterns with variables, which are read for each request. */
const STEPS_PER_CHARACTER = 0.5;
/** In addition to the steps of the comparison, and no more than these. */
const MAX_POLISHING_STEPS = 1_000_000;

/** Confirms candidates by evaluating both sides, and makes examples of them that are pleasant to read. */
export class ExampleProver {
  readonly #use: Access["use"];
  readonly #from: Access;
  /** What `from` would allow without its Deny statements, once there is an example. */
  #allowing: Evaluator | undefined;
  /** Both sides by each reading, once there is a candidate. */
  readonly #compile: () => readonly Pair[];
  #pairs: readonly Pair[] | undefined;
  readonly #budget: StepBudget;
  /** What it costs to evaluate both sides by all readings. */
  readonly #steps: number;
  #polishing: number;

  constructor(from: Access, to: Access, budget: StepBudget) {
    this.#polishing = Math.min(MAX_POLISHING_STEPS, budget.left);
    this.#use = to.use;
    this.#from = from;
    this.#budget = budget;
    this.#steps = Math.ceil(JSON.stringify([from, to]).length * STEPS_PER_CHARACTER);
    this.#compile = () =>
      COLON_READINGS.map((colons) => ({ from: compileAccess(from, { colons }), to: compileAccess(to, { colons }) }));
  }

  /**
   * An example; undefined when no request with the words of the candidate is one by every reading.
   *
   * Errors: StepBudgetExceeded.
   */
  prove(granting: AccessStatement, candidate: Candidate): AccessExample | undefined {
    const { action, target, context } = candidate;
    // A variable in a word stands for values that the search has not chosen.
    if (target.some(isVariableCode)) return undefined;
    this.#budget.spend(this.#steps);
    const draft = { action: wordText(action), target: wordText(target), context };
    return this.#isExample(granting, draft) ? this.#example(granting, this.#polished(granting, draft)) : undefined;
  }

  #fromWithoutDenials(): Evaluator {
    this.#allowing ??= compileAccess(withoutDenials(this.#from));
    return this.#allowing;
  }

  #isExample(granting: AccessStatement, draft: Draft): boolean {
    const request = this.#requestOf(draft);
    this.#pairs ??= this.#compile();
    return this.#pairs.every(
      ({ from, to }) =>
        isCertainlyAllowed(to.evaluate(request), granting) && isCertainlyRefused(from.evaluate(request)),
    );
  }

  #requestOf({ action, target, context }: Draft): EvaluatedRequest {
    return this.#use === "trust"
      ? { action, resource: "*", principal: principalName(target), context }
      : { action, resource: target, context };
  }

  /** The draft with a well-known action, a filled resource and no needless condition keys, as far as it stays an example. */
  #polished(granting: AccessStatement, draft: Draft): Draft {
    const better = (from: Draft, others: readonly Draft[]): Draft =>
      others.find((other) => this.#mayPolish() && this.#isExample(granting, other)) ?? from;
    let polished = draft;
    for (const key of draft.context.keys()) {
      const context = new Map(polished.context);
      context.delete(key);
      polished = better(polished, [{ ...polished, context }]);
    }
    const targets = targetsFor(granting, this.#use).map((target) => ({ ...polished, target }));
    polished = better(polished, targets);
    const actions = actionsFor(granting, polished.action).map((action) => ({ ...polished, action }));
    return better(polished, actions);
  }

  /** An example that cannot be made more pleasant in time is as good an example. */
  #mayPolish(): boolean {
    this.#polishing -= this.#steps;
    return this.#polishing >= 0;
  }

  #example({ written, place, hasVariables }: AccessStatement, draft: Draft): AccessExample {
    const request = this.#requestOf(draft);
    const Version = hasVariables ? "2012-10-17" : "2008-10-17";
    const matches = (Action: string, Resource: string): boolean => {
      const Statement = [{ Effect: "Allow", Action, Resource }];
      return evaluatePolicies([{ Version, Statement }], request, { colons: "every wildcard" }).verdict === "allow";
    };
    const isTrust = this.#use === "trust";
    return {
      action: draft.action,
      resource: request.resource,
      principal: isTrust ? principalName(draft.target) : undefined,
      context: Object.fromEntries(draft.context),
      wasDenied: this.#fromWithoutDenials().evaluate(request).isAllowed,
      place,
      actionPattern: (stringsOf(written["Action"]) ?? []).find((pattern) => matches(pattern, "*")),
      targetPattern: isTrust
        ? undefined
        : (stringsOf(written["Resource"]) ?? []).find((pattern) => matches("*", pattern)),
    };
  }
}

type Evaluator = ReturnType<typeof compileAccess>;

interface Pair {
  readonly from: Evaluator;
  readonly to: Evaluator;
}

/** True when every layer allows the request, in the first one the statement itself, and no layer could deny it. */
function isCertainlyAllowed({ isAllowed, layers }: AccessDecision, { place }: AccessStatement): boolean {
  const isGranted = layers[place.layer]?.decidedBy.some(
    ({ document, statement }) => document === place.document && statement === place.statement,
  );
  return (
    isAllowed && isGranted === true && layers.every(({ unknown }) => unknown.every(({ effect }) => effect === "Allow"))
  );
}

/** True when one layer does not allow the request, and could not. */
function isCertainlyRefused({ layers }: AccessDecision): boolean {
  return layers.some(
    ({ verdict, unknown }) =>
      verdict === "deny" || (verdict === "silent" && unknown.every(({ effect }) => effect === "Deny")),
  );
}

const MAX_ACTIONS = 100;

/** Actions that the statement names, and well-known ones that it could match. */
function actionsFor({ written }: AccessStatement, action: string): readonly string[] {
  const service = action.slice(0, action.indexOf(":"));
  const named = (stringsOf(written["Action"]) ?? []).filter((name) => !/[*?]/.test(name));
  const known = WELL_KNOWN_ACTIONS.filter((name) => service === "x" || name.toLowerCase().startsWith(`${service}:`));
  const same = [...named, ...WELL_KNOWN_ACTIONS].filter((name) => name.toLowerCase() === action);
  return [...same, ...named, ...known].slice(0, MAX_ACTIONS);
}

/** Resources that the patterns of the statement match: with a region, an account and a name in place of wildcards. */
function targetsFor({ targets, written }: AccessStatement, use: Access["use"]): readonly string[] {
  if (use === "trust") return targets.patterns.some((name) => name.endsWith("*")) ? PRINCIPALS : [];
  return (stringsOf(written["Resource"]) ?? [])
    .slice(0, MAX_ACTIONS)
    .filter((pattern) => pattern.startsWith("arn:"))
    .map((pattern) => filled(completedResource(pattern, "plain")));
}

/** Examples of principals that a statement could name with `*`. */
const PRINCIPALS = [
  "AWS:arn:aws:iam::111122223333:root",
  "Service:ec2.amazonaws.com",
  "Federated:cognito-identity.amazonaws.com",
];

const FILLED = ["arn", "aws", "s3", "us-east-1", "111122223333"];

function filled(pattern: string): string {
  const fields = pattern.split(":");
  const head = fields
    .slice(0, FILLED.length)
    .map((field, index) => (field === "*" ? (FILLED[index] ?? "") : field.replaceAll(/[*?]/g, "1")));
  const rest = fields.slice(FILLED.length).join(":").replaceAll("*", "example").replaceAll("?", "x");
  return [...head, rest].join(":");
}

/** The ARN of an account's root for an account. */
function principalName(target: string): string {
  const account = /^AWS:(\d{12})$/.exec(target)?.[1];
  return account === undefined ? target : `AWS:arn:aws:iam::${account}:root`;
}
