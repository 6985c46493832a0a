import {
  CreatePolicyCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "vitest";
import { type Bench, policy, wireErrorOf } from "../../contract/aws/harness.ts";
import { type Assumption, assumptions, inSeconds } from "../assumption.ts";
import type { CheckContext } from "../check.ts";
import { asRole, mayRead, type Session, until, whereRolesAreAssumed } from "../session.ts";

const put = (bench: Bench, RoleName: string, ...statements: readonly object[]) =>
  bench.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "access", PolicyDocument: policy(...statements) }));

const READ = { Effect: "Allow", Action: "iam:GetRole", Resource: "*" };

/** A spelling of a statement that means what the plain one means: the role is denied without it, and allowed with it. */
const spelling = (
  id: string,
  assumption: string,
  matters: string,
  statement: (session: Session, context: CheckContext) => object,
): Assumption => ({
  id: `access-${id}`,
  assumption,
  matters,
  steps: "assume a role without permissions, put the statement into its inline policy, have the role read itself",
  expected: "denied before, allowed after",
  run: (context) =>
    asRole(context, async (session) => {
      expect(await mayRead(session), "allowed without a policy").toBe(false);
      await put(context.bench, session.RoleName, statement(session, context));
      return `allowed after ${await until(context.bench, session, true)}`;
    }),
});

