import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { requestContext } from "../../../src/model/access/access-request.ts";
import { evaluatePolicies } from "../../../src/model/access/evaluate/evaluate.ts";
import { isNoWider } from "../../../src/model/access/policy-relations.ts";
import { buildPolicy, samePolicy } from "../../../src/model/policy/policy-document.ts";
import type { JsonObject } from "../../../src/model/policy/policy-json.ts";
import { overlaps, within } from "../../support/access/pattern-questions.ts";
import { lawRuns } from "../../support/law-runs.ts";
import { variable } from "../../support/resource-patterns.ts";

/** WILDCARD_RUNS=250000, in all, is the size at which the laws were seen to hold; the default is what a push can bear. */
const numRuns = Number(process.env["WILDCARD_RUNS"] ?? lawRuns(2_000));
const timeout = Math.max(30_000, numRuns * 40);
const runs = (share: number): number => Math.ceil(numRuns * share);

/** Every ARN whose text behind `arn:` is of these characters and not longer than six, or seven if it has more colons than it needs. */
const ARNS = textsUpTo(7, [":", "a", "b"])
  .filter((text) => text.split(":").length > (text.length > 6 ? 5 : 4))
  .map((text) => `arn:${text}`);

function textsUpTo(length: number, characters: readonly string[]): readonly string[] {
  if (length === 0) return [""];
  const shorter = textsUpTo(length - 1, characters);
  const longest = shorter.filter((text) => text.length === length - 1);
  return [...shorter, ...characters.flatMap((character) => longest.map((text) => text + character))];
}

/** What wildcards of the first five fields match, by reading: another way to say it than the one under test. */
const READINGS = [
  { star: "[^]*", lastStar: "[^]*", one: "[^]" },
  { star: "[^:]*", lastStar: "[^]*", one: "[^:]" },
  { star: "[^:]*", lastStar: "[^:]*", one: "[^:]" },
] as const;
const ANY_VARIABLE = variable("aws:PrincipalTag/t, 'a:b'");
const ACCOUNT = variable("aws:PrincipalAccount");

function expressionOf(pattern: string, { star, lastStar, one }: (typeof READINGS)[number]): RegExp {
  const fields = pattern.replaceAll(ANY_VARIABLE, "V").replaceAll(ACCOUNT, "A").split(":");
  const head = [...fields.slice(0, 5), ...Array<string>(Math.max(0, 5 - fields.length)).fill("*")];
  const rest = fields.length < 6 ? "*" : fields.slice(5).join(":");
  const sourceOf = (field: string, [any, atEnd, single]: readonly [string, string, string]): string =>
    field
      .replace(/[*?]*\*[*?]*$/, (run) => `${"?".repeat(run.replaceAll("*", "").length)}E`)
      .replaceAll("?", "S")
      .replaceAll("*", any)
      .replaceAll("E", atEnd)
      .replaceAll("S", single)
      .replaceAll("V", "[^]*")
      .replaceAll("A", "[^:]*");
  const sources = [
    ...head.map((field) => sourceOf(field, [star, lastStar, one])),
    sourceOf(rest, ["[^]*", "[^]*", "[^]"]),
  ];
  return new RegExp(`^${sources.join(":")}$`);
}

type Matcher = (arn: string) => boolean;

function matcherOf(patterns: readonly string[], reading: (typeof READINGS)[number]): Matcher {
  const expressions = patterns.map((pattern) => expressionOf(pattern, reading));
  return (arn) => expressions.some((expression) => expression.test(arn));
}

const short = fc.constantFrom("", "", "a", "b", "*", "*", "a*", "*b", "?", "*?", "a*b");
const plain = fc
  .oneof(
    { weight: 1, arbitrary: fc.array(short, { minLength: 1, maxLength: 4 }) },
    { weight: 4, arbitrary: fc.array(short, { minLength: 5, maxLength: 6 }) },
  )
  .map((fields) => `arn:${fields.join(":")}`);
