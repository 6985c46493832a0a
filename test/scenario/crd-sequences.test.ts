import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { samplePath } from "../../src/cli/manifests/crd-file.ts";
import { sandboxAnswer } from "../contract/crd/api-answer.ts";
import { CRD_FILE } from "../contract/crd/samples.ts";
import { propertiesOf, type Variant, variantsOf } from "../support/crd-variants.ts";
import { World } from "../support/world.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What the sample leaves out, and everything below it. */
const EXAMPLES: Fields = {
  className: "team-a",
  instanceProfilePath: "/profiles/",
  "trust.statements[].principals.services": ["ssm.amazonaws.com"],
  "trust.statements[].principals.federated": ["arn:aws:iam::123456789012:saml-provider/people"],
  "trust.statements[].principals.canonicalUsers": ["a".repeat(64)],
  "statements[].notActions": ["iam:*"],
  "statements[].notResources": ["*"],
  instances: { region: "eu-west-1", selector: { matchTags: { team: "a" } }, onConflict: "Keep" },
  "instances.ids": ["i-0123456789abcdef0"],
};

/** What IAM alone can refuse, or what only people know to be wrong; the API server takes each of them. */
const WRONG: Fields = {
  "a resource that is no ARN to IAM": {
    statements: [{ effect: "Allow", actions: ["s3:Get*"], resources: ["arn:aws"] }],
  },
  "a managed policy that is not there": { managedPolicyArns: ["arn:aws:iam::123456789012:policy/none"] },
  "a boundary that is not there": { permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/none" },
  "a principal that is not there": {
    trust: { statements: [{ effect: "Allow", principals: { aws: ["arn:aws:iam::123456789012:user/nobody"] } }] },
  },
  "a service that is not there": { trust: { services: ["nothing.amazonaws.com"] } },
  "more managed policies than IAM attaches": {
    managedPolicyArns: ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "none"].map(
      (name) => `arn:aws:iam::aws:policy/${name}`,
    ),
  },
  "a policy that is too long for IAM": {
    statements: Array.from({ length: 60 }, (_, i) => ({
      sid: `S${i}`,
      effect: "Allow",
      actions: ["s3:GetObject"],
      resources: [`arn:aws:s3:::${"b".repeat(200)}/*`],
    })),
  },
};

/** What matters at another time or to other objects, each with the test that shows it. */
const HEEDED_ELSEWHERE: ReadonlySet<string> = new Set([
  ...["role", "role.management"], // test/scenario/external-role.test.ts
  // As in `statements`: the parser reads all of them by one field.
  ...["notActions", "notResources", "conditions"].flatMap((field) =>
    ["inlinePolicies", "managedPolicies"].map((list) => `${list}[].statements[].${field}`),
  ),
  ...["sid", "effect"].map((field) => `managedPolicies[].statements[].${field}`),
  "managedPolicies[].document", // test/laws/own-policies.test.ts
  "managedPolicies[].description", // at the creation alone: IAM cannot change it
  ...["adoptionPolicy", "deletionPolicy"], // test/scenario/adoption.test.ts
  "unmanagedPolicies", // test/scenario/drift.test.ts
  ...["adoptFrom", "adoptFrom.clusterId"], // test/scenario/hand-over.test.ts
]);
/** Told as a whole, whatever is in it. */
const TOLD_AS_A_WHOLE = "instances.";

const crd = parse(readFileSync(CRD_FILE, "utf8"));
const schema = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
const { deletionPolicy: _, ...base } = parse(readFileSync(samplePath("full.yaml"), "utf8")).spec;
const VARIANTS: readonly Variant[] = [
  ...variantsOf(schema, base, EXAMPLES),
  ...Object.entries(WRONG).map(([name, fields]) => ({ name, property: "", spec: { ...base, ...(fields as Fields) } })),
];
/** `SEQUENCES=all` plays every variant by itself, which takes minutes; else some of them, always the same. */
const isExhaustive = process.env["SEQUENCES"] === "all";

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const manifestOf = (spec: Fields) => ({
  apiVersion: "iam.instanceprofile.dev/v1beta1",
  kind: "InstanceProfile",
  metadata: { ...world.key },
  spec,
});

/** What the user sees, and what AWS has. */
interface End {
  readonly ready: string | undefined;
  readonly conditions: string;
  readonly plan: readonly string[] | undefined;
  readonly aws: string;
}

/** Applies one spec after the other, as an API server would let it, and lets the controller settle after each. */
class Story {
  readonly #controller = world.controller();
  #stored: ReturnType<typeof manifestOf> | undefined;

