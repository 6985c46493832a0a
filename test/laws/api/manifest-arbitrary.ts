import fc from "fast-check";

/**
 * Manifests near the border between good and bad: each field is mostly valid, sometimes at or just beyond a bound, now
 * and then of another type. Broad random JSON would be refused at the first field and reach no rule.
 */
export function nearManifest(): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({ name: fc.constant("app"), spec: mostly(spec(), fc.anything({ maxDepth: 1 }).filter(isJson)) })
    .map(({ name, spec: value }) => ({
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name, namespace: "default" },
      spec: value,
    }));
}

/** Is it what JSON can say. */
function isJson(value: unknown): boolean {
  try {
    const text = JSON.stringify(value);
    return (
      text !== undefined && !text.includes("\\ud") && JSON.stringify(JSON.parse(text)) === text && !hasHoles(value)
    );
  } catch {
    return false;
  }
}

function hasHoles(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value) || Object.is(value, -0);
  if (typeof value !== "object" || value === null) return !["string", "boolean", "object"].includes(typeof value);
  return Object.values(value).some(hasHoles);
}

function mostly<T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: good }, { weight: 1, arbitrary: bad });
}

const otherType: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(null, 7, true, "x", [], {}, ["x"], { x: "y" });

function words(...good: readonly string[]): (...bad: readonly string[]) => fc.Arbitrary<unknown> {
  return (...bad) =>
    fc.oneof(
      { weight: 160, arbitrary: fc.constantFrom(...good) },
      { weight: 4, arbitrary: fc.constantFrom(...bad) },
      { weight: 1, arbitrary: otherType },
    );
}

function listOf(item: fc.Arbitrary<unknown>, maxLength = 3): fc.Arbitrary<unknown> {
  return mostly(
    fc.oneof(
      { weight: 40, arbitrary: fc.array(item, { minLength: 1, maxLength }) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    otherType,
  );
}

function mapOf(
  keys: { readonly good: readonly string[]; readonly bad: readonly string[] },
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const good = fc.dictionary(fc.constantFrom(...keys.good), value, { minKeys: 1, maxKeys: 3 });
  const bad = fc.dictionary(fc.constantFrom(...keys.good, ...keys.bad), value, { maxKeys: 3 });
  return mostly(good, fc.oneof(bad, otherType));
}

const name = (limit: number): fc.Arbitrary<unknown> =>
  words("app", "App_1+=,.@-", "a".repeat(limit))("", "a b", "ä", "a/b", "a\n", "a".repeat(limit + 1));

const effect = words("Allow", "Deny")("allow", "");
const sid = words("A", "Read1", "")("read-1", "Ä", "a".repeat(129));
const action = words("*", "s3:*", "s3:Get?bject*", "ec2:Describe*", "*:*")(
  "",
  "s3",
  "s3:",
  ":Get",
  "s3:G t",
  "s3:Gét",
  "a".repeat(129),
);
const resource = words("*", "arn:aws:s3:::a/*", "arn:é", "arn:")(
  "",
  "a",
  "**",
  "arn:…",
  "arn:\u0000",
  `arn:${"a".repeat(1021)}`,
);
const service = words("ec2.amazonaws.com", "ssm.amazonaws.com.cn")("ec2", "EC2.amazonaws.com", ".com", "a..b", "");
const conditions = mapOf(
  { good: ["StringEquals", "ForAnyValue:ArnLike", "Bool"], bad: [] },
  mapOf(
    { good: ["aws:a", "aws:PrincipalTag/ü", ""], bad: [] },
    listOf(words("true", "", "é\t", "a".repeat(2048))("…", "\u0001", "a".repeat(2049))),
  ),
);

function spec(): fc.Arbitrary<unknown> {
  const arn = words("arn:aws:iam::aws:policy/A", "arn:aws-us-gov:iam::123456789012:policy/p/q/A")(
    "A",
    "arn:aws:iam::12:policy/A",
    "arn:aws:iam::aws:role/A",
    "arn:aws:iam::aws:policy/",
  );
  return fc
    .record(
      {
        className: words("team-a", "a.b")("Team", "-a", "a-", ""),
        roleName: name(64),
        instanceProfileName: name(128),
        policyName: name(128),
        path: words("/", "/a/", "/a/b//", `/${"a".repeat(510)}/`)(
          "a",
          "/a",
          "a/",
          "",
          "//",
          "/a b/",
          `/${"a".repeat(511)}/`,
        ),
        role: fc.oneof(
          { weight: 5, arbitrary: fc.record({ management: words("Managed", "External")("external") }) },
          { weight: 1, arbitrary: otherType },
        ),
        description: words("", "é\t\n", "a".repeat(1000))("“", "\u00a0", "\u007f", "a".repeat(1001)),
        statements: listOf(statement()),
        inlinePolicies: listOf(inlinePolicy()),
        managedPolicyArns: listOf(arn),
        permissionsBoundaryArn: arn,
        maxSessionDurationSeconds: fc.constantFrom<unknown>(
          3600,
          3601,
          43_200,
          43_201,
          3599,
          0,
          -1,
          4000.5,
          "3600",
          null,
        ),
        trust: mostly(trust(), otherType),
        tags: tags(),
        roleTags: tags(),
        instanceProfileTags: tags(),
        adoptionPolicy: words("Never", "IfExists")("Always"),
        adoptFrom: mostly(
          fc.record({
            clusterId: mostly(fc.constantFrom("old-cluster", "a b"), fc.constantFrom<unknown>("", "a,b", 1)),
          }),
          otherType,
        ),
        deletionPolicy: words("Delete", "Retain")(""),
        unmanagedPolicies: words("Report", "Remove")("Keep"),
        mode: words("Enforce", "DryRun")("dryRun"),
        suspend: mostly(fc.boolean(), fc.constantFrom<unknown>("true", null)),
        instances: mostly(instances(), otherType),
        colour: fc.constant("red"),
      },
      { requiredKeys: ["roleName", "statements"] },
    )
    .chain((whole) => fc.subarray(Object.keys(whole)).map((kept) => sparse(whole, kept)));
}

// Manifests with all fields at once would nearly always hold a fault; most of these have a handful.
function sparse(whole: Readonly<Record<string, unknown>>, kept: readonly string[]): Record<string, unknown> {
  const few = kept.slice(0, 5).filter((key) => key !== "colour");
  const entries = Object.entries(whole).filter(
    ([key]) => few.includes(key) || key === "roleName" || key === "statements",
  );
  return Object.fromEntries(entries);
}

function tags(): fc.Arbitrary<unknown> {
  const keys = {
    good: ["team", "cost center", "ключ", "__proto__", "a".repeat(128)],
    bad: ["Team", "aws:x", "AWS:x", "a#", "", "a".repeat(129), "iam.instanceprofile.dev/x"],
  };
  const many = (count: number): fc.Arbitrary<unknown> =>
    fc.constant(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""])));
  return fc.oneof(
    { weight: 20, arbitrary: mapOf(keys, tagValue()) },
    { weight: 1, arbitrary: fc.oneof(many(21), many(22), many(42), many(43)) },
  );
}