const withVariables = fc
  .array(fc.constantFrom(":", ":", "a", "*", ANY_VARIABLE, ACCOUNT), { maxLength: 8 })
  .map((tokens) => `arn:${tokens.join("")}`);
const subject = fc.array(fc.oneof({ weight: 4, arbitrary: plain }, withVariables), { minLength: 1, maxLength: 2 });
const listed = fc.array(plain, { minLength: 1, maxLength: 3 });
/** Often a pattern that is a subject's own, or hardly any would be within. */
const pairs = fc.tuple(subject, listed, fc.nat(3)).map(([mine, others, extra]) => ({
  mine,
  others:
    extra === 0 ? others : [...others, ...mine.filter((one) => !one.includes("$")).map((one) => loosened(one, extra))],
}));

/** The pattern itself, or with one of its letters or colons made a wildcard. */
function loosened(pattern: string, extra: number): string {
  if (extra === 1) return pattern;
  const name = pattern.slice("arn:".length);
  return `arn:${extra === 2 ? name.replace(/[ab?]/, "*") : name.replace(/(?<=.):/, "*")}`;
}

test("containment and overlap of resources are decided as by trying every short ARN in every reading", {
  timeout,
}, () => {
  const seen = { within: 0, outside: 0, apart: 0, both: 0, byReading: 0 };
  fc.assert(
    fc.property(pairs, ({ mine, others }) => {
      const words = { patterns: mine, isNegated: false };
      const tried = READINGS.map((reading) => ({
        isIn: matcherOf(mine, reading),
        isListed: matcherOf(others, reading),
      }));
      const outside = within(words, others, "resources");
      const found = tried.map(({ isIn, isListed }) => ARNS.some((arn) => isIn(arn) && !isListed(arn)));
      if (outside.found === "none") expect(found).toEqual([false, false, false]);
      else expect(outside).toSatisfy(({ word }) => tried.some(({ isIn, isListed }) => isIn(word) && !isListed(word)));
      seen[outside.found === "none" ? "within" : "outside"] += 1;
      if (new Set(found).size > 1) seen.byReading += 1;

      const both = overlaps(words, others, "resources");
      const meets = tried.map(({ isIn, isListed }) => ARNS.some((arn) => isIn(arn) && isListed(arn)));
      if (both.found === "none") expect(meets).toEqual([false, false, false]);
      else expect(both).toSatisfy(({ word }) => tried.some(({ isIn, isListed }) => isIn(word) && isListed(word)));
      seen[both.found === "none" ? "apart" : "both"] += 1;
    }),
    { numRuns: runs(0.4) },
  );
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(runs(0.4) / 200);
});

test("all but some resources are decided as by trying every short ARN", { timeout }, () => {
  fc.assert(
    fc.property(fc.array(plain, { minLength: 1, maxLength: 2 }), listed, (patterns, others) => {
      const words = { patterns, isNegated: true };
      const tried = READINGS.map((reading) => ({
        isOut: matcherOf(patterns, reading),
        isListed: matcherOf(others, reading),
      }));
      const outside = within(words, [...others, "*"], "resources");
      expect(outside).toEqual({ found: "none" });
      const both = overlaps(words, others, "resources");
      const meets = tried.some(({ isOut, isListed }) => ARNS.some((arn) => !isOut(arn) && isListed(arn)));
      if (both.found === "none") expect(meets).toBe(false);
      else expect(both).toSatisfy(({ word }) => tried.some(({ isOut, isListed }) => !isOut(word) && isListed(word)));
    }),
    { numRuns: runs(0.2) },
  );
});

const REQUESTS = ["s3:a", "s3:b", "sqs:a"].flatMap((action) =>
  ["arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:sqs:a:1:a", "arn:aws:sqs:a:1:a:b", `arn:aws:s3:::${ACCOUNT}`].flatMap(
    (resource) =>
      ["a", "b", undefined].map((tag) => ({
        action,
        resource,
        context: requestContext({ "aws:PrincipalTag/t": tag, "aws:PrincipalAccount": "1" }),
      })),
  ),
);