  /** False when the API server refuses it, and everything stays as it is. */
  async apply(spec: Fields): Promise<boolean> {
    const answer = sandboxAnswer(manifestOf(spec), this.#stored);
    if (answer.outcome === "refused") return false;
    this.#stored = { ...manifestOf(spec), ...(answer.stored as object) };
    await world.apply(this.#stored);
    await this.#controller.settle();
    return true;
  }

  /** The spec that the API server has. */
  get spec(): Fields | undefined {
    return this.#stored?.spec;
  }

  async end(): Promise<End> {
    const { conditions = [], plan } = (await world.object())?.status ?? {};
    const { roles, instanceProfiles } = world.aws.snapshot({ ids: "omit" });
    return {
      ready: await world.ready(),
      conditions: JSON.stringify(conditions.map(({ type, status, reason }) => [type, status, reason])),
      plan,
      aws: JSON.stringify(meaning({ roles, instanceProfiles })),
    };
  }
}

/**
 * Order and repetition mean nothing to IAM, in policies as in lists, and an empty description is none; the controller does not
 * write for them.
 */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [...new Set(value.map((item) => JSON.stringify(meaning(item))))].sort().map((item) => JSON.parse(item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => key !== "description" || item !== "")
      .map(([key, item]) => [key, meaning(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const freshEnds = new Map<string, Promise<End>>();

async function freshEnd(spec: Fields): Promise<End> {
  await world.reset();
  const story = new Story();
  await story.apply(spec);
  return story.end();
}

/** Where a new object of this spec comes to. */
function fresh(spec: Fields): Promise<End> {
  const key = JSON.stringify(spec);
  const end = freshEnds.get(key) ?? freshEnd(spec);
  freshEnds.set(key, end);
  return end;
}

function rests({ suspend, mode }: Fields): boolean {
  return suspend === true || mode === "DryRun";
}

/** Plays the variants one after the other; whatever they did, the end is that of a new object of the last spec. */
async function plays(sequence: readonly Variant[]): Promise<void> {
  const goal = await fresh(base);
  const goals = new Map<Fields, End>();
  for (const { spec } of sequence) goals.set(spec, await fresh(spec));
  await world.reset();
  const story = new Story();
  await story.apply(base);
  for (const { spec } of sequence) {
    if (!(await story.apply(spec)) || rests(spec)) continue;
    const [end, wanted] = [await story.end(), goals.get(spec)];
    expect(end.ready).toBe(wanted?.ready);
    if (end.ready === "True InSync") expect(end).toEqual(wanted);
  }
  await story.apply(base);
  expect(await story.end()).toEqual(goal);
}

describe("every field of the CRD", { timeout: isExhaustive ? 1_800_000 : 120_000 }, () => {
  test("has variants", () => {
    const missing = propertiesOf(schema).filter(
      (property) => !VARIANTS.some((variant) => variant.property === property),
    );
    expect(missing).toEqual([]);
  });

  test("does something that can be seen when it is changed", async () => {
    const before = await fresh(base);
    const ignored: string[] = [];
    for (const property of propertiesOf(schema)) {
      if (HEEDED_ELSEWHERE.has(property) || property.startsWith(TOLD_AS_A_WHOLE)) continue;
      const variants = VARIANTS.filter((variant) => isWithin(variant.property, property));
      if (await someIsSeen(variants, before)) continue;
      ignored.push(property);
    }
    expect(ignored).toEqual([]);
  });

  test("may change in any sequence: the end is that of a new object, and what was wrong heals", async () => {
    if (isExhaustive) {
      for (const variant of VARIANTS) await plays([variant]);
      return;
    }
    const one = fc.constantFrom(...VARIANTS);
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 3 }), (sequence) => plays(sequence)),
      { numRuns: 12, seed: 20260101 },
    );
  });

  test.each(Object.keys(WRONG))("may be wrong in a way that only IAM knows: %s is told, and heals", async (name) => {
    const variant = VARIANTS.find((candidate) => candidate.name === name);
    const end = await fresh(variant?.spec ?? {});
    expect(end.ready).toMatch(/^False (?!InSync)/);
    expect(end.conditions).toMatch(/Stalled|ProgressingWithRetry/);
    await plays([variant as Variant]);
  });
});

function isWithin(property: string, outer: string): boolean {
  return property.startsWith(outer) && ["", ".", "[", "{"].includes(property.slice(outer.length, outer.length + 1));
}

/** One difference is enough: most variants of a field mean the same as another one, or are refused. */
async function someIsSeen(variants: readonly Variant[], before: End): Promise<boolean> {
  for (const { spec } of variants) {
    if (sandboxAnswer(manifestOf(spec)).outcome === "refused") continue;
    if (JSON.stringify(await fresh(spec)) !== JSON.stringify(before)) return true;
  }
  return false;
}
