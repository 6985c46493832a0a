import { asciiLowerCase } from "../../policy/policy-json.ts";
import { completedResource } from "../../policy/resource-pattern.ts";
import { WELL_KNOWN_ACTIONS } from "../../policy/well-known-actions.ts";
import type { Access, AccessExample } from "../access.ts";
import { resourcePattern } from "../evaluate/arn.ts";
import { type AccessDecision, compileAccess, type EvaluatedRequest } from "../evaluate/evaluate.ts";
import { textPattern } from "../evaluate/glob.ts";
import { COLON_READINGS } from "../words/resource-tokens.ts";
import { isVariableCode } from "../words/token.ts";
import type { Candidate } from "./access-search.ts";
import type { AccessStatement } from "./access-statement.ts";

/** A request with the texts of a candidate. */
interface Draft {
  readonly action: string;
  readonly target: string;
  readonly context: ReadonlyMap<string, readonly string[]>;
}

/** Confirms candidates by evaluating both sides, and makes examples of them that are pleasant to read. */
export class ExampleProver {
  readonly #use: Access["use"];
  readonly #pairs: readonly { readonly from: Evaluator; readonly to: Evaluator }[];

  constructor(from: Access, to: Access) {
    this.#use = to.use;
    this.#pairs = COLON_READINGS.map((colons) => ({
      from: compileAccess(from, { colons }),
      to: compileAccess(to, { colons }),
    }));
  }

  /** An example; undefined when no request with the words of the candidate is one by every reading. */
  prove(granting: AccessStatement, candidate: Candidate): AccessExample | undefined {
    const { action, target, context } = candidate;
    // A variable in a word stands for values that the search has not chosen.
    if (target.some(isVariableCode)) return undefined;
    const draft = { action: String.fromCharCode(...action), target: String.fromCharCode(...target), context };
    return this.#isExample(granting, draft) ? this.#example(granting, this.#polished(granting, draft)) : undefined;
  }

  #isExample(granting: AccessStatement, draft: Draft): boolean {
    const request = this.#requestOf(draft);
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
      others.find((other) => this.#isExample(granting, other)) ?? from;
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

  #example(granting: AccessStatement, { action, target, context }: Draft): AccessExample {
    const hasVariables = granting.hasVariables;
    const actions = listOf(granting.written["Action"]);
    const resources = listOf(granting.written["Resource"]);
    return {
      actionPattern: actions.find((name) =>
        textPattern(name, { hasVariables: false, fold: asciiLowerCase }).matches(asciiLowerCase(action), context),
      ),
      targetPattern:
        this.#use === "trust"
          ? undefined
          : resources.find((name) =>
              resourcePattern(name, { hasVariables }, "every wildcard").matches(target, context),
            ),
      action,
      resource: this.#use === "trust" ? "*" : target,
      principal: this.#use === "trust" ? principalName(target) : undefined,
      context: Object.fromEntries(context),
      place: granting.place,
    };
  }
}

type Evaluator = ReturnType<typeof compileAccess>;

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
  const named = listOf(written["Action"]).filter((name) => !/[*?]/.test(name));
  const known = WELL_KNOWN_ACTIONS.filter((name) => service === "x" || name.toLowerCase().startsWith(`${service}:`));
  const same = [...named, ...WELL_KNOWN_ACTIONS].filter((name) => name.toLowerCase() === action);
  return [...same, ...named, ...known].slice(0, MAX_ACTIONS);
}

/** Resources that the patterns of the statement match: with a region, an account and a name in place of wildcards. */
function targetsFor({ written }: AccessStatement, use: Access["use"]): readonly string[] {
  if (use === "trust") return [];
  return listOf(written["Resource"])
    .slice(0, MAX_ACTIONS)
    .filter((pattern) => pattern.startsWith("arn:"))
    .map((pattern) => filled(completedResource(pattern, "plain")));
}

const FILLED = ["arn", "aws", "s3", "us-east-1", "111122223333"];

function filled(pattern: string): string {
  const fields = pattern.split(":");
  const head = fields
    .slice(0, FILLED.length)
    .map((field, index) => (field === "*" ? (FILLED[index] ?? "") : field.replaceAll(/[*?]/g, "1")));
  const rest = fields.slice(FILLED.length).join(":").replaceAll("*", "example").replaceAll("?", "x");
  return [...head, rest].join(":");
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((member) => typeof member === "string");
}

/** The ARN of an account's root for an account. */
function principalName(target: string): string {
  const account = /^AWS:(\d{12})$/.exec(target)?.[1];
  return account === undefined ? target : `AWS:arn:aws:iam::${account}:root`;
}
