import {
  CreatePolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import type { PolicyUse } from "../../../src/model/policy/policy-canonical.ts";
import { readPolicy, samePolicy } from "../../../src/model/policy/policy-document.ts";
import { type Bench, policy, refusal } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions } from "../assumption.ts";

/** Reads may differ from each other in the order of lists. */
const READS = 5;

/** What IAM returns for a trust policy, in several reads, decoded. */
async function returnedTrust(bench: Bench, document: object): Promise<readonly string[]> {
  const { RoleName } = await bench.role();
  await bench.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(document) }));
  const texts: string[] = [];
  for (let i = 0; i < READS; i++) {
    const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName }));
    texts.push(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ""));
  }
  return texts;
}

async function returnedInline(bench: Bench, document: object): Promise<string> {
  const { RoleName } = await bench.role();
  const PolicyDocument = JSON.stringify(document);
  await bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument }));
  const answer = await bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "access" }));
  return decodeURIComponent(answer.PolicyDocument ?? "");
}

/** Expects each text to mean what was sent, as the controller compares them; returns how IAM changed the form. */
function sameAsSent(sent: object, returned: readonly string[], use: PolicyUse): string {
  const text = JSON.stringify(sent);
  for (const one of returned) {
    expect(samePolicy(readPolicy(text, use), readPolicy(one, use)), `not the same as sent: ${one}`).toBe(true);
  }
  const forms = new Set(returned);
  if (forms.size > 1) return `${forms.size} forms in ${returned.length} reads, such as ${returned[0]}`;
  return returned[0] === text ? "as it was sent" : `returned as ${returned[0]}`;
}

const trust = (fields: object): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole", ...fields }],
});
const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

