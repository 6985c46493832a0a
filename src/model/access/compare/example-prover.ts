import { asciiLowerCase } from "../../policy/policy-json.ts";
import { completedResource } from "../../policy/resource-pattern.ts";
import { WELL_KNOWN_ACTIONS } from "../../policy/well-known-actions.ts";
import type { Access, AccessExample } from "../access.ts";
import { resourcePattern } from "../evaluate/arn.ts";
import { type AccessDecision, compileAccess, type EvaluatedRequest } from "../evaluate/evaluate.ts";
import { textPattern } from "../evaluate/glob.ts";
import type { Word } from "../words/find-word.ts";
import { COLON_READINGS } from "../words/resource-tokens.ts";
import { isVariableCode } from "../words/token.ts";
import type { Candidate } from "./access-search.ts";
import type { AccessStatement } from "./access-statement.ts";
import type { StatementSets } from "./statement-sets.ts";

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
  prove(granting: AccessStatement, candidate: Candidate, sets: StatementSets): AccessExample | undefined {
    for (const draft of drafts(candidate, sets)) {
      if (this.#isExample(granting, draft)) return this.#example(granting, this.#polished(granting, draft));
    }
    return undefined;
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

const MAX_DRAFTS = 12;

/** Requests with the words of a candidate, for some values of the policy variables. */
function drafts({ action, target, context, weighed }: Candidate, sets: StatementSets): readonly Draft[] {
  const names = sets.variables.map((name) => name.replace(/,.*$/s, ""));
  const used = names.filter((_, index) => target.some((code) => isVariableCode(code) && (code & 0xffff) === index));
  const isWeighed = weighed.some(({ targets }) => targets.patterns.some((pattern) => pattern.includes("${")));
  const plain = { action: textOf(action, []), target: textOf(target, []), context };
  if (used.length === 0 && !isWeighed) return [plain];
  const values = ["example", ...segmentsOf([plain.target, ...weighed.flatMap(({ targets }) => targets.patterns)])];
  const filled = values.slice(0, MAX_DRAFTS).map((value): Draft => {
    const valueFor = (name: string): string => context.get(name)?.[0] ?? value;
    return {
      action: plain.action,
      target: textOf(target, names.map(valueFor)),
      context: new Map([...names.map((name): [string, string[]] => [name, [valueFor(name)]]), ...context]),
    };
  });
  return used.length === 0 ? [plain, ...filled] : filled;
}

function textOf(word: Word, values: readonly string[]): string {
  return word
    .map((code) => (isVariableCode(code) ? (values[code & 0xffff] ?? "") : String.fromCharCode(code)))
    .join("");
}

function segmentsOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.split(/[:/*?]|\$\{[^}]*\}/)))].filter((segment) => segment !== "");
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
