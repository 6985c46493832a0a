import type { RequestContext } from "../../../src/model/access/access-request.ts";
import { compileAccess } from "../../../src/model/access/evaluate/evaluate.ts";
import { type Random, seededRandom } from "../../../src/sandbox/aws/random.ts";
import { type PlainRequest, type PlainStatement, statementsOf } from "./plain-iam.ts";
import { READINGS, variablesIn } from "./plain-patterns.ts";
import type { Pair } from "./random-pairs.ts";
import { pick } from "./random-texts.ts";
import { fillings, valuesFor } from "./request-values.ts";

const PROBES_PER_STATEMENT = 6;
const MAX_PROBES = 240;

/**
 * Requests made of the patterns and values of policies that are too large to try every request: one that is new in some reading, if one
 * is found. It refutes a proof; finding none proves nothing.
 */
export function probe(pair: Pair, seed = 1): PlainRequest | undefined {
  const random = seededRandom(seed);
  const allowing = statementsOf(pair.to).filter(({ isDeny }) => !isDeny);
  const others = statementsOf(pair.from);
  // Thousands of patterns are too much for the plain evaluator; what it is asked is what the other one has found.
  const readings = READINGS.map((colons) => [compileAccess(pair.from, { colons }), compileAccess(pair.to, { colons })]);
  const each = Math.max(1, Math.min(PROBES_PER_STATEMENT, Math.floor(MAX_PROBES / Math.max(1, allowing.length))));
  const statements = random.shuffled(allowing).slice(0, MAX_PROBES);
  for (const statement of statements.flatMap((one) => Array<PlainStatement>(each).fill(one))) {
    const request = requestFor(statement, others, random);
    const isFound = readings.some(
      ([old, next]) => next?.evaluate(request).isAllowed && !old?.evaluate(request).isAllowed,
    );
    if (isFound) return request;
  }
  return undefined;
}

/** A request that the statement is about, as far as its patterns say. */
function requestFor(statement: PlainStatement, others: readonly PlainStatement[], random: Random): PlainRequest {
  const context = contextFor(statement, random);
  return {
    action: filledOne(textOf(statement.action, "zz:Zz", random), random),
    resource: resourceFor(statement, others, context, random),
    principal: principalFor(statement, random),
    context,
  };
}

function textOf(element: PlainStatement["action"] | undefined, negated: string, random: Random): string {
  if (element === undefined || element.isNegated || element.patterns.length === 0) return negated;
  const pattern = pick(random, element.patterns);
  return pattern === "*" ? negated : pattern;
}

const filledOne = (pattern: string, random: Random): string =>
  pick(random, fillings(pattern, ["", "Zz", "a"], ["z"], 8));

function resourceFor(
  { resource }: PlainStatement,
  others: readonly PlainStatement[],
  context: RequestContext,
  random: Random,
): string {
  const patterns = resource === undefined || resource.isNegated ? ["*"] : resource.patterns;
  let pattern = pick(random, patterns);
  // What everything includes also includes what the other side speaks of.
  const theirs = others.flatMap((other) => other.resource?.patterns ?? []).filter((one) => one !== "*");
  if (pattern === "*") pattern = theirs.length > 0 && random.next() < 0.6 ? pick(random, theirs) : "arn:aws:s3:::*";
  const text = variablesIn(pattern).reduce(
    (rest, { key }) => rest.replace(/\$\{[^}]*\}/, () => context.get(key)?.[0] ?? "v"),
    pattern,
  );
  const missing = Math.max(0, 6 - text.split(":").length);
  return filledOne(text.startsWith("arn:") ? text + ":*".repeat(missing) : text, random);
}

function principalFor({ principal }: PlainStatement, random: Random): string | undefined {
  if (principal === undefined) return undefined;
  const name = principal.isNegated || principal.names.length === 0 ? "AWS:*" : pick(random, principal.names);
  if (/\*$/.test(name)) return "AWS:arn:aws:iam::999999999999:role/zz";
  const account = /^AWS:(\d{12})$/.exec(name)?.[1];
  return account === undefined ? name : `AWS:arn:aws:iam::${account}:root`;
}

/** A context in which the statement's conditions may hold: for each key one of the values at which they change. */
function contextFor({ atoms }: PlainStatement, random: Random): RequestContext {
  const context = new Map<string, readonly string[]>();
  for (const { key, operator, values } of atoms) {
    if (context.has(key) || random.next() < 0.15) continue;
    const wanted = values.flatMap((value) => fillings(value, ["zz", ""], ["z"], 4));
    const beyond = valuesFor([{ key, operator, values }]);
    context.set(key, [random.next() < 0.7 && wanted.length > 0 ? pick(random, wanted) : pick(random, beyond)]);
  }
  return context;
}
