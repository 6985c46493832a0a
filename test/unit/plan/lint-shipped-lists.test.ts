import { describe, expect, test } from "vitest";
import { lintActions } from "../../../src/plan/lint/lint-shipped-lists.ts";
import { anInstanceProfile, type SpecOverrides } from "../../support/builders.ts";

async function found(spec: SpecOverrides, known: readonly string[] = []): Promise<readonly string[]> {
  const findings = await lintActions(anInstanceProfile({ spec }).spec, known);
  return findings.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

const specWith = (...actions: string[]) => ({
  statements: [{ effect: "Allow" as const, actions, resources: ["*"] }],
});
const ofActions = (...actions: string[]) => found(specWith(...actions));
const PATH = "spec.statements[0].actions";

describe("actions of AWS", () => {
  test("pass in any case, also by patterns", async () => {
    const names = [
      "s3:GetObject",
      "S3:getobject",
      "s3:GetObject*",
      "ec2:*",
      "iam:Pass?ole",
      "autoscaling:*Hook",
      "ec2:?*",
    ];
    expect(await ofActions(...names, "*", "s*:Get*", "ec2messages:GetMessages")).toEqual([]);
  });

  test("that AWS does not have are warnings, with the one that was meant where there is one", async () => {
    expect(await ofActions("s3:GetObjekt", "s3:GetObjects", "s3:ListObjects", "s3:GetObjekt*", "se:GetObject")).toEqual(
      [
        `warning ${PATH}[0]: s3:GetObjekt is not in the list of AWS's actions of this version (did you mean s3:GetObject?); check its name`,
        `warning ${PATH}[1]: s3:GetObjects is not in the list of AWS's actions of this version (did you mean s3:GetObject?); check its name`,
        `warning ${PATH}[2]: s3:ListObjects is not in the list of AWS's actions of this version; check its name`,
        `warning ${PATH}[3]: s3:GetObjekt* matches none of AWS's actions in the list of this version; check its name`,
        expect.stringContaining(`${PATH}[4]: se:GetObject: service se is not in the list`),
      ],
    );
  });

  test("are judged in each statement of each policy, also in documents and where they are denied", async () => {
    const bad = { effect: "Deny" as const, notActions: ["s3:GetObject", "ssm:GetParametr"], resources: ["*"] };
    const managed = { name: "own", fieldPath: "spec.managedPolicies[0].statements", statements: [bad] };
    const document = { Statement: { Effect: "Allow", NotAction: "sqs:SendMesage", Resource: "*" } };
    const statements = [{ effect: "Allow" as const, notActions: ["sqs:SendMesage"], resources: ["*"] }];
    const inline = { name: "as-is", fieldPath: "spec.inlinePolicies[0].document", statements, document };
    expect(await found({ inlinePolicies: [inline as never], managedPolicies: [managed as never] })).toEqual([
      expect.stringContaining(
        "spec.inlinePolicies[0].document.Statement[0].NotAction[0]: sqs:SendMesage is not in the list",
      ),
      expect.stringContaining("spec.managedPolicies[0].statements[0].notActions[1]: ssm:GetParametr is not in the"),
    ]);
  });

  test("of services that are no property of an object of JavaScript are unknown", async () => {
    expect(await ofActions("constructor:Get", "__proto__:Get*")).toHaveLength(2);
  });
});

describe("an action that the user names as newer than the list", () => {
  test.each([
    ["ec2:NewThing", "ec2:newthing"],
    ["ec2:NewThing", "ec2:NewTh*"],
    ["ec2:NewThing", "ec2:New?hing"],
    ["ec2:New*", "ec2:NewThing"],
    ["ec2:New*", "ec2:NewTh*"],
    ["newservice:Get*", "newservice:*"],
  ])("%s makes %s known", async (known, action) => {
    expect(await found(specWith(action), [known])).toEqual([]);
  });

  test.each([
    ["ec2:NewThing", "ec2:NewThings"],
    ["ec2:NewThing", "ec2:NewThings*"],
    ["s3:NewThing", "ec2:NewTh*"],
  ])("%s does not make %s known", async (known, action) => {
    expect(await found(specWith(action), [known])).toHaveLength(1);
  });
});

test("an object with more actions than are worth the time is judged in part", async () => {
  const actions = Array.from({ length: 5000 }, (_, index) => `kms:A${index}`);
  expect(await ofActions(...actions)).toHaveLength(1000);
});

test("an object with many unknown actions is compared with all known ones for the first of them only", async () => {
  const actions = Array.from("abcdefghijklmnopqrtuvwxyz", (letter) => `s3:GetObject${letter}`);
  const messages = await ofActions(...actions);
  expect(messages).toHaveLength(25);
  expect(messages.filter((message) => message.includes("did you mean s3:GetObject?"))).toHaveLength(20);
});
