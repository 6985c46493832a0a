import type { Access } from "../../../src/model/access/access.ts";
import type { JsonObject } from "../../../src/model/policy/policy-json.ts";
import { seededRandom } from "../../../src/sandbox/aws/random.ts";
import type { Pair } from "./random-pairs.ts";

/** A pair of policies that is meant to cost much, and what is true of it. */
export interface HostilePair extends Pair {
  readonly name: string;
  /** Undefined when it follows from nothing but the comparison itself. */
  readonly truth: "no-new-access" | "new-access" | undefined;
}

const POLICY_CHARS = 10_240;

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const arn = (rest: string): string => `arn:aws:s3:::${rest}`;
const repeated = (unit: string, length: number): string => unit.repeat(Math.max(1, Math.floor(length / unit.length)));

const allow = (fields: JsonObject = {}): JsonObject => ({ Effect: "Allow", Action: "s3:*", Resource: "*", ...fields });
const deny = (fields: JsonObject): JsonObject => ({ Effect: "Deny", Action: "s3:*", Resource: "*", ...fields });
const when = (operator: string, key: string, values: string | string[]): JsonObject => ({
  Condition: { [operator]: { [key]: values } },
});

const access = (statements: readonly JsonObject[], ...boundary: readonly JsonObject[][]): Access => ({
  use: "permissions",
  layers: [statements, ...boundary].map((list) => [{ Version: "2012-10-17", Statement: list }]),
});

/** So many statements as an inline policy has room for. */
function fill(make: (index: number) => JsonObject, max = 100): JsonObject[] {
  const size = JSON.stringify(make(9)).length + 1;
  return times(Math.min(max, Math.floor((POLICY_CHARS - 60) / size)), make);
}

/** The pair, and the same pair in the other direction. */
function bothWays(name: string, smaller: Access, larger: Access): readonly HostilePair[] {
  return [
    { name, from: smaller, to: larger, truth: "new-access" },
    { name: `${name}, in reverse`, from: larger, to: smaller, truth: "no-new-access" },
  ];
}

const globs = fill((i) => allow({ Action: `s3:*a*${i}*`, Resource: arn(`*${i}*x*`) }));
const denies = fill((i) => deny({ Action: `s3:*x${i}*`, Resource: arn(`*${i}*b*`) }), 99);
const notActions = times(280, (i) => `s3:Get${i}`);
const values = times(280, (i) => `value-${i}`);
const stars = (units: string): JsonObject[] => fill((i) => allow({ Action: `s3:${repeated(units, 100)}${i}*` }));

/** Every text is within one of these, which only all of them together show. */
const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
const partition: JsonObject[] = [
  ...LETTERS.map((letter) => allow(when("StringLike", "x:s", `*${letter}*`))),
  allow({ Condition: { StringNotLike: { "x:s": LETTERS.map((letter) => `*${letter}*`) } } }),
];

/** Random clauses of three truth values: whether they exclude each other is what solvers of logic are measured with. */
function clauses(keys: number, count: number): JsonObject[] {
  const random = seededRandom(7);
  return times(count, () => {
    const chosen = random.shuffled(times(keys, (key) => `x:b${key}`)).slice(0, 3);
    const bool = Object.fromEntries(chosen.map((key) => [key, random.next() < 0.5 ? "true" : "false"]));
    return allow({ Condition: { Bool: bool } });
  });
}

