import { tagsField } from "../../src/api/spec-fields.ts";

/** Specs at the corners of the CRD's schema: what an author may write that costs the most to judge. */

type Fields = Readonly<Record<string, unknown>>;

/** A spec of one shape, without the names that every spec needs. */
export interface LargeSpec {
  readonly name: string;
  readonly spec: Fields;
}

/** etcd takes no larger object by default; what is above it is never stored. */
export const MAX_OBJECT_BYTES: number = 1_500_000;

const VALUE_CHARS = 2_048;
const RESOURCE_CHARS = 1_024;
const ACTION_CHARS = 128;

export function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** The text over and over, cut to the length. */
function filled(text: string, length: number): string {
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

const pad = (index: number): string => String(index).padStart(3, "0");
const arn = (rest: string): string => `arn:aws:s3:::${rest}`;
const allow = (fields: Fields = {}): Fields => ({ effect: "Allow", actions: ["s3:G"], resources: ["*"], ...fields });
const statements = (count: number, fields: (index: number) => Fields): Fields => ({
  statements: times(count, (index) => allow(fields(index))),
});

/** Condition operators, their keys and the values of each, each so many. */
function conditions(operators: number, keys: number, values: number, value: (index: number) => string): Fields {
  return Object.fromEntries(
    times(operators, (operator) => [
      `Op${operator}`,
      Object.fromEntries(times(keys, (key) => [`k${key}`, times(values, value)])),
    ]),
  );
}

/** Statements of so many actions on so many resources, each with so many condition values. */
export function grid(count: number, actions: number, resources: number, values: number = 0): Fields {
  const tests = Object.fromEntries(
    times(Math.ceil(values / 200), (key) => [`aws:x${key}`, times(Math.min(200, values - key * 200), (i) => `v${i}`)]),
  );
  return statements(count, () => ({
    actions: times(actions, (i) => `s3:G${pad(i)}`),
    resources: times(resources, (i) => arn(pad(i))),
    ...(values > 0 && { conditions: { StringEquals: tests } }),
  }));
}

const ACTIONS_AND_RESOURCES: readonly LargeSpec[] = [
  { name: "20 statements of 300 actions on 200 resources", spec: grid(20, 300, 200) },
  { name: "40 statements of 300 actions on 200 resources", spec: grid(40, 300, 200) },
  { name: "one statement of 230 actions on 150 resources under 480 values", spec: grid(1, 230, 150, 480) },
  { name: "100 statements of 300 actions on 200 resources", spec: grid(100, 300, 200) },
  {
    name: "100 statements of 300 actions, as short as can be",
    spec: statements(100, () => ({ actions: times(300, (i) => `a:${i.toString(36)}`) })),
  },
  {
    name: "100 statements of 200 resources, as short as can be",
    spec: statements(100, () => ({ resources: times(200, (i) => `arn:${i.toString(36)}`) })),
  },
  {
    name: "300 times the same action on 200 times the same resource",
    spec: statements(100, () => ({ actions: times(300, () => "s3:Get*"), resources: times(200, () => "*") })),
  },
  {
    name: "notActions and notResources as many as there may be",
    spec: {
      statements: times(100, () => ({
        effect: "Allow",
        notActions: times(300, (i) => `s3:${i}`),
        notResources: times(200, (i) => arn(String(i))),
      })),
    },
  },
];

const WILDCARDS: readonly LargeSpec[] = [
  {
    name: "actions of nothing but wildcards",
    spec: statements(30, (n) => ({ actions: times(300, (i) => `*:${filled("*?", 110)}${n}${i}`) })),
  },
  {
    name: "actions that repeat a letter between stars",
    spec: statements(30, () => ({ actions: times(300, (i) => `iam:${filled("*a", ACTION_CHARS - 8)}${pad(i)}`) })),
  },
  {
    name: "actions that nearly match an escalating one",
    spec: statements(30, () => ({ actions: times(300, (i) => `*:*${filled("*?", 40)}*e*r*e*o*i*${pad(i)}`) })),
  },
  {
    name: "resources that repeat a letter between stars",
    spec: statements(6, () => ({ resources: times(200, (i) => arn(`${filled("*a?b", RESOURCE_CHARS - 20)}${i}`)) })),
  },
  {
    name: "resources of unclosed variables",
    spec: statements(6, () => ({ resources: times(200, (i) => arn(`${filled("${", RESOURCE_CHARS - 20)}${i}`)) })),
  },
  {
    name: "resources of unclosed variables with defaults",
    spec: statements(6, () => ({ resources: times(200, (i) => arn(`${filled("${a'", RESOURCE_CHARS - 20)}${i}`)) })),
  },
  {
    name: "resources of nothing but colons",
    spec: statements(6, () => ({ resources: times(200, (i) => `arn:${filled(":*", RESOURCE_CHARS - 10)}${i}`) })),
  },
  {
    name: "a policy within the quota of stars alone",
    spec: statements(1, () => ({ actions: times(75, (i) => `s3:${filled("*a*b", 120)}${i}`) })),
  },
];

/** Characters that a policy of one statement has beside its actions, resources and conditions. */
const FRAME_CHARS = 90;
const INLINE_CHARS = 10_240;

/** So many texts of this kind as a policy has room for. */
function fill(chars: number, make: (index: number) => string): readonly string[] {
  return times(Math.floor(chars / (make(0).length + 3)), make);
}

const HALF = (INLINE_CHARS - FRAME_CHARS) / 2;
const shortAction = (index: number): string => `a:${index.toString(36).padStart(2, "0")}`;
const shortResource = (index: number): string => `arn:${index.toString(36).padStart(2, "0")}`;

/** What IAM may take: these are judged to the end. */
const WITHIN_THE_QUOTA: readonly LargeSpec[] = [
  {
    name: "as many actions as fit on as many resources as fit",
    spec: {
      statements: [
        allow({ actions: times(300, shortAction), resources: times(200, shortResource) }),
        allow({
          actions: times(300, (i) => shortAction(i + 300)),
          resources: times(190, (i) => shortResource(i + 100)),
        }),
      ],
    },
  },
  {
    name: "statements that each have some of the actions and some of the resources",
    spec: statements(50, (n) => ({
      actions: times(12, (i) => shortAction((n * 7 + i * i) % 60)),
      resources: times(8, (i) => shortResource((n * 5 + i * i * 3) % 40)),
    })),
  },
  {
    name: "one action on long resources, and long conditions",
    spec: statements(1, () => ({
      resources: fill(HALF, (i) => arn(`${filled("*a?b", 900)}${i}`)),
      conditions: conditions(1, 1, 2, (i) => filled(`${i}"`, 1_200)),
    })),
  },
  {
    name: "as many stars as an action has room for",
    spec: statements(1, () => ({ actions: fill(2 * HALF, (i) => `iam:${filled("*a", 120)}${i % 10}`) })),
  },
  {
    name: "stars and the letters of an escalating action",
    spec: statements(1, () => ({ actions: fill(2 * HALF, (i) => `iam:${"*u*p*d*a*t*e*".repeat(9)}${i % 10}`) })),
  },
  {
    name: "a resource of unclosed variables within the quota",
    spec: statements(1, () => ({ resources: fill(2 * HALF, (i) => arn(`${filled("${a'", 1_000)}${i % 10}`)) })),
  },
  {
    name: "as many condition tests as fit",
    spec: statements(1, () => ({ conditions: conditions(30, 24, 1, () => "v") })),
  },
  {
    name: "as many statements as there may be",
    spec: statements(100, (n) => ({ actions: [shortAction(n)], effect: n % 2 === 0 ? "Allow" : "Deny" })),
  },
  {
    name: "blanks that no quota counts, up to what a request may have",
    spec: statements(1, () => ({ conditions: conditions(1, 1, 60, () => " ".repeat(2_000)) })),
  },
  {
    name: "a trust policy as large as any account's quota",
    spec: trust(20, (n) => ({ principals: { aws: times(4, (i) => role(filled(`r${n}-${i}`, 40))) } })),
  },
];

const CONDITIONS: readonly LargeSpec[] = [
  {
    name: "as many condition keys as there may be",
    spec: statements(100, () => ({ conditions: conditions(30, 30, 1, () => "v") })),
  },
  {
    name: "condition values as long as they may be",
    spec: statements(3, () => ({ conditions: conditions(1, 1, 200, (i) => filled(`${i}-`, VALUE_CHARS)) })),
  },
  {
    name: "condition values of blanks, which no quota counts",
    spec: statements(3, () => ({ conditions: conditions(1, 1, 200, () => " ".repeat(VALUE_CHARS)) })),
  },
  {
    name: "condition values of quotes, each two characters in JSON",
    spec: statements(2, () => ({ conditions: conditions(1, 1, 150, () => '"'.repeat(VALUE_CHARS)) })),
  },
  {
    name: "condition values of letters beyond ASCII",
    spec: statements(2, () => ({ conditions: conditions(1, 1, 150, () => "\u00ff".repeat(VALUE_CHARS)) })),
  },
  {
    name: "condition operators that differ in case alone",
    spec: statements(100, () => ({
      conditions: Object.fromEntries(
        times(30, (n) => [
          caseOf("stringequals", n),
          Object.fromEntries(times(30, (k) => [caseOf("awskey", k), ["v"]])),
        ]),
      ),
    })),
  },
  {
    name: "condition operators and keys as long as an object has room for",
    spec: statements(2, (n) => ({
      conditions: { [filled(`Op${n}`, 300_000)]: { [filled("k", 300_000)]: ["v"] } },
    })),
  },
];

/** The word with the letters in upper case whose bits are set. */
function caseOf(word: string, bits: number): string {
  return Array.from(word, (letter, i) => ((bits >> i) & 1 ? letter.toUpperCase() : letter)).join("");
}

function role(rest: string): string {
  return `arn:aws:iam::123456789012:role/${rest}`;
}

function trust(count: number, fields: (index: number) => Fields): Fields {
  return {
    statements: [allow()],
    trust: { statements: times(count, (index) => ({ effect: "Allow", ...fields(index) })) },
  };
}

const TRUST: readonly LargeSpec[] = [
  {
    name: "trust statements with as many principals as there may be",
    spec: trust(20, (n) => ({
      principals: {
        aws: times(50, (i) => role(`${n}-${i}`)),
        services: times(20, (i) => `s${i}.amazonaws.com`),
        federated: times(20, (i) => `idp${i}.example.com`),
        canonicalUsers: times(20, (i) => filled(`${i}0a`, 64)),
      },
      actions: times(20, () => `sts:${filled("*A", ACTION_CHARS - 4)}`),
    })),
  },
  {
    name: "trust principals as long as they may be",
    spec: trust(20, (n) => ({ principals: { aws: times(50, (i) => role(filled(`${n}x${i}y`, 900))) } })),
  },
  {
    name: "trust statements with as many conditions as there may be",
    spec: trust(20, () => ({ principals: { aws: ["*"] }, conditions: conditions(30, 30, 2, (i) => `v${i}`) })),
  },
];

const THE_REST: readonly LargeSpec[] = [
  {
    name: "tags as many and as long as there may be",
    spec: {
      ...statements(1, () => ({})),
      tags: Object.fromEntries(
        times(tagsField.schema.maxProperties ?? 0, (i) => [filled(`k${pad(i)}-`, 128), filled("v", 256)]),
      ),
    },
  },
  {
    name: "managed policies as many and as long as there may be",
    spec: { managedPolicyArns: times(50, (i) => `arn:aws:iam::123456789012:policy/${filled("p/", 900)}p${pad(i)}`) },
  },
  {
    name: "instance ids as many as there may be",
    spec: {
      ...statements(1, () => ({})),
      instances: { region: "eu-west-1", ids: times(100, (i) => `i-${i.toString(16).padStart(17, "0")}`) },
    },
  },
  {
    name: "instance tags as many and as long as there may be",
    spec: {
      ...statements(1, () => ({})),
      instances: {
        region: "eu-west-1",
        selector: {
          matchTags: Object.fromEntries(times(20, (i) => [filled(`k${pad(i)}-`, 128), filled("v", 256)])),
        },
      },
    },
  },
  {
    name: "description and path as long as they may be",
    spec: {
      ...statements(1, () => ({})),
      description: filled("<script>\u00e9 ", 1_000),
      path: `/${filled("a/", 510)}/`.replace("//", "/"),
    },
  },
  {
    name: "sids as long as they may be",
    spec: statements(100, (n) => ({ sid: filled(`Sid${pad(n)}`, 128) })),
  },
];

/** One spec for each corner, by name. */
export const LARGE_SPECS: readonly LargeSpec[] = [
  ...WITHIN_THE_QUOTA,
  ...ACTIONS_AND_RESOURCES,
  ...WILDCARDS,
  ...CONDITIONS,
  ...TRUST,
  ...THE_REST,
];
