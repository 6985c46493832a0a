import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IAM_SNAPSHOT_READS } from "../../../src/aws/account-pages.ts";
import { IAM_ACCOUNT_READS } from "../../../src/aws/account-reader.ts";
import { AWS_ACTIONS } from "../../../src/aws/aws-actions.ts";
import { EC2_READS } from "../../../src/aws/ec2-reader.ts";
import { IAM_INVENTORY_READS } from "../../../src/aws/iam-inventory.ts";
import { IAM_READS } from "../../../src/aws/iam-reader.ts";
import { ASSOCIATED_BY_TAG } from "../../../src/model/instance-marker.ts";
import { DEPLOY_FOLDER } from "./deployed-files.ts";

interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const IAM = IAM_READS.map((operation) => `iam:${operation}`);
const EC2 = EC2_READS.map((operation) => `ec2:${operation}`);
const READS = [...IAM, ...EC2];
const ACCOUNT_READS = IAM_ACCOUNT_READS.map((operation) => `iam:${operation}`);

function textOf(file: string): string {
  return readFileSync(join(DEPLOY_FOLDER, "aws", file), "utf8");
}

function statements(file: string): readonly Statement[] {
  return (JSON.parse(textOf(file)) as { readonly Statement: readonly Statement[] }).Statement;
}

function actionsOf(some: readonly Statement[]): readonly string[] {
  return some.flatMap(({ Action }) => Action).toSorted();
}

function withEffect(effect: Statement["Effect"]): readonly Statement[] {
  return statements("controller-policy.json").filter(({ Effect }) => Effect === effect);
}

function isAboutEc2(statement: Statement): boolean {
  return actionsOf([statement]).every((action) => action.startsWith("ec2:"));
}

/** The one statement that allows the action. */
function allowing(action: string): Statement {
  const [statement, ...others] = withEffect("Allow").filter((candidate) => actionsOf([candidate]).includes(action));
  if (statement === undefined || others.length > 0) throw new Error(`${action} is allowed by not one statement`);
  return statement;
}

test("the controller is allowed every action that the code calls and no other, but for taking boundaries off", () => {
  const withheld = "iam:DeleteRolePermissionsBoundary";
  expect(AWS_ACTIONS).toContain(withheld);
  expect(actionsOf(withEffect("Allow"))).toEqual(AWS_ACTIONS.filter((action) => action !== withheld));
  expect(withEffect("Deny")).toContainEqual(expect.objectContaining({ Action: withheld, Resource: "*" }));
});

test("plan and export are allowed exactly the reads of the code", () => {
  const some = statements("plan-policy.json");
  const ofTheAccount = new Set([...IAM_INVENTORY_READS, ...IAM_SNAPSHOT_READS]);
  const reads = [...READS, ...[...ofTheAccount].map((operation) => `iam:${operation}`)];
  expect(actionsOf(some)).toEqual(reads.toSorted());
  expect(some.map(({ Effect }) => Effect)).toEqual(["Allow", "Allow", "Allow"]);
});

test("reading the account as a whole is a statement of its own, which can be left out", () => {
  const some = withEffect("Allow").filter(({ Sid }) => Sid === "ReadTheAccountAtOnce");
  expect(actionsOf(some)).toEqual(ACCOUNT_READS.toSorted());
  expect(some[0]?.Resource).toBe("*");
});

test("the controller writes under its path alone", () => {
  const writes = withEffect("Allow").filter(
    (statement) => ![...READS, ...ACCOUNT_READS].includes(actionsOf([statement])[0] ?? "") && !isAboutEc2(statement),
  );
  expect(writes.length).toBeGreaterThan(0);
  for (const { Resource } of writes) {
    expect(Resource).toMatch(/^arn:aws:iam::ACCOUNT_ID:(role|instance-profile)\/PATH\/\*$/);
  }
});

test.each(["CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"])(
  "%s is allowed within the boundary alone",
  (operation) => {
    expect(allowing(`iam:${operation}`).Condition).toEqual({
      StringEquals: { "iam:PermissionsBoundary": "arn:aws:iam::ACCOUNT_ID:policy/BOUNDARY" },
    });
  },
);

const OWN_PROFILES = "arn:aws:iam::ACCOUNT_ID:instance-profile/PATH/*";

test.each(["AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"])(
  "%s gives its own profiles alone, to instances of one tag alone",
  (operation) => {
    expect(allowing(`ec2:${operation}`).Condition).toEqual({
      ArnLike: { "ec2:NewInstanceProfile": OWN_PROFILES },
      StringEquals: { "aws:ResourceTag/INSTANCE_TAG": "INSTANCE_VALUE" },
    });
  },
);

test("DisassociateIamInstanceProfile takes off its own profiles alone", () => {
  expect(allowing("ec2:DisassociateIamInstanceProfile").Condition).toEqual({
    ArnLike: { "ec2:InstanceProfile": OWN_PROFILES },
  });
});

test.each(["CreateTags", "DeleteTags"])(
  "%s writes the controller's own tag on instances and nothing else",
  (operation) => {
    const { Condition } = allowing(`ec2:${operation}`);
    // ForAllValues holds for a request without tags too, hence Null.
    expect(Condition).toEqual({
      "ForAllValues:StringEquals": { "aws:TagKeys": ASSOCIATED_BY_TAG },
      Null: { "aws:TagKeys": "false" },
    });
  },
);

test("what the controller writes in EC2 it writes to instances of its account", () => {
  const writes = withEffect("Allow").filter((one) => isAboutEc2(one) && !EC2.includes(actionsOf([one])[0] ?? ""));
  expect(writes.map(({ Resource }) => Resource)).toEqual(Array(3).fill("arn:aws:ec2:*:ACCOUNT_ID:instance/*"));
});

test("roles are passed to EC2 alone", () => {
  const { Action, Condition } = allowing("iam:PassRole");
  expect(Action).toBe("iam:PassRole");
  expect(Condition).toEqual({ StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } });
});

test.each(["controller-policy.json", "plan-policy.json"])(
  "%s has no placeholders but those the README names, and fits a managed policy once they are replaced",
  (file) => {
    const readme = readFileSync(join(DEPLOY_FOLDER, "README.md"), "utf8");
    const replacements = [...readme.matchAll(/-e 's\|([^|]+)\|([^|]+)\|g'/g)];
    const replaced = replacements.reduce((text, [, from = "", to = ""]) => text.replaceAll(from, to), textOf(file));
    expect(replacements.map(([, from]) => from)).toEqual([
      "ACCOUNT_ID",
      "PATH/",
      "BOUNDARY",
      "INSTANCE_TAG",
      "INSTANCE_VALUE",
    ]);
    expect(replaced).not.toMatch(/\b[A-Z]{2,}(_[A-Z]+)*\b/);
    expect(replaced).toContain("arn:aws:iam::111122223333:role/");
    // IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    expect(replaced.replaceAll(/\s/g, "").length).toBeLessThan(6_144);
  },
);
