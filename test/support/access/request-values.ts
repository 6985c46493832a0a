import { type Atom, addressOf, instantOf, numberOf, operatorParts, rangeOf } from "./plain-conditions.ts";

/** Texts and values that a request may have: for each pattern and bound of the policies, what is within it, at its edges and beyond. */

/** The texts that a pattern matches, with some fillings for its wildcards; at most so many. */
export function fillings(
  pattern: string,
  any: readonly string[],
  one: readonly string[],
  limit: number,
): readonly string[] {
  const parts = pattern.split(/([*?])/);
  const choices = parts.map((part) => (part === "*" ? any : part === "?" ? one : [part]));
  const count = choices.reduce((product, { length }) => product * length, 1);
  const step = Math.max(1, count / limit);
  return Array.from({ length: Math.min(count, limit) }, (_, index) => {
    // A step that is odd reaches different fillings for every wildcard.
    let rest = Math.floor(index * step);
    return choices
      .map((list) => {
        const value = list[rest % list.length] ?? "";
        rest = Math.floor(rest / list.length);
        return value;
      })
      .join("");
  });
}

function words(letters: readonly string[], length: number): readonly string[] {
  if (length === 0) return [""];
  const shorter = words(letters, length - 1);
  return [
    ...shorter,
    ...shorter.filter((word) => word.length === length - 1).flatMap((word) => letters.map((letter) => word + letter)),
  ];
}

const WORDS = [...words(["a", "b", "A", "/"], 3), "zz", "aab", "abab", "B", "aB", "AB"];

const textsOf = (values: readonly string[]): readonly string[] =>
  values.flatMap((value) => [value, value.toUpperCase(), value.toLowerCase()]);

const numbersOf = (values: readonly string[]): readonly string[] =>
  values.map(numberOf).flatMap((value) => [value, value - 0.25, value + 0.25].map(String));

const datesOf = (values: readonly string[]): readonly string[] =>
  values
    .map(instantOf)
    .flatMap((value) => [value, value - 1_000, value + 1_000].map((instant) => new Date(instant).toISOString()));

function addressText(bits: 32 | 128, value: bigint): string {
  const size = bits === 32 ? 8n : 16n;
  const groups = Array.from(
    { length: bits === 32 ? 4 : 8 },
    (_, index) => (value >> (BigInt(index) * size)) & ((1n << size) - 1n),
  );
  return groups
    .reverse()
    .map((group) => group.toString(bits === 32 ? 10 : 16))
    .join(bits === 32 ? "." : ":");
}

function addressesOf(values: readonly string[]): readonly string[] {
  const edges = values.flatMap((value) => {
    const range = rangeOf(value);
    if (range === undefined) return [];
    const { bits, low, high } = range;
    const inside = (address: bigint): boolean => address >= 0n && address < 1n << BigInt(bits);
    return [low, high, low - 1n, high + 1n].filter(inside).map((address) => addressText(bits, address));
  });
  return [...edges, "203.0.113.9", "2001:dead:0:0:0:0:0:1"].filter((text) => addressOf(text) !== undefined);
}

const arnsOf = (values: readonly string[]): readonly string[] =>
  [
    ...values.flatMap((value) => fillings(completed(value), ["", "a", "b", "1", "a:b"], ["a", "1", "b"], 40)),
    "arn:aws:s3:::zz",
    "arn:aws:iam::1:role/a",
  ].filter((text) => /^arn(:[^:]*){5}/.test(text));

function completed(pattern: string): string {
  if (!pattern.startsWith("arn:")) return pattern;
  const missing = 6 - pattern.split(":").length;
  return pattern + ":*".repeat(Math.max(0, missing));
}

const BY_TYPE: readonly (readonly [RegExp, (values: readonly string[]) => readonly string[]])[] = [
  [/^numeric/, numbersOf],
  [/^date/, datesOf],
  [/^bool/, () => ["true", "false"]],
  [/^ipaddress/, addressesOf],
  [/^arn/, arnsOf],
  [/^null/, () => []],
  [/./, (values) => [...textsOf(values), ...WORDS]],
];

/** Single values for a key under these operators. */
export function valuesFor(atoms: readonly Atom[]): readonly string[] {
  if (atoms.every(({ operator }) => operator.toLowerCase() === "null")) return ["x"];
  const found = atoms.flatMap(({ operator, values }) => {
    const { name } = operatorParts(operator);
    return BY_TYPE.find(([type]) => type.test(name))?.[1](values) ?? [];
  });
  // A tag may have any text where a policy expects a number; AWS's own keys have values of their type.
  const isTag = atoms.some(({ key }) => key.includes("tag/"));
  return [...new Set(isTag ? [...found, "x"] : found)];
}

/** Every set of these values with one to `size` members. */
export function subsets(values: readonly string[], size: number): readonly (readonly string[])[] {
  let sets: readonly (readonly string[])[] = [[]];
  for (const value of values) {
    sets = [...sets, ...sets.filter((set) => set.length < size).map((set) => [...set, value])];
  }
  return sets.filter((set) => set.length > 0);
}

const SERVICES = ["s3", "ec2", "x", "b3"];
const NAMES = [
  ...[
    "Get",
    "GetX",
    "Put",
    "List",
    "L",
    "g",
    "t",
    "X",
    "Gt",
    "Git",
    "Gettt",
    "e",
    "abc",
    "z",
    "GXtX",
    "LX",
    "Lt",
    "xet",
  ],
];
const ACTIONS = SERVICES.flatMap((service) => NAMES.map((name) => `${service}:${name}`));
const TRUST_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:AssumeX", "sts:Tag", "sts:z", "x:y"];

export function actionsFor(use: "permissions" | "trust", patterns: readonly string[]): readonly string[] {
  const filled = patterns
    .filter((pattern) => pattern !== "*")
    .flatMap((pattern) => fillings(pattern, ["", "Get", "X", "t"], ["G", "e"], 12))
    .filter((action) => /^[^:]+:[^:]+$/.test(action));
  return [...new Set([...(use === "trust" ? TRUST_ACTIONS : ACTIONS), ...filled])];
}

/** Resources for patterns whose variables have been replaced. */
export function resourcesFor(patterns: readonly string[]): readonly string[] {
  const filled = patterns.flatMap((pattern) =>
    fillings(
      completed(pattern),
      ["", "a", "b", "1", "a/b", ":", "a:b", "1:a", "r", "*"],
      ["a", "b", "1", ":", "?"],
      120,
    ),
  );
  const arns = filled.filter((text) => /^arn(:[^:]*){5}/.test(text));
  return [...new Set([...arns, "*", "arn:aws:s3:::zz", "arn:aws:ec2:r:1:zz"])];
}

export const REQUEST_PRINCIPALS: readonly string[] = [
  "AWS:arn:aws:iam::111111111111:root",
  "AWS:arn:aws:iam::111111111111:role/a",
  "AWS:arn:aws:iam::111111111111:role/b",
  "AWS:arn:aws:iam::111111111111:user/zz",
  "AWS:arn:aws:iam::222222222222:root",
  "AWS:arn:aws:iam::222222222222:user/a",
  "AWS:arn:aws:iam::333333333333:role/zz",
  "Service:ec2.amazonaws.com",
  "Service:ecs.amazonaws.com",
  "Service:zz.amazonaws.com",
  "Federated:arn:aws:iam::111111111111:oidc-provider/x",
  "Federated:zz",
];