const access: readonly Assumption[] = [
  {
    id: "access-denied-error",
    assumption: "IAM denies with the code AccessDenied, the status 403 and the name of the action.",
    matters: "src/aws/errors/aws-error-codes.ts",
    steps: "assume a role without permissions, have it read itself",
    expected: "AccessDenied, 403",
    run: (context) =>
      asRole(context, async ({ iam, RoleName }) => {
        const error = await iam.send(new GetRoleCommand({ RoleName })).catch((reason: unknown) => reason);
        if (!(error instanceof Error)) expect.fail("the role may read itself without a policy");
        const { code, status, message } = wireErrorOf(error);
        expect({ code, status }).toEqual({ code: "AccessDenied", status: 403 });
        expect(message).toContain("iam:GetRole");
        return message.replaceAll(/\d{12}/g, "ACCOUNT");
      }),
  },
  {
    id: "access-grant-delay",
    assumption: "A new inline policy acts on credentials that were given before, after a moment.",
    matters: "src/engine/observe/recent-writes.ts, src/plan/role/order-role-changes.ts",
    steps: "assume a role, allow it to read itself, measure until it may; delete the policy, measure until it may not",
    expected: "both within the propagation window",
    readsAtOnce: true,
    run: (context) =>
      asRole(context, async (session) => {
        const { bench } = context;
        expect(await mayRead(session), "allowed without a policy").toBe(false);
        await put(bench, session.RoleName, READ);
        const allowed = await until(bench, session, true);
        await bench.iam.send(new DeleteRolePolicyCommand({ RoleName: session.RoleName, PolicyName: "access" }));
        return `allowed after ${allowed}, denied after ${await until(bench, session, false)}`;
      }),
  },
  {
    id: "access-deny-wins",
    assumption: "A Deny of an inline policy wins over every Allow.",
    matters: "src/model/access/evaluate/evaluate.ts",
    steps: "assume a role that may read itself, add a Deny",
    expected: "denied",
    run: (context) =>
      asRole(context, async (session) => {
        const { bench } = context;
        await put(bench, session.RoleName, READ);
        await until(bench, session, true);
        await put(bench, session.RoleName, READ, { ...READ, Effect: "Deny" });
        return `denied after ${await until(bench, session, false)}`;
      }),
  },
  {
    id: "access-within-the-boundary",
    assumption: "A permissions boundary denies what it does not allow.",
    matters: "src/model/access/evaluate/evaluate.ts, src/plan/role/order-role-changes.ts",
    steps: "assume a role that may read itself, set a boundary that allows something else",
    expected: "denied",
    run: (context) =>
      asRole(context, async (session) => {
        const { bench } = context;
        await put(bench, session.RoleName, READ);
        await until(bench, session, true);
        const made = await bench.iam.send(
          new CreatePolicyCommand({
            PolicyName: bench.policyName(),
            PolicyDocument: policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
          }),
        );
        const PermissionsBoundary = bench.ownsPolicy(made.Policy?.Arn);
        await bench.iam.send(
          new PutRolePermissionsBoundaryCommand({ RoleName: session.RoleName, PermissionsBoundary }),
        );
        return `denied after ${await until(bench, session, false)}`;
      }),
  },
  spelling(
    "action-in-another-case",
    "Actions are the same in any case.",
    "src/model/policy/policy-canonical.ts, src/model/access/compare/pattern-compiler.ts",
    () => ({ ...READ, Action: "IAM:gETrOLE" }),
  ),
  spelling(
    "incomplete-arn",
    "A resource ARN that ends after the service is completed with `*`.",
    "src/model/access/evaluate/arn.ts (completedFields)",
    (_session, { bench }) => ({ ...READ, Resource: `arn:${bench.partition}:iam` }),
  ),
  spelling(
    "operator-in-another-case",
    "Condition operators are the same in any case.",
    "src/model/policy/policy-canonical.ts, src/model/access/evaluate/condition-operators.ts",
    (_session, { accountId }) => ({ ...READ, Condition: { stringequals: { "aws:PrincipalAccount": accountId } } }),
  ),
  spelling(
    "condition-key-in-another-case",
    "Condition keys are the same in any case.",
    "src/model/policy/policy-canonical.ts, src/model/access/access-request.ts",
    (_session, { accountId }) => ({ ...READ, Condition: { StringEquals: { "AWS:PRINCIPALACCOUNT": accountId } } }),
  ),
  spelling(
    "if-exists-without-the-key",
    "An operator with IfExists holds when the request has no such key.",
    "src/model/access/evaluate/statement.ts",
    () => ({ ...READ, Condition: { StringEqualsIfExists: { "aws:SourceVpce": "vpce-none" } } }),
  ),
  spelling(
    "negated-operator-without-the-key",
    "A negated operator holds when the request has no such key.",
    "src/model/access/evaluate/statement.ts",
    () => ({ ...READ, Condition: { StringNotEquals: { "aws:SourceVpce": "vpce-none" } } }),
  ),
  spelling(
    "variable-in-a-resource",
    "A policy variable, such as aws:PrincipalAccount, in a resource is filled in, in a document of Version 2012-10-17.",
    "src/model/access/evaluate/text-pattern.ts",
    ({ arn, RoleName }, { bench }) => ({
      ...READ,
      Resource: `arn:${bench.partition}:iam::\${aws:PrincipalAccount}:role${arn.slice(arn.indexOf("/"), -RoleName.length)}*`,
    }),
  ),
  spelling(
    "question-mark-in-a-resource",
    "A `?` in a resource matches one character.",
    "src/model/access/words, src/model/access/evaluate/text-pattern.ts",
    ({ arn }) => ({ ...READ, Resource: `${arn.slice(0, -1)}?` }),
  ),
  {
    id: "access-last-use",
    assumption: "IAM shows the use of a role, at once or after hours: a recent use is a hint and blocks nothing.",
    matters: "src/plan/instances/guard-instances.ts (recentUse)",
    steps: "assume a role, have it send a request, get the role for up to half a minute",
    expected: "a date or none; the report says which",
    run: (context) =>
      asRole(context, async (session) => {
        const { bench } = context;
        await mayRead(session);
        const startMs = performance.now();
        for (;;) {
          const { Role } = await bench.iam.send(new GetRoleCommand({ RoleName: session.RoleName }));
          const tookMs = performance.now() - startMs;
          if (Role?.RoleLastUsed?.LastUsedDate !== undefined) return `shown after ${inSeconds(tookMs)}`;
          if (tookMs > 30_000 || bench.isImmediate) return `not shown within ${inSeconds(tookMs)}`;
          await bench.pause(5_000);
        }
      }),
  },
];

export const accessChecks = assumptions(access.map(whereRolesAreAssumed));