/** In which form IAM returns documents, and whether the code takes that form for what was sent. */
const documents: readonly Assumption[] = [
  {
    id: "form-of-trust-lists",
    assumption:
      "Lists of a trust policy may come back in another order, and lists of one as a plain value: the meaning stays.",
    matters: "src/model/policy/policy-canonical.ts",
    steps: "set a trust policy with three services and lists of one, read it five times",
    expected: "each form is the same policy to the controller",
    async run({ bench }) {
      const Service = ["ssm.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"];
      const document = trust({ Principal: { Service }, Action: ["sts:AssumeRole"] });
      return sameAsSent(document, await returnedTrust(bench, document), "trust");
    },
  },
  {
    id: "form-of-trust-conditions",
    assumption:
      "Operators, keys and values of a condition may come back in another order and as lists: the meaning stays.",
    matters: "src/model/policy/policy-canonical.ts",
    steps: "set a trust policy with two operators and several keys and values, read it five times",
    expected: "each form is the same policy to the controller",
    async run({ bench }) {
      const document = trust({
        Condition: {
          StringLike: { "aws:PrincipalTag/team": ["b*", "a*"] },
          StringEquals: { "aws:SourceVpc": "vpc-1", "aws:PrincipalOrgID": ["o-b", "o-a"] },
          Bool: { "aws:SecureTransport": true },
        },
      });
      return sameAsSent(document, await returnedTrust(bench, document), "trust");
    },
  },
  {
    id: "trust-without-version",
    assumption: "A trust policy without a Version comes back without one, or with 2008-10-17.",
    matters: "src/model/policy/policy-canonical.ts",
    steps: "set a trust policy without a Version, read it five times",
    expected: "each form is the same policy to the controller",
    async run({ bench }) {
      const { Version: _, ...document } = trust({}) as { Version: string };
      return sameAsSent(document, await returnedTrust(bench, document), "trust");
    },
  },
  {
    id: "everyone-as-principal",
    assumption: 'In a trust policy that allows, the principal `*` comes back as it is or as {"AWS": "*"}.',
    matters: "src/model/policy/policy-canonical.ts, src/model/access/compare/statement-sets.ts",
    steps: "set a trust policy for everyone with a condition that no one meets, read it five times",
    expected: "each form is the same policy to the controller",
    async run({ bench }) {
      // Nobody is in this organization, so that no one may assume the role.
      const Condition = { StringEquals: { "aws:PrincipalOrgID": "o-none000000" } };
      const document = trust({ Principal: "*", Condition });
      return sameAsSent(document, await returnedTrust(bench, document), "trust");
    },
  },
  {
    id: "trust-operator-in-another-case",
    assumption: "A condition operator in another case is taken, and comes back in any case.",
    matters: "src/model/policy/policy-canonical.ts, src/model/access/evaluate/condition-operators.ts",
    steps: "set a trust policy with the operator `stringequals`, read it five times",
    expected: "each form is the same policy to the controller",
    async run({ bench }) {
      const document = trust({ Condition: { stringequals: { "aws:sourcevpc": "vpc-1" } } });
      return sameAsSent(document, await returnedTrust(bench, document), "trust");
    },
  },
  {
    id: "inline-operator-in-another-case",
    assumption: "An inline policy may name a condition operator in another case.",
    matters: "src/model/access/evaluate/condition-operators.ts, src/plan/lint/lint.ts",
    steps: "put an inline policy with the operators `stringequals` and `NUMERICLESSTHAN`, get it",
    expected: "accepted, and the same policy to the controller",
    async run({ bench }) {
      const Condition = { stringequals: { "s3:prefix": "a" }, NUMERICLESSTHAN: { "s3:max-keys": 10 } };
      const document = { Version: "2012-10-17", Statement: [{ ...allow, Condition }] };
      return sameAsSent(document, [await returnedInline(bench, document)], "permissions");
    },
  },
  {
    id: "inline-statement-without-a-list",
    assumption: "An inline policy with one statement and no list is taken, and means the same as with a list.",
    matters: "src/model/policy/policy-canonical.ts, src/model/access/evaluate/document.ts",
    steps: "put an inline policy whose Statement is an object, get it",
    expected: "accepted, and the same policy to the controller",
    async run({ bench }) {
      const document = { Version: "2012-10-17", Statement: allow };
      return sameAsSent(document, [await returnedInline(bench, document)], "permissions");
    },
  },
  {
    id: "duplicate-key-in-a-document",
    assumption: "IAM refuses a document with a key twice, or keeps it as it was sent: the controller refuses it first.",
    matters: "src/model/policy/policy-json-scan.ts",
    steps: "put an inline policy whose statement has Action twice, get it",
    expected: "refused, or returned as it was sent; the report says which",
    async run({ bench }) {
      const { RoleName } = await bench.role();
      const PolicyDocument = policy(allow).replace('"Action"', '"Action":"s3:ListBucket","Action"');
      const put = bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument }));
      const isTaken = await put.then(
        () => true,
        () => false,
      );
      if (!isTaken) return `refused: ${(await refusal(put)).message}`;
      const answer = await bench.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "access" }));
      expect(decodeURIComponent(answer.PolicyDocument ?? "")).toBe(PolicyDocument);
      return "accepted, and returned as it was sent";
    },
  },
  {
    id: "form-of-a-managed-policy",
    assumption: "The document of a managed policy comes back with the meaning that it was sent with.",
    matters: "src/plan/role/diff-managed-policies.ts",
    steps: "create a managed policy with lists, conditions and mixed case, get its version",
    expected: "the same policy to the controller",
    async run({ bench }) {
      const statement = {
        Sid: "Read",
        ...allow,
        Action: ["s3:List*", "S3:getobject"],
        Condition: { Null: { "aws:a": true } },
      };
      const document = { Version: "2012-10-17", Statement: [statement, { ...allow, Effect: "Deny" }] };
      const PolicyDocument = JSON.stringify(document);
      const made = await bench.iam.send(new CreatePolicyCommand({ PolicyName: bench.policyName(), PolicyDocument }));
      const PolicyArn = bench.ownsPolicy(made.Policy?.Arn);
      const { PolicyVersion } = await bench.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
      return sameAsSent(document, [decodeURIComponent(PolicyVersion?.Document ?? "")], "permissions");
    },
  },
];

export const documentChecks = assumptions(documents);
