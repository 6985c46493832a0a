import { describe, expect, test } from "vitest";
import type { Statement } from "../../../src/api/instance-profile.ts";
import { guardMaximumAccess } from "../../../src/plan/class/class-guards-maximum.ts";
import { aClass, aPolicy } from "../../support/builders.ts";

const allow = (actions: readonly string[], resources: readonly string[] = ["*"], more: object = {}): Statement => ({
  effect: "Allow",
  actions,
  resources,
  ...more,
});
const deny = (actions: readonly string[], resources: readonly string[] = ["*"], more: object = {}): Statement => ({
  effect: "Deny",
  actions,
  resources,
  ...more,
});
const fromOffice = { conditions: { IpAddress: { "aws:SourceIp": ["10.0.0.0/8"] } } };

function messagesOf(maximum: readonly Statement[], ...statements: readonly Statement[]): readonly string[] {
  const bounds = {
    class: aClass({ allowedActions: ["*"], maximumAccess: { statements: maximum } }),
    namespace: "team-a",
    clusterId: "cluster-1",
    olderPeers: 0,
  };
  return guardMaximumAccess(statements.length === 0 ? [] : [aPolicy(statements)], bounds).map(
    ({ reason, message }) => `${reason}: ${message}`,
  );
}

describe("statements within the maximum access of their class are compliant", () => {
  const maximum = [allow(["*"], ["*"], fromOffice), allow(["s3:*"], ["arn:aws:s3:::{namespace}-*"]), deny(["iam:*"])];

  test.each<[string, readonly Statement[]]>([
    ["within one statement of the class", [allow(["s3:Get*"], ["arn:aws:s3:::team-a-data/*"])]],
    ["within a statement with a condition", [allow(["ec2:*"], ["*"], fromOffice), deny(["iam:*"])]],
    [
      "with what the class denies denied by the object itself",
      [allow(["*"], ["*"], { conditions: { IpAddress: { "aws:SourceIp": ["10.1.0.0/16"] } } }), deny(["iam:*"])],
    ],
    ["with a Deny alone", [deny(["*"])]],
    ["without statements", []],
  ])("%s", (_, statements) => {
    expect(messagesOf(maximum, ...statements)).toEqual([]);
  });

  test("and a class without maximum access refuses nothing by it", () => {
    const bounds = { class: aClass(), namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 };
    expect(guardMaximumAccess([aPolicy([allow(["*"])])], bounds)).toEqual([]);
  });
});

describe("a statement beyond the maximum access is a violation, with an example", () => {
  test("of an action that the class denies", () => {
    expect(messagesOf([allow(["*"]), deny(["iam:*"])], allow(["s3:*"]), allow(["iam:Get*"]))).toEqual([
      "AccessNotAllowed: spec.statements[1]: allows iam:GetRole on *, which maximumAccess of class readers does not allow: its statement 2 denies it. Narrow the statement.",
    ]);
  });

  test("of what a Deny with a condition denies, which the example meets and the message names", () => {
    const maximum = [allow(["s3:*"]), deny(["s3:*"], ["*"], { ...fromOffice, sid: "NotTheOffice" })];
    const office = allow(["s3:GetObject"], ["*"], fromOffice);
    expect(messagesOf(maximum, office)).toEqual([
      expect.stringMatching(
        /with aws:sourceip = "10\..*", which maximumAccess of class readers does not allow: its statement 2 "NotTheOffice" denies it\. Narrow/,
      ),
    ]);
  });

  test("of a resource of another namespace", () => {
    const maximum = [allow(["s3:*"], ["arn:aws:s3:::{namespace}-*"])];
    expect(messagesOf(maximum, allow(["s3:PutObject"], ["arn:aws:s3:::team-b-data/*"]))).toEqual([
      "AccessNotAllowed: spec.statements[0]: allows s3:PutObject on arn:aws:s3:::team-b-data/example, which maximumAccess of class readers does not allow: no statement of it allows this. Narrow the statement.",
    ]);
  });

  test("of a request from elsewhere", () => {
    const anywhere = allow(["s3:GetObject"], ["*"], { conditions: { IpAddress: { "aws:SourceIp": ["8.8.8.8/32"] } } });
    expect(messagesOf([allow(["s3:*"], ["*"], fromOffice)], anywhere)).toEqual([
      'AccessNotAllowed: spec.statements[0]: allows s3:GetObject on * with aws:sourceip = "8.8.8.8", which maximumAccess of class readers does not allow: no statement of it allows this. Narrow the statement.',
    ]);
  });

  test("of which AWS alone knows whether the class allows it", () => {
    const unknown = {
      conditions: { StringLike: { "aws:PrincipalTag/team": ["a"] }, FutureEquals: { "aws:x": ["1"] } },
    };
    expect(messagesOf([allow(["s3:*"], ["*"], unknown)], allow(["s3:Get*"]))).toEqual([
      expect.stringMatching(/^(?:AccessNotAllowed|PolicyTooComplex): spec\.statements\[0\]: /),
    ]);
  });
});

test("where the comparison does not end, no statement counts as compared, so that a strip leaves none behind", () => {
  const pattern = (i: number): string => `arn:aws:s3:::*${"abcdefghijklmnop"[i % 16]}${"?".repeat(10 + (i % 12))}*${i}`;
  const patterns = Array.from({ length: 40 }, (_, i) => pattern(i));
  const said = messagesOf(
    [allow(["s3:*"], ["arn:aws:s3:::{namespace}-*"])],
    deny(["s3:Get*"], patterns.slice(0, 20)),
    allow(["s3:*"], patterns.slice(20)),
    allow(["iam:*"]),
  );
  expect(said).toEqual([
    expect.stringMatching(/^\w+: spec\.statements\[1\]: /),
    expect.stringMatching(/^\w+: spec\.statements\[2\]: /),
  ]);
  expect(said.join()).toContain("too complex to compare");
});

test.each(["StringNotEquals", "StringEquals", "ForAllValues:StringLike"])(
  "a %s without values is not decided, because AWS does not say what it means",
  (operator) => {
    const conditions = { [operator]: { "aws:PrincipalTag/team": [] } };
    const maximum = [allow(["s3:*"], ["arn:aws:s3:::{namespace}-*"])];
    const outside = { effect: "Deny", actions: ["*"], notResources: ["arn:aws:s3:::team-a-*"], conditions } as const;
    expect(messagesOf(maximum, allow(["s3:*"]), outside)).not.toEqual([]);
    expect(messagesOf(maximum, allow(["s3:*"], ["*"], { conditions }))).not.toEqual([]);
  },
);
