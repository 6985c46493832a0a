import type { AccessComparison, AccessExample } from "../../../src/model/access/access.ts";
import { bruteForce } from "./brute-force.ts";
import { allows, type PlainRequest, statementHolds, statementsOf } from "./plain-iam.ts";
import { READINGS } from "./plain-patterns.ts";
import type { Pair } from "./random-pairs.ts";

/** Decides a pair: `compareAccess`, or what stands in for it. */
export type Compare = (from: Pair["from"], to: Pair["to"]) => AccessComparison;

/** What is wrong with a verdict. */
export interface Fault {
  readonly kind: "wrong proof" | "example that is not one" | "wrong place" | "error";
  readonly text: string;
}

export function requestText({ action, resource, principal, context }: PlainRequest): string {
  const keys = [...context].map(([key, values]) => `${key}=${JSON.stringify(values)}`);
  return [principal, action, "on", resource, ...keys].filter((part) => part !== undefined).join(" ");
}

export const requestOf = (example: AccessExample): PlainRequest => ({
  action: example.action,
  resource: example.resource,
  principal: example.principal,
  context: new Map(Object.entries(example.context)),
});

/** Whether a request is new in every reading of colons. */
function isNew({ from, to }: Pair, request: PlainRequest): boolean {
  return READINGS.every((reading) => allows(to, request, reading) && !allows(from, request, reading));
}

/** The faults of the examples. */
export function exampleFaults(pair: Pair, examples: readonly AccessExample[]): readonly Fault[] {
  return examples.flatMap((example): Fault[] => {
    const request = requestOf(example);
    const text = requestText(request);
    if (!isNew(pair, request)) return [{ kind: "example that is not one", text: `${text} (${whyNot(pair, request)})` }];
    const { layer, document, statement } = example.place;
    const place = statementsOf(pair.to).find(
      (one) => one.layer === layer && one.document === document && one.index === statement,
    );
    const isRight =
      place !== undefined && !place.isDeny && READINGS.every((reading) => statementHolds(place, request, reading));
    return isRight ? [] : [{ kind: "wrong place", text: `${text}: ${JSON.stringify(example.place)}` }];
  });
}

function whyNot({ from, to }: Pair, request: PlainRequest): string {
  return READINGS.map(
    (reading) => `${reading}: from ${allows(from, request, reading)}, to ${allows(to, request, reading)}`,
  ).join("; ");
}

/** The judgement of one comparison. */
export interface Judgement {
  readonly verdict: AccessComparison["verdict"] | "error";
  readonly faults: readonly Fault[];
  /** Undecided, although the brute force has found a request that is new in every reading. */
  readonly isMissed: boolean;
}

/** Compares a verdict with the trial of every request of the small space. */
export function judge(pair: Pair, compare: Compare): Judgement {
  let comparison: AccessComparison;
  try {
    comparison = compare(pair.from, pair.to);
  } catch (error) {
    return { verdict: "error", faults: [{ kind: "error", text: String(error) }], isMissed: false };
  }
  if (comparison.verdict === "new-access") {
    const none: Fault = { kind: "example that is not one", text: "there is no example" };
    const faults = comparison.examples.length === 0 ? [none] : exampleFaults(pair, comparison.examples);
    return { verdict: comparison.verdict, faults, isMissed: false };
  }
  const { found, certain } = bruteForce(pair);
  if (comparison.verdict === "undecided") {
    return { verdict: comparison.verdict, faults: [], isMissed: certain !== undefined };
  }
  const faults: Fault[] =
    found === undefined ? [] : [{ kind: "wrong proof", text: `${requestText(found.request)} (${found.reading})` }];
  return { verdict: comparison.verdict, faults, isMissed: false };
}
