import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { ec2Trust, isDenied, policy } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions } from "../assumption.ts";
import type { CheckContext } from "../check.ts";
import { asRole, mayRead, type Session, until, whereRolesAreAssumed } from "../session.ts";

/** How long a statement has to take effect before it counts as one that allows nothing. */
const EFFECT_MS = 20_000;
const POLL_MS = 2_000;

/** What IAM makes of a statement for the role that reads itself: refused, allowed or denied. */
async function readingOf({ bench }: CheckContext, session: Session, statement: object): Promise<string> {
  const { RoleName } = session;
  const request = { RoleName, PolicyName: "access", PolicyDocument: policy(statement) };
  const refused = await bench.iam.send(new PutRolePolicyCommand(request)).then(
    () => undefined,
    (error: unknown) => {
      if (isDenied(error)) throw error;
      return error instanceof Error ? error.message : String(error);
    },
  );
  if (refused !== undefined) return `refused: ${refused}`;
  const endMs = performance.now() + (bench.isImmediate ? 0 : EFFECT_MS);
  for (;;) {
    if (await mayRead(session)) return "accepted, and allowed";
    if (performance.now() >= endMs) return "accepted, and denied";
    await bench.pause(POLL_MS);
  }
}

const READ = { Effect: "Allow", Action: "iam:GetRole", Resource: "*" };

/** A statement whose meaning AWS leaves open: the code must be right in every case, and the report says which case it is. */
const open = (
  id: string,
  assumption: string,
  matters: string,
  statement: (session: Session, context: CheckContext) => object,
): Assumption => ({
  id: `undocumented-${id}`,
  assumption,
  matters,
  steps: "assume a role without permissions, put the statement into its inline policy, have the role read itself",
  expected: "refused, allowed or denied; the report says which",
  run: (context) =>
    asRole(context, async (session) => {
      const { code, reading } = await readingOf(context, session, statement(session, context)).then((text) => ({
        code: text.split(":")[0],
        reading: text,
      }));
      expect(["refused", "accepted, and allowed", "accepted, and denied"]).toContain(code);
      return reading;
    }),
});

const undocumented: readonly Assumption[] = [
  open(
    "wildcard-beyond-a-colon",
    "AWS leaves open whether a wildcard before the last field of an ARN matches a colon: an answer holds for every reading.",
    "src/model/access/evaluate/arn.ts (ColonReading), src/plan/access/decide-request.ts",
    ({ arn }, { bench }) => ({
      ...READ,
      Resource: `arn:${bench.partition}:iam::*${arn.slice(arn.indexOf(":role/") + 1)}`,
    }),
  ),
  open(
    "condition-without-values",
    "AWS leaves open what a test of a condition key without values means: the code does not decide it.",
    "src/model/access/compare/condition-matcher.ts",
    () => ({ ...READ, Condition: { StringEquals: { "aws:PrincipalAccount": [] } } }),
  ),
  open(
    "for-any-value-if-exists",
    "AWS leaves open what ForAnyValue with IfExists means: the code does not decide it.",
    "src/model/access/compare/condition-matcher.ts",
    () => ({ ...READ, Condition: { "ForAnyValue:StringEqualsIfExists": { "aws:TagKeys": "team" } } }),
  ),
  open(
    "condition-key-twice-in-two-cases",
    "AWS leaves open whether both of two tests hold whose keys differ in case alone, or one of them.",
    "src/model/access/compare/access-statement.ts, src/model/policy/policy-canonical.ts",
    (_session, { accountId }) => ({
      ...READ,
      Condition: { StringEquals: { "aws:PrincipalAccount": accountId, "AWS:PRINCIPALACCOUNT": "000000000000" } },
    }),
  ),
  open(
    "value-of-another-type",
    "AWS leaves open how a value compares that is not of the operator's type.",
    "src/model/access/compare/key-solver.ts, src/model/access/compare/key-types.ts",
    () => ({ ...READ, Condition: { NumericNotEquals: { "aws:userid": "1" } } }),
  ),
  open(
    "variable-without-an-end",
    "AWS leaves open what a `$` and an opening brace without an end mean in a resource.",
    "src/model/policy/resource-pattern.ts",
    ({ arn }) => ({ ...READ, Resource: `${arn.slice(0, -3)}\${aws*` }),
  ),
];

/** What the shipped policies of the controller rely on in IAM. */
const shipped: readonly Assumption[] = [
  {
    id: "tags-of-a-creation-are-tags-of-the-resource",
    assumption: "A condition on the tags of the resource holds for a creation when the request has these tags.",
    matters: "deploy/aws/controller-policy.json, deploy/aws/conformance-policy.json",
    steps: "assume a role that may create and tag roles with a tag, have it create one with the tag and one without",
    expected: "the first is created, the second is denied",
    run: (context) =>
      asRole(context, async (session) => {
        const { bench, accountId } = context;
        const { Key, Value } = bench.marks?.tag ?? { Key: "", Value: "" };
        const Resource = `arn:${bench.partition}:iam::${accountId}:role${bench.path}*`;
        const request = (Tags: readonly { Key: string; Value: string }[], RoleName: string) =>
          new CreateRoleCommand({ RoleName, Path: bench.path, AssumeRolePolicyDocument: ec2Trust, Tags: [...Tags] });
        const statements = [
          READ,
          {
            Effect: "Allow",
            Action: "iam:CreateRole",
            Resource,
            Condition: { StringEquals: { "aws:RequestTag/team": "one" } },
          },
          {
            Effect: "Allow",
            Action: "iam:TagRole",
            Resource,
            Condition: { StringEquals: { "aws:ResourceTag/team": "one" } },
          },
        ];
        const PolicyDocument = policy(...statements);
        await bench.iam.send(new PutRolePolicyCommand({ ...session, PolicyName: "access", PolicyDocument }));
        await until(bench, session, true);
        const marked = { Key, Value };
        const tagged = request([{ Key: "team", Value: "one" }, marked], bench.roleName());
        await bench.until("creation with the tag", () => session.iam.send(tagged));
        const error: unknown = await session.iam.send(request([marked], bench.roleName())).catch((reason) => reason);
        expect(isDenied(error), String(error)).toBe(true);
        return "created with the tag, denied without it";
      }),
  },
];

export const undocumentedChecks = assumptions([...undocumented, ...shipped].map(whereRolesAreAssumed));
