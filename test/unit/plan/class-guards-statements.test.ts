import { describe, expect, test } from "vitest";
import { allow, CAREFUL, type ClassSpec, GuardedSpecs, NAMED, REASONS, type Spec } from "./guarded-specs.ts";

const specs = new GuardedSpecs();
const ALLOWED = "it allows s3:*, ec2:Describe*, iam:Get*, sts:*";
const DENIED = "denies: sts:AssumeRole, iam:GetAccountAuthorizationDetails, s3:PutBucketPolicy";

test("a compliant statement is no violation", () => {
  expect(
    specs.violationsOf({ ...NAMED, ...allow(["s3:Get*", "s3:PutObject", "ec2:DescribeInstances"]) }, CAREFUL),
  ).toEqual([]);
});

describe("an action that the class does not allow", () => {
  test.each([
    [
      "iam:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*",
      `ActionNotAllowed: spec.statements[0].actions[1]: * allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: *:* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "i*:Pass*",
      `ActionNotAllowed: spec.statements[0].actions[1]: i*:Pass* allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "*am:PassRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: *am:PassRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "?am:PassRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: ?am:PassRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:P?ssRole",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:P?ssRole allows iam:PassRole, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "IAM:PASSROLE",
      `ActionNotAllowed: spec.statements[0].actions[1]: IAM:PASSROLE is an action that class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:Put*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:Put* allows iam:PutRolePolicy, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:*Policy*",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:*Policy* allows iam:AttachRolePolicy, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:SetDefaultPolicyVersion",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:SetDefaultPolicyVersion is an action that class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "iam:DeleteRolePermissionsBoundar?",
      `ActionNotAllowed: spec.statements[0].actions[1]: iam:DeleteRolePermissionsBoundar? allows iam:DeleteRolePermissionsBoundary, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "lambda:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: lambda:* allows lambda:CreateFunction, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "ec2:*",
      `ActionNotAllowed: spec.statements[0].actions[1]: ec2:* allows ec2:RunInstances, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "ec2:?escribe*",
      `ActionNotAllowed: spec.statements[0].actions[1]: ec2:?escribe* allows ec2:xescribe, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "s3*:GetObject",
      `ActionNotAllowed: spec.statements[0].actions[1]: s3*:GetObject allows s3x:getobject, which class readers does not allow; ${ALLOWED}.`,
    ],
    [
      "s3:*",
      `ActionDenied: spec.statements[0].actions[1]: s3:* allows s3:PutBucketPolicy, which class readers ${DENIED}.`,
    ],
    [
      "sts:A*",
      `ActionDenied: spec.statements[0].actions[1]: sts:A* allows sts:AssumeRole, which class readers ${DENIED}.`,
    ],
    [
      "STS:assumerole",
      `ActionDenied: spec.statements[0].actions[1]: STS:assumerole is an action that class readers ${DENIED}.`,
    ],
    [
      "iam:Get*",
      `ActionDenied: spec.statements[0].actions[1]: iam:Get* allows iam:getaccountauthorizationdetails, which class readers ${DENIED}.`,
    ],
  ])("%s is a violation", (action, violation) => {
    expect(specs.violationsOf({ ...NAMED, ...allow(["s3:GetObject", action]) }, CAREFUL)).toEqual([
      `${violation} Narrow the statement.`,
    ]);
  });

  test.each([
    // Cyrillic letters and a full-width colon, which the schema does not admit either.
    ["s3:GetObj\u0435ct", '"s3:GetObj\\u0435ct"'],
    ["\u0455\u0033:GetObject", '"\\u04553:GetObject"'],
    ["s3\uFF1AGetObject:x", '"s3\\uff1aGetObject:x"'],
  ])("a look-alike of an allowed action is a violation: %j", (action, shown) => {
    const [violation] = specs.violationsOf(
      { ...NAMED, ...allow([action]) },
      { ...CAREFUL, allowedActions: ["s3:GetObject"] },
    );
    expect(violation).toBe(
      `ActionNotAllowed: spec.statements[0].actions[0]: ${shown} is an action that class readers does not allow; it allows s3:GetObject. Narrow the statement.`,
    );
  });

  test("in notActions is a violation, and where the class allows notActions, what they leave is checked", () => {
    const spec: Spec = { ...NAMED, statements: [{ effect: "Allow", notActions: ["s3:Delete*"], resources: ["*"] }] };
    expect(specs.violationsOf(spec, CAREFUL)).toEqual([
      "NotActionsNotAllowed: spec.statements[0].notActions: class readers does not allow notActions in an Allow statement. Use actions.",
    ]);
    expect(specs.violationsOf(spec, { ...CAREFUL, allowNotActions: true })).toEqual([
      `ActionNotAllowed: spec.statements[0].notActions: everything except these includes iam:PassRole, which class readers does not allow; ${ALLOWED}. Narrow the statement.`,
    ]);
    const iam: Spec = {
      ...NAMED,
      statements: [{ effect: "Allow", notActions: ["iam:*", "i*", "STS:*"], resources: ["*"] }],
    };
    const almostAll: ClassSpec = {
      ...CAREFUL,
      allowedActions: ["*"],
      deniedActions: ["iam:*", "sts:*"],
      allowNotActions: true,
    };
    expect(specs.violationsOf(iam, almostAll)).toEqual([]);
    expect(specs.violationsOf(spec, almostAll)).toEqual([
      "ActionDenied: spec.statements[0].notActions: everything except these includes iam:PassRole, which class readers denies: iam:*, sts:*. Narrow the statement.",
    ]);
  });

  test("is found in each statement", () => {
    const spec: Spec = {
      ...NAMED,
      statements: [
        { effect: "Allow", actions: ["s3:Get*"], resources: ["*"] },
        { effect: "Deny", actions: ["*"], resources: ["*"] },
        { effect: "Allow", actions: ["iam:PassRole"], resources: ["*"] },
      ],
    };
    expect(specs.violationsOf(spec, CAREFUL)[0]).toMatch(
      /^ActionNotAllowed: spec\.statements\[2\]\.actions\[0\]: iam:PassRole is an action that/,
    );
  });

  test("is found among 300 plain actions by 200 plain ones that the class denies, and none where they differ", () => {
    const plain = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    const of = { ...CAREFUL, allowedActions: ["*"], deniedActions: plain("ec2:Deny", 200) };
    const asked = (...actions: readonly string[]) => specs.violationsOf({ ...NAMED, ...allow(actions) }, of);
    expect(asked(...plain("ec2:Describe", 300))).toEqual([]);
    expect(asked(...plain("ec2:Describe", 299), "EC2:deny199")).toEqual([
      expect.stringMatching(/^ActionDenied: spec\.statements\[0\]\.actions\[299\]: EC2:deny199 is an action/),
    ]);
  });

  test("is assumed where the check takes too long", () => {
    // Together they allow everything of S3, which only a walk through all texts of fifty characters shows.
    const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789_-"];
    const hard = [
      ...letters.map((letter) => `s3:*${letter}${"?".repeat(50)}`),
      ...Array.from({ length: 51 }, (_, i) => `s3:${"?".repeat(i + 1)}`),
    ];
    expect(specs.violationsOf(allow(["s3:*"]), { allowedActions: hard })).toEqual([
      "PolicyTooComplex: spec.statements[0].actions: whether class readers allows it cannot be decided in bounded time. Use fewer " +
        "wildcards in one pattern, or fewer statements.",
    ]);
  });
});