function tagValue(): fc.Arbitrary<unknown> {
  return words("", "a", "é 1", "٣", "_.:/=+-@", "𠀀".repeat(256))("a|b", "a\tb", "a".repeat(257));
}

// Without Sids: that they are unique is for the parser alone, as is what a document says.
function inlinePolicy(): fc.Arbitrary<unknown> {
  const statements = listOf(
    statement().map((one) => {
      if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
      const { sid: _, ...rest } = one as { readonly sid?: unknown };
      return rest;
    }),
  ).filter((list) => list !== null);
  const both = { statements, document: fc.constant({ Statement: { Effect: "Deny", Action: "*", Resource: "*" } }) };
  return fc.oneof(
    { weight: 40, arbitrary: fc.record({ name: name(128), statements }) },
    { weight: 10, arbitrary: fc.record({ name: name(128), document: both.document }) },
    { weight: 1, arbitrary: fc.record({ name: name(128), ...both }, { requiredKeys: [] }) },
  );
}

function statement(): fc.Arbitrary<unknown> {
  const actions = fc.oneof(
    { weight: 30, arbitrary: fc.record({ actions: listOf(action) }) },
    { weight: 10, arbitrary: fc.record({ notActions: listOf(action) }) },
    { weight: 1, arbitrary: fc.record({ actions: listOf(action), notActions: listOf(action) }, { requiredKeys: [] }) },
  );
  const resources = fc.oneof(
    { weight: 30, arbitrary: fc.record({ resources: listOf(resource) }) },
    { weight: 10, arbitrary: fc.record({ notResources: listOf(resource) }) },
    {
      weight: 1,
      arbitrary: fc.record({ resources: listOf(resource), notResources: listOf(resource) }, { requiredKeys: [] }),
    },
  );
  const base = fc.record({ sid, effect, conditions }, { requiredKeys: ["effect"] });
  return mostly(
    fc.tuple(base, actions, resources).map(([first, second, third]) => ({ ...first, ...second, ...third })),
    otherType,
  );
}

function trust(): fc.Arbitrary<unknown> {
  const aws = words(
    "*",
    "123456789012",
    "arn:aws:iam::123456789012:root",
    "AROAABCDEFGHIJKLMNOPQ",
  )("arn:aws:iam::123456789012:role/*", "1", "alice");
  const federated = words("accounts.google.com", "arn:aws:iam::123456789012:oidc-provider/a.b/c")(
    "google",
    "arn:aws:iam::1:oidc-provider/a",
  );
  const canonical = words("0".repeat(64), "f".repeat(64))("0", "g".repeat(64), "0".repeat(65));
  const principals = fc.record(
    { aws: listOf(aws), services: listOf(service), federated: listOf(federated), canonicalUsers: listOf(canonical) },
    { requiredKeys: [] },
  );
  const statements = fc.record(
    {
      sid,
      effect,
      actions: listOf(words("sts:AssumeRole", "sts:*")("s3:Get", "STS:AssumeRole", "*")),
      principals,
      conditions,
    },
    { requiredKeys: ["effect", "principals"] },
  );
  return fc.record({ services: listOf(service), statements: listOf(statements) }, { requiredKeys: [] });
}

function instances(): fc.Arbitrary<unknown> {
  const ids = listOf(words("i-0123456789abcdef0", "i-01234567")("i-1", "I-01234567", ""));
  const selector = fc.record(
    { matchTags: mapOf({ good: ["team", "Team"], bad: ["", "a".repeat(129)] }, words("", "a")("a".repeat(257))) },
    { requiredKeys: ["matchTags"] },
  );
  return fc.record(
    {
      ids,
      selector,
      region: words("eu-west-1", "us-gov-east-1")("eu", "Ireland", ""),
      onConflict: words("Keep", "Replace")(""),
    },
    { requiredKeys: ["region"] },
  );
}