/** Pairs within IAM's quotas. */
export const HOSTILE_PAIRS: readonly HostilePair[] = [
  ...bothWays("overlapping patterns against all", access(globs), access([allow()])),
  ...bothWays("one pattern fewer", access(globs.slice(1)), access(globs)),
  ...bothWays(
    "everything but many Denies, and one Deny fewer",
    access([allow(), ...denies]),
    access([allow(), ...denies.slice(1)]),
  ),
  ...bothWays(
    "question marks",
    access([allow({ Action: times(90, (i) => `s3:${"?".repeat(i + 1)}`) })]),
    access([allow()]),
  ),
  {
    name: "stars and letters that interleave",
    from: access(stars("*b*a")),
    to: access(stars("*a*b")),
    truth: "new-access",
  },
  { name: "stars and question marks", from: access(stars("?*a")), to: access(stars("a?*")), truth: undefined },
  ...bothWays(
    "NotAction of hundreds",
    access([allow({ Action: [], NotAction: notActions })].map(withoutAction)),
    access([allow({ Action: [], NotAction: notActions.slice(1) })].map(withoutAction)),
  ),
  ...bothWays(
    "ForAllValues of hundreds",
    access([allow(when("ForAllValues:StringEquals", "aws:TagKeys", values.slice(1)))]),
    access([allow(when("ForAllValues:StringEquals", "aws:TagKeys", values))]),
  ),
  ...bothWays(
    "many ForAnyValue on one key",
    access([
      allow({
        Condition: {
          "ForAnyValue:StringLike": { "aws:TagKeys": "*a*" },
          "ForAllValues:StringLike": { "aws:TagKeys": "*b*" },
        },
      }),
    ]),
    access(fill((i) => allow(when("ForAnyValue:StringLike", "aws:TagKeys", `*a*${i === 0 ? "" : i}`)), 60)),
  ),
  {
    name: "conditions that cover every text together",
    from: access([...partition, allow(when("Null", "x:s", "true"))]),
    to: access([allow()]),
    truth: "no-new-access",
  },
  {
    name: "conditions that cover every text but the absent one",
    from: access(partition.slice(0, -1)),
    to: access([allow()]),
    truth: "new-access",
  },
  {
    name: "ranges of numbers that touch",
    from: access(
      fill(
        (i) =>
          allow({
            Condition: { NumericGreaterThanEquals: { "x:n": `${i}` }, NumericLessThanEquals: { "x:n": `${i + 1}` } },
          }),
        60,
      ),
    ),
    to: access([
      allow({ Condition: { NumericGreaterThanEquals: { "x:n": "0" }, NumericLessThanEquals: { "x:n": "60" } } }),
    ]),
    truth: "no-new-access",
  },
  {
    name: "a network in pieces",
    from: access([
      allow(
        when(
          "IpAddress",
          "aws:SourceIp",
          times(128, (i) => `10.${i >> 3}.${(i & 7) * 32}.0/19`),
        ),
      ),
    ]),
    to: access([allow(when("IpAddress", "aws:SourceIp", "10.0.0.0/12"))]),
    truth: "no-new-access",
  },
  { name: "clauses of truth values, few", from: access(clauses(12, 90)), to: access([allow()]), truth: undefined },
  {
    name: "clauses of truth values, many keys",
    from: access(clauses(40, 95)),
    to: access([allow()]),
    truth: undefined,
  },
  ...bothWays(
    "thirty keys",
    access([allow({ Condition: { StringEquals: keysOf(30) } })]),
    access([allow({ Condition: { StringEquals: keysOf(29) } })]),
  ),
  ...bothWays(
    "one key under many operators",
    access([
      allow({
        Condition: {
          StringLike: { "x:s": "a*" },
          StringNotLike: { "x:s": times(200, (i) => `*${i}*z*`) },
          StringNotEquals: { "x:s": times(200, (i) => `a${i}`) },
        },
      }),
    ]),
    access([
      allow({
        Condition: {
          StringLike: { "x:s": "a*" },
          StringNotLike: { "x:s": times(199, (i) => `*${i + 1}*z*`) },
          StringNotEquals: { "x:s": times(200, (i) => `a${i}`) },
        },
      }),
    ]),
  ),
  {
    name: "variables everywhere",
    from: access(fill((i) => allow({ Resource: arn(`${i}/\${aws:username}/*/\${aws:PrincipalTag/t${i}}`) }))),
    to: access(fill((i) => allow({ Resource: arn(`${i}/*/\${aws:username}/\${aws:PrincipalTag/t${i}}`) }))),
    truth: "new-access",
  },
  {
    name: "wildcards between colons",
    from: access(fill((i) => allow({ Resource: `arn:aws:s3:*${i}*:*${i}?*:*a*${i}*` }))),
    to: access(fill((i) => allow({ Resource: `arn:aws:s3:*${i}:?*${i}*:a*${i}*b` }))),
    truth: undefined,
  },
  {
    name: "a grid that leaves one field out",
    from: access(times(45, (i) => allow({ Action: `s3:A${i}`, NotResource: arn(`r${i}`) })).map(withoutResource)),
    to: access([allow({ Action: times(45, (i) => `s3:A${i}`), Resource: times(45, (i) => arn(`r${i + 1}`)) })]),
    truth: "new-access",
  },
  {
    name: "a boundary of as many statements as the policy",
    from: access(globs.slice(0, 60), denies.slice(0, 60).concat(allow())),
    to: access(globs.slice(0, 60), denies.slice(1, 60).concat(allow())),
    truth: undefined,
  },
];

/** Pairs far beyond what IAM takes, which an object may nevertheless ask about. */
export const OVERSIZED_PAIRS: readonly HostilePair[] = [
  ...bothWays(
    "a hundred statements of hundreds of patterns",
    access(grid(100, 300, 200)),
    access([...grid(100, 300, 200), allow({ Resource: arn("new") })]),
  ),
  {
    name: "forty statements of long patterns",
    from: access(times(40, (i) => allow({ Action: times(60, (j) => `s3:${repeated("*b*a", 110)}${i}x${j}`) }))),
    to: access(times(40, (i) => allow({ Action: times(60, (j) => `s3:${repeated("*a*b", 110)}${i}x${j}`) }))),
    truth: "new-access",
  },
  {
    name: "long resources",
    from: access(times(50, (i) => allow({ Resource: times(100, (j) => arn(`${repeated("*a?b", 980)}${i}*${j}`)) }))),
    to: access(times(50, (i) => allow({ Resource: times(100, (j) => arn(`${repeated("*b?a", 980)}${i}*${j}`)) }))),
    truth: undefined,
  },
  {
    name: "thirty operators of thirty keys of two hundred values",
    from: access([allow({ Condition: manyConditions("a") })]),
    to: access([allow({ Condition: manyConditions("b") })]),
    truth: undefined,
  },
];

function withoutAction({ Action: _action, ...rest }: JsonObject): JsonObject {
  return rest;
}

function withoutResource({ Resource: _resource, ...rest }: JsonObject): JsonObject {
  return rest;
}

function keysOf(count: number): JsonObject {
  return Object.fromEntries(times(count, (i) => [`x:k${i}`, times(5, (j) => `v${j}`)]));
}

function grid(count: number, actions: number, resources: number): JsonObject[] {
  return times(count, (i) =>
    allow({ Action: times(actions, (j) => `s3:A${i}x${j}`), Resource: times(resources, (j) => arn(`r${i}/${j}`)) }),
  );
}

function manyConditions(letter: string): JsonObject {
  const operators = [
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "ForAnyValue:StringLike",
    "ForAllValues:StringNotLike",
  ];
  return Object.fromEntries(
    operators.flatMap((operator) =>
      ["", "IfExists"].map((suffix) => [
        `${operator}${suffix}`,
        Object.fromEntries(times(30, (i) => [`x:${operator}${i}`, times(200, (j) => `*${letter}*${j}`)])),
      ]),
    ),
  );
}