describe("a resource that the class does not allow", () => {
  const of: ClassSpec = { allowedResources: ["arn:aws:s3:::{namespace}-*"] };
  const may = "it allows arn:aws:s3:::team-a-*. Narrow the statement.";
  test.each([
    ["*", `* is a resource that class readers does not allow; ${may}`],
    ["arn:aws:s3:::*", `arn:aws:s3:::* allows arn:aws:s3:::, which class readers does not allow; ${may}`],
    [
      "arn:aws:s3:::team-a*",
      `arn:aws:s3:::team-a* allows arn:aws:s3:::team-a, which class readers does not allow; ${may}`,
    ],
    ["arn:aws:s3:::team-b-x", `arn:aws:s3:::team-b-x is a resource that class readers does not allow; ${may}`],
    ["arn:aws:s3:::Team-a-x", `arn:aws:s3:::Team-a-x is a resource that class readers does not allow; ${may}`],
    [
      "arn:*:s3:::team-a-x",
      `arn:*:s3:::team-a-x allows arn::s3:::team-a-x, which class readers does not allow; ${may}`,
    ],
    [
      "arn:aws:s3:::?eam-a-x",
      `arn:aws:s3:::?eam-a-x allows arn:aws:s3:::xeam-a-x, which class readers does not allow; ${may}`,
    ],
    [
      "arn:aws:s3:::$" + "{aws:PrincipalTag/bucket}",
      [
        "arn:aws:s3:::$",
        "{aws:PrincipalTag/bucket} allows arn:aws:s3:::, which class readers does not allow; ",
        may,
      ].join(""),
    ],
  ])("%s is a violation", (resource, violation) => {
    expect(specs.violationsOf(allow(["s3:GetObject"], [resource]), of)).toEqual([
      `ResourceNotAllowed: spec.statements[0].resources[0]: ${violation}`,
    ]);
  });

  test("is not one that the allowed patterns contain, also with a policy variable at its end", () => {
    expect(
      specs.violationsOf(
        allow(["s3:GetObject"], ["arn:aws:s3:::team-a-*/*", "arn:aws:s3:::team-a-$" + "{aws:userid}"]),
        of,
      ),
    ).toEqual([]);
  });

  test("is assumed for a policy variable whose default has a brace, because where it ends for AWS is not documented", () => {
    const spec = allow(["s3:GetObject"], ["arn:aws:s3:::$" + "{aws:PrincipalTag/bucket, '}-team-a-'}"]);
    expect(specs.violationsOf(spec, { allowedResources: ["arn:aws:s3:::*-{namespace}-*"] })).toEqual([
      'ResourceNotAllowed: spec.statements[0].resources[0]: "arn:aws:s3:::$' +
        "{aws:PrincipalTag/bucket, '}-team-a-'}\" allows arn:aws:s3:::, which class readers does not allow; it allows " +
        "arn:aws:s3:::*-team-a-*. Narrow the statement.",
    ]);
  });

  test("in notResources is a violation, and where the class allows notResources, what they leave is checked", () => {
    const spec: Spec = {
      statements: [{ effect: "Allow", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::x"] }],
    };
    expect(specs.violationsOf(spec, of)).toEqual([
      "NotResourcesNotAllowed: spec.statements[0].notResources: class readers does not allow notResources in an Allow statement. Use resources.",
    ]);
    expect(specs.violationsOf(spec, { ...of, allowNotResources: true })).toEqual([
      `ResourceNotAllowed: spec.statements[0].notResources: everything except these includes *, which class readers does not allow; ${may}`,
    ]);
    expect(specs.violationsOf(spec, { allowNotResources: true })).toEqual([]);
  });
});

test("a Deny statement is no violation, whatever it denies", () => {
  const denyAll: Spec = {
    statements: [{ effect: "Deny", notActions: ["s3:*"], notResources: ["arn:aws:s3:::x"] }],
  };
  expect(specs.violationsOf(denyAll)).toEqual([]);
});

test("the tests above have each reason of a statement", () => {
  expect(specs.reasons).toEqual(REASONS.statements);
});

describe("the admission policy", () => {
  test("finds these violations too, but for a check that takes too long", () => {
    expect(specs.reasonsAtAdmission).toEqual(REASONS.statements.filter((reason) => reason !== "PolicyTooComplex"));
  });

  test("leaves to the controller only what it cannot compute", () => {
    const incomputable = [
      /^PolicyTooComplex/,
      // What is left of everything without notActions or notResources.
      /^\w+: spec\.statements\[0\]\.not(?:Actions|Resources): everything except these/,
      // The values of a policy variable.
      /^ResourceNotAllowed: .*\$\{/,
    ];
    for (const pattern of incomputable) expect(specs.admitted).toContainEqual(expect.stringMatching(pattern));
    expect(specs.admitted.filter((message) => !incomputable.some((pattern) => pattern.test(message)))).toEqual([]);
  });
});
