import { describe, expect, test } from "vitest";
import { requestContext } from "../../../../src/model/access/access-request.ts";
import { evaluatePolicies } from "../../../../src/model/access/evaluate/evaluate.ts";

const ACCOUNT = "111122223333";
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/team/app`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/app/i-1`;
const USER = `arn:aws:iam::${ACCOUNT}:user/eve`;

type Principals = string | Readonly<Record<string, string | readonly string[]>>;

const statement = (Effect: string, element: object) => ({ Effect, Action: "sts:AssumeRole", ...element });

function decision(principal: string | readonly string[], ...statements: readonly object[]) {
  const request = { action: "sts:AssumeRole", resource: ROLE, context: requestContext({}), principal };
  return evaluatePolicies([{ Version: "2012-10-17", Statement: statements }], request, { use: "trust" });
}

/** How an Allow lets the principal in, if it does. */
const letIn = (Principal: Principals, principal: string | readonly string[]) =>
  decision(principal, statement("Allow", { Principal })).decidedBy[0]?.by;

describe("an Allow", () => {
  test.each<[string, Principals, string, "name" | "account" | undefined]>([
    ["of a service is for that service", { Service: "ec2.amazonaws.com" }, "Service:ec2.amazonaws.com", "name"],
    ["of a service is for no other", { Service: ["ec2.amazonaws.com"] }, "Service:lambda.amazonaws.com", undefined],
    ["of a service is not for an ARN", { Service: "ec2.amazonaws.com" }, "AWS:ec2.amazonaws.com", undefined],
    ["of a role is for the role", { AWS: ROLE }, `AWS:${ROLE}`, "name"],
    ["of a role is for its sessions", { AWS: ROLE }, `AWS:${SESSION}`, "name"],
    ["of a role is not for a session of another", { AWS: `${ROLE}-2` }, `AWS:${SESSION}`, undefined],
    ["of a role is not for another account's", { AWS: ROLE.replace("1111", "9999") }, `AWS:${SESSION}`, undefined],
    ["of a role is not for another partition's", { AWS: ROLE.replace("aws", "aws-cn") }, `AWS:${SESSION}`, undefined],
    ["of a session is for the session alone", { AWS: SESSION }, `AWS:${SESSION}`, "name"],
    ["of a session is not for the role", { AWS: SESSION }, `AWS:${ROLE}`, undefined],
    ["of a user is for the user", { AWS: [USER] }, `AWS:${USER}`, "name"],
    ["of a unique id is for that id", { AWS: "AROAEXAMPLE" }, "AWS:AROAEXAMPLE", "name"],
    ["has no wildcards in an ARN", { AWS: `arn:aws:iam::${ACCOUNT}:role/*` }, `AWS:${ROLE}`, undefined],
    ["of an account's root is for its principals, by the account", { AWS: ROOT }, `AWS:${SESSION}`, "account"],
    ["of an account's root is for the root itself", { AWS: ROOT }, `AWS:${ROOT}`, "name"],
    ["of an account's id is the same", { AWS: ACCOUNT }, `AWS:${USER}`, "account"],
    ["of an account is not for another account", { AWS: ACCOUNT }, `AWS:${USER.replace("1111", "9999")}`, undefined],
    ["of an account is not for a service", { AWS: ACCOUNT }, "Service:ec2.amazonaws.com", undefined],
    ["of everyone is for every principal of an account", { AWS: "*" }, `AWS:${USER}`, "name"],
    ["of everyone is for services and providers too", { AWS: ["*"] }, "Service:ec2.amazonaws.com", "name"],
    ["of * is the same as of everyone", "*", `AWS:${USER}`, "name"],
    ["of * is for services and providers too", "*", "Federated:accounts.google.com", "name"],
    ["of every service is not for providers", { Service: "*" }, "Federated:accounts.google.com", undefined],
    [
      "of a provider is for that provider",
      { Federated: "accounts.google.com" },
      "Federated:accounts.google.com",
      "name",
    ],
    ["of a canonical user is for that user", { CanonicalUser: "79a5" }, "CanonicalUser:79a5", "name"],
    ["of a canonical user is not for another", { CanonicalUser: "79a5" }, "CanonicalUser:79a6", undefined],
  ])("%s", (_, element, principal, expected) => {
    expect(letIn(element, principal)).toBe(expected);
  });

  test("is for a principal by any of its names, and by name before by account", () => {
    expect(letIn({ AWS: [ROOT, ROLE] }, [`AWS:${SESSION}`, `AWS:${ROLE}`])).toBe("name");
  });

  test("without a Principal is for nobody", () => {
    expect(decision(`AWS:${ROLE}`, statement("Allow", {})).verdict).toBe("silent");
  });

  test("with NotPrincipal is reported, because IAM does not support it", () => {
    expect(decision(`AWS:${ROLE}`, statement("Allow", { NotPrincipal: { AWS: USER } }))).toMatchObject({
      verdict: "silent",
      unknown: [{ reason: "IAM does not support NotPrincipal with Allow" }],
    });
  });
});

describe("a Deny", () => {
  const everyone = [statement("Allow", { Principal: { AWS: "*", Service: "ec2.amazonaws.com" } })];
  const denied = (element: object, principal: string): boolean =>
    decision(principal, ...everyone, statement("Deny", element)).verdict === "deny";

  test.each<[string, object, string, boolean]>([
    ["of an account is for all its principals", { Principal: { AWS: ROOT } }, `AWS:${SESSION}`, true],
    ["of an account is not for another", { Principal: { AWS: "999999999999" } }, `AWS:${SESSION}`, false],
    ["of a role is for its sessions", { Principal: { AWS: ROLE } }, `AWS:${SESSION}`, true],
    ["of * is for services too", { Principal: "*" }, "Service:ec2.amazonaws.com", true],
    ["of every AWS principal is not for services", { Principal: { AWS: "*" } }, "Service:ec2.amazonaws.com", false],
    ["exempts who is listed with the account", { NotPrincipal: { AWS: [ROLE, ROOT] } }, `AWS:${SESSION}`, false],
    ["does not exempt who is listed without the account", { NotPrincipal: { AWS: ROLE } }, `AWS:${SESSION}`, true],
    ["does not exempt others of a listed account", { NotPrincipal: { AWS: [ROLE, ROOT] } }, `AWS:${USER}`, true],
    [
      "exempts a service that is listed",
      { NotPrincipal: { Service: "ec2.amazonaws.com" } },
      "Service:ec2.amazonaws.com",
      false,
    ],
    ["does not exempt anyone by an empty list", { NotPrincipal: {} }, `AWS:${USER}`, true],
  ])("%s", (_, element, principal, expected) => {
    expect(denied(element, principal)).toBe(expected);
  });
});

test("permissions policies are those of their principal, whoever that is", () => {
  const request = { action: "s3:GetObject", resource: "*", context: requestContext({}), principal: `AWS:${USER}` };
  const document = { Statement: { Effect: "Allow", Action: "s3:*", Resource: "*" } };
  expect(evaluatePolicies([document], request).verdict).toBe("allow");
});
