import { describe, expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { TerminalError } from "../../../src/errors.ts";
import { classViolations } from "../../../src/plan/class/class-guards.ts";
import { aClass } from "../../support/builders.ts";
import { reasonOf, saidAtAdmission } from "../../support/class-policy.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Allows a little of each, so that an attempt can try to stretch it. */
const TEAM_CLASS = aClass(
  {
    namespaces: ["team-a"],
    tags: { team: "a", sku: "1" },
    allowedTagKeys: ["app", "cost-*"],
    allowedInstanceRegions: ["eu-*", "us-west-2"],
    maxSessionDurationSeconds: 7200,
    allowAdoption: true,
  },
  { metadata: { name: "team-a" } },
);

interface Answers {
  /** Of the field's own rules, which the API server has too; then nothing else is asked. */
  readonly schema?: string;
  readonly guard: readonly string[];
  readonly admission: readonly string[];
}

function parsed(spec: Fields) {
  return parseInstanceProfile({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app", namespace: "team-a", uid: "uid-1", generation: 1, resourceVersion: "1" },
    spec: {
      className: "team-a",
      roleName: "app",
      statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }],
      ...spec,
    },
  }).spec;
}

function answersTo(spec: Fields, old?: Fields): Answers {
  try {
    const asked = parsed(spec);
    const bounds = { class: TEAM_CLASS, namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
    const before = old === undefined ? {} : { old: parsed(old) };
    return {
      guard: classViolations(asked, bounds).map(({ reason, message }) => `${reason}: ${message}`),
      admission: saidAtAdmission(asked, TEAM_CLASS, { namespace: "team-a", ...before }),
    };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    return { schema: error.message, guard: [], admission: [] };
  }
}

const tagKey = (shown: string): string =>
  `TagNotAllowed: spec.tags: class team-a does not allow key ${shown}; it allows app, cost-*. Remove it.`;
const tagSet = (shown: string): string => `TagNotAllowed: spec.tags: ${shown} is set by class team-a; remove it.`;
const region = (name: string): string =>
  `InstanceRegionNotAllowed: spec.instances.region: class team-a does not allow instances in ${name}; it allows eu-*, us-west-2. Use ` +
  "one of these regions, or remove spec.instances.";
const session = (seconds: number): string =>
  `SessionDurationNotAllowed: spec.maxSessionDurationSeconds is ${seconds}, and class team-a allows at most 7200. Reduce it.`;
const RETAIN =
  "DeletionPolicyNotAllowed: spec.deletionPolicy is Retain, and class team-a allows Delete only. Use that, or remove the field.";

const inRegion = (name: string): Fields => ({ instances: { region: name, ids: ["i-0123456789abcdef0"] } });

test("what the class allows is let through", () => {
  const spec = {
    tags: { app: "x", APP2: undefined, "Cost-Center": "7", "cost-é": "", team: "a" },
    ...inRegion("eu-north-1"),
    maxSessionDurationSeconds: 7200,
    adoptionPolicy: "IfExists",
    deletionPolicy: "Delete",
  };
  expect(answersTo(JSON.parse(JSON.stringify(spec)))).toEqual({ guard: [], admission: [] });
});

/** Guard and admission say the same; the guard quotes what is not plain, and knows more than A to Z. */
const REFUSED: readonly (readonly [name: string, spec: Fields, guard: string, admission?: string])[] = [
  // Tags by which policies elsewhere may grant access.
  ["a tag of ABAC", { tags: { "eks-cluster-admin": "true" } }, tagKey("eks-cluster-admin")],
  ["the same in other letters", { tags: { "EKS-Cluster-Admin": "true" } }, tagKey("EKS-Cluster-Admin")],
  ["an allowed key with a space behind it", { tags: { "app ": "x" } }, tagKey('"app "'), tagKey("app ")],
  ["an allowed key with a space before it", { tags: { " app": "x" } }, tagKey('" app"'), tagKey(" app")],
  ["an allowed key with a no-break space", { tags: { "app\u00a0": "x" } }, tagKey('"app\\u00a0"'), tagKey("app\u00a0")],
  ["an allowed key with a Cyrillic letter", { tags: { "\u0430pp": "x" } }, tagKey('"\\u0430pp"'), tagKey("\u0430pp")],
  ["an allowed key in full width", { tags: { "\uff41pp": "x" } }, tagKey('"\\uff41pp"'), tagKey("\uff41pp")],
  [
    "an allowed key in mathematical letters",
    { tags: { "\u{1d41a}pp": "x" } },
    tagKey('"\\ud835\\udc1app"'),
    tagKey("\u{1d41a}pp"),
  ],
  ["an allowed key and more", { tags: { app2: "x" } }, tagKey("app2")],
  ["a pattern's beginning without its end", { tags: { cost: "x" } }, tagKey("cost")],
  ["something before a pattern", { tags: { "xcost-1": "x" } }, tagKey("xcost-1")],
  ["another dash than the pattern's", { tags: { cost_1: "x" } }, tagKey("cost_1")],
  ["the class's tag with another value", { tags: { team: "b" } }, tagSet("team")],
  ["the class's tag in other letters", { tags: { Team: "b" } }, tagSet("Team")],
  ["the class's tag in other letters, with its value", { tags: { TEAM: "a" } }, tagSet("TEAM")],
  ["the class's tag with a long s", { tags: { "\u017fku": "2" } }, tagSet('"\\u017fku"'), tagKey("\u017fku")],
  [
    "the tags of ownership in other letters",
    { tags: { "IAM.instanceprofile.dev/name": "b" } },
    tagKey("IAM.instanceprofile.dev/name"),
  ],

  // Instances elsewhere.
  ["a region that nobody watches", inRegion("us-east-1"), region("us-east-1")],
  ["a region of another partition", inRegion("us-gov-west-1"), region("us-gov-west-1")],
  ["China", inRegion("cn-north-1"), region("cn-north-1")],
  ["an allowed region's name and more", inRegion("us-west-22"), region("us-west-22")],
  ["a pattern in the middle of a name", inRegion("xeu-west-1"), region("xeu-west-1")],
  [
    "other people's instances there, by their tags",
    { instances: { region: "us-east-1", selector: { matchTags: { team: "b" } }, onConflict: "Replace" } },
    region("us-east-1"),
  ],

  // Credentials that stay.
  ["sessions of twelve hours", { maxSessionDurationSeconds: 43_200 }, session(43_200)],
  ["sessions of a second more", { maxSessionDurationSeconds: 7201 }, session(7201)],

  // Roles that stay.
  ["a role that stays", { deletionPolicy: "Retain" }, RETAIN],
  ["an adopted role that stays", { adoptionPolicy: "IfExists", deletionPolicy: "Retain" }, RETAIN],
];

describe("an object that is created with", () => {
  const attempts = REFUSED.map(([name, spec, guard, admission = guard]) => ({ name, spec, guard, admission }));

  test.each(attempts)("$name is refused by the guard and at admission", ({ spec, guard, admission }) => {
    expect(answersTo(spec)).toEqual({ guard: [guard], admission: [admission] });
  });
});

test("the class's tag with a Kelvin sign, which may be a k to IAM, is refused for one reason or another", () => {
  const { guard, admission } = answersTo({ tags: { "s\u212au": "2" } });
  expect(guard).toEqual([tagSet('"s\\u212au"')]);
  expect(admission.map(reasonOf)).toEqual(["TagNotAllowed"]);
});

test("a key that every JavaScript object has is a key like any other to the guard", () => {
  for (const key of ["constructor", "__proto__", "toString"]) {
    const { tags } = JSON.parse(`{"tags":{"${key}":"x"}}`) as { readonly tags: Record<string, string> };
    const bounds = { class: TEAM_CLASS, namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
    const said = classViolations({ ...parsed({}), tags }, bounds).map(({ reason, message }) => `${reason}: ${message}`);
    expect(said).toEqual([tagKey(key)]);
  }
});

describe("an object that is changed so that it has", () => {
  const edits: readonly (readonly [name: string, old: Fields, spec: Fields, said: string])[] = [
    ["one tag more", { tags: { app: "x" } }, { tags: { app: "x", admin: "true" } }, tagKey("admin")],
    ["an old tag with a new value", { tags: { admin: "false" } }, { tags: { admin: "true" } }, tagKey("admin")],
    ["an old tag in other letters", { tags: { admin: "true" } }, { tags: { Admin: "true" } }, tagKey("Admin")],
    ["instances of another region", inRegion("eu-west-1"), inRegion("us-east-1"), region("us-east-1")],
    [
      "more instances in a region of before",
      inRegion("us-east-1"),
      { instances: { region: "us-east-1", ids: ["i-0123456789abcdef0", "i-0123456789abcdef1"] } },
      region("us-east-1"),
    ],
    [
      "longer sessions than before",
      { maxSessionDurationSeconds: 10_000 },
      { maxSessionDurationSeconds: 20_000 },
      session(20_000),
    ],
    [
      "sessions that are still too long",
      { maxSessionDurationSeconds: 20_000 },
      { maxSessionDurationSeconds: 10_000 },
      session(10_000),
    ],
    ["Retain, right before it is deleted", {}, { deletionPolicy: "Retain" }, RETAIN],
    ["Retain in place of Delete", { deletionPolicy: "Delete" }, { deletionPolicy: "Retain" }, RETAIN],
  ];

  test.each(edits)("%s is refused by the guard and at admission", (_, old, spec, said) => {
    expect(answersTo(spec, old)).toEqual({ guard: [said], admission: [said] });
  });

  test.each<readonly [string, Fields, string]>([
    ["tags", { tags: { admin: "true" } }, tagKey("admin")],
    ["instances", inRegion("us-east-1"), region("us-east-1")],
    ["sessions", { maxSessionDurationSeconds: 20_000 }, session(20_000)],
    ["deletion policy", { deletionPolicy: "Retain" }, RETAIN],
  ])("another description, and %s of before that the class now refuses, is left to the guard", (_, old, said) => {
    expect(answersTo({ ...old, description: "another" }, old)).toEqual({ guard: [said], admission: [] });
  });
});

describe("no manifest can say", () => {
  test.each<readonly [string, Fields, string]>([
    ["the tags of ownership", { tags: { "iam.instanceprofile.dev/name": "b" } }, "are the controller's own"],
    ["a tag of AWS", { tags: { "aws:cloudformation:stack-name": "b" } }, "are reserved by AWS"],
    ["a tag of AWS in other letters", { tags: { "AWS:x": "b" } }, "are reserved by AWS"],
    ["a pattern as a key", { tags: { "cost-*": "x" } }, "write letters, digits, spaces and any of"],
    ["a key with an invisible character", { tags: { "a\u200dpp": "x" } }, "write letters, digits, spaces and any of"],
    ["a key with a newline", { tags: { "app\n": "x" } }, "write letters, digits, spaces and any of"],
    ["one key twice, in two cases", { tags: { app: "x", APP: "y" } }, "keep one of them"],
    ["a region with a space behind it", inRegion("eu-west-1 "), "write a region, as in eu-west-1"],
    ["a region in capitals", inRegion("EU-WEST-1"), "write a region, as in eu-west-1"],
    ["a region with a newline", inRegion("us-east-1\neu-west-1"), "write a region, as in eu-west-1"],
    ["every region", inRegion("*"), "write a region, as in eu-west-1"],
    ["a zone", inRegion("us-east-1a"), "write a region, as in eu-west-1"],
    ["longer sessions than AWS has", { maxSessionDurationSeconds: 43_201 }, "less than or equal to 43200"],
    ["sessions as a text", { maxSessionDurationSeconds: "43200" }, "must be of type integer"],
    ["Retain in other letters", { deletionPolicy: "retain" }, 'supported values: "Delete", "Retain"'],
    ["a deletion policy of another tool", { deletionPolicy: "Orphan" }, 'supported values: "Delete", "Retain"'],
  ])("%s", (_, spec, said) => {
    expect(answersTo(spec).schema ?? answersTo(spec).guard.join()).toContain(said);
  });
});
