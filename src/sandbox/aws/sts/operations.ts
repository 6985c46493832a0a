import type { Role } from "../account/entities.ts";
import { nameInArn, uniqueId } from "../account/identifiers.ts";
import { AwsFault, validationError } from "../fault.ts";
import type { Call, Operations } from "../handler.ts";
import { constraintMessage, integer } from "../iam/constraints.ts";
import { isObject, type Statement, statementsOf, stringList } from "../policy/document.ts";
import { awsPrincipals, displayPrincipals } from "../policy/principals.ts";
import { timestamp, type XmlTree } from "../protocol/answer.ts";

/** Who am I, and become someone else. */
export const stsOperations: Operations = {
  GetCallerIdentity: {
    kind: "read",
    handle: ({ account, caller }) => ({ Arn: caller.arn, UserId: caller.userId, Account: account.settings.accountId }),
  },
  AssumeRole: { kind: "read", handle: assumeRole },
};

function assumeRole(call: Call): XmlTree {
  const { account, params } = call;
  const roleArn = params.get("RoleArn") ?? "";
  const sessionName = params.get("RoleSessionName") ?? "";
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw validationError(
      constraintMessage("roleSessionName", "Member must satisfy regular expression pattern: [\\w+=,.@-]*", sessionName),
    );
  }
  const role = account.roles.visible(nameInArn(roleArn));
  if (role === undefined || account.roleArn(role) !== roleArn || !trusts(call, role)) {
    throw new AwsFault(
      "AccessDenied",
      403,
      `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  }
  const seconds = integer(params, "DurationSeconds", { min: 900, max: 43_200, fallback: 3_600 });
  if (seconds > role.maxSessionSeconds) {
    throw validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  const { random, partition, accountId } = account.settings;
  const accessKeyId = uniqueId("ASIA", random).slice(0, 20);
  account.sessions.set(accessKeyId, { roleId: role.id, roleName: role.name, sessionName });
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: random.text("abcdefghijklmnopqrstuvwxyz0123456789", 40),
      SessionToken: random.text("abcdefghijklmnopqrstuvwxyz0123456789", 120),
      Expiration: timestamp(account.now() + seconds * 1_000),
    },
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: `arn:${partition}:sts::${accountId}:assumed-role/${role.name}/${sessionName}`,
    },
  };
}

/**
 * Whether a statement of the role's trust policy lets the caller in, and none keeps the caller out: by naming the caller,
 * the account or everyone, under no other condition than an external id.
 */
function trusts(call: Call, role: Role): boolean {
  const matching = (statementsOf(displayPrincipals(call.account, role.trustPolicy)) ?? []).filter(
    (statement) => allowsAssuming(statement) && namesCaller(call, statement) && meetsCondition(call, statement),
  );
  return matching.length > 0 && matching.every((statement) => statement["Effect"] === "Allow");
}

function allowsAssuming(statement: Statement): boolean {
  const actions = stringList(statement["Action"]) ?? [];
  return actions.some((action) => /^sts:(assumerole|assume\*|\*)$/i.test(action));
}

function namesCaller({ account, caller }: Call, statement: Statement): boolean {
  const { partition, accountId } = account.settings;
  const names = ["*", caller.arn, `arn:${partition}:iam::${accountId}:root`, roleArnOfSession(caller.arn)];
  return awsPrincipals(statement).some((principal) => names.includes(principal));
}

/** `arn:aws:sts::1:assumed-role/name/session` acts for the role, whose path it does not tell. */
function roleArnOfSession(arn: string): string {
  const match = /^(arn:[\w-]+:)sts(::\d+:)assumed-role\/([^/]+)\//.exec(arn);
  return match === null ? arn : `${match[1]}iam${match[2]}role/${match[3]}`;
}

function meetsCondition({ params }: Call, statement: Statement): boolean {
  const condition = statement["Condition"];
  if (!isObject(condition)) {
    return true;
  }
  const externalId = params.get("ExternalId");
  return Object.entries(condition).every(
    ([operator, keys]) =>
      /^StringEquals$/i.test(operator) &&
      isObject(keys) &&
      Object.entries(keys).every(
        ([key, expected]) =>
          /^sts:ExternalId$/i.test(key) &&
          externalId !== undefined &&
          (stringList(expected) ?? []).includes(externalId),
      ),
  );
}