const statement = fc
  .record({
    Effect: fc.constantFrom("Allow", "Allow", "Deny"),
    actions: fc.array(fc.constantFrom("*", "s3:*", "S3:a", "s3:a", "s3:b", "sqs:?"), { minLength: 1, maxLength: 2 }),
    resources: fc.array(
      fc.constantFrom(
        ...["*", "arn:aws:s3", "arn:aws:s3:*:*:*", "arn:aws:s3:*", "arn:aws:s3:::a", "arn:aws:s3:::*", "arn:aws:sqs"],
        ...[
          "arn:aws:sqs:a",
          "arn:aws:sqs:a:*:*",
          `arn:aws:s3:::${variable("aws:PrincipalTag/t")}`,
          `arn:aws:s3:::${ACCOUNT}`,
        ],
        ...[`arn:aws:sqs:a:${ACCOUNT}`, `arn:aws:sqs:a:${ACCOUNT}:*`],
      ),
      { minLength: 1, maxLength: 2 },
    ),
    isNotAction: fc.nat(4),
    isNotResource: fc.nat(4),
    tag: fc.constantFrom(undefined, undefined, "a", "b"),
  })
  .map(({ Effect, actions, resources, isNotAction, isNotResource, tag }) => ({
    Effect,
    [isNotAction === 0 ? "NotAction" : "Action"]: actions,
    [isNotResource === 0 ? "NotResource" : "Resource"]: resources,
    ...(tag === undefined ? {} : { Condition: { StringEquals: { "aws:PrincipalTag/t": [tag] } } }),
  }));
const document = fc.record({
  Version: fc.constantFrom("2012-10-17", "2012-10-17", "2008-10-17"),
  Statement: fc.array(statement, { minLength: 1, maxLength: 2 }),
});

describe("small policies", () => {
  test("that are the same, or no wider, are so for every request", { timeout }, () => {
    const seen = { same: 0, narrower: 0 };
    fc.assert(
      fc.property(document, document, fc.nat(3), (one, another, mutation) => {
        // Hardly any two random ones are alike: most are mutations of the other.
        const other = mutation === 0 ? another : mutated(one, another, mutation);
        const [a, b] = [buildPolicy(one, "permissions"), buildPolicy(other, "permissions")];
        const allowed = [one, other].map((policy) =>
          REQUESTS.map((request) => evaluatePolicies([policy as JsonObject], request).verdict === "allow"),
        );
        if (samePolicy(a, b)) {
          seen.same += 1;
          expect(allowed[0]).toEqual(allowed[1]);
        }
        if (isNoWider([a], [b])) {
          seen.narrower += 1;
          expect(REQUESTS.filter((_, index) => allowed[0]?.[index] && !allowed[1]?.[index])).toEqual([]);
        }
      }),
      { numRuns: runs(0.4) },
    );
    expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(runs(0.4) / 50);
  });
});

type Document = {
  readonly Version: string;
  readonly Statement: readonly JsonObject[];
};

function mutated(one: Document, another: Document, mutation: number): Document {
  if (mutation === 1) return { ...one, Statement: [...one.Statement, ...another.Statement] };
  const Statement = one.Statement.map(({ Resource, ...rest }) => {
    if (!Array.isArray(Resource)) return { Resource, ...rest };
    return { ...rest, Resource: mutation === 2 ? Resource.toReversed() : Resource.map(loosenedName) };
  }).map((written) => JSON.parse(JSON.stringify(written)));
  return { ...one, Statement };
}

/** The same in full, where it is cut off. */
function loosenedName(pattern: string): string {
  const missing = 6 - pattern.replaceAll(/\$\{[^}]*\}/g, "V").split(":").length;
  return pattern === "*" || missing <= 0 ? pattern : pattern + ":*".repeat(missing);
}
