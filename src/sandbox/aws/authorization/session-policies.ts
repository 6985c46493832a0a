import type { AccessRequest } from "../../../model/access/access-request.ts";
import { isObject, type JsonObject } from "../../../model/access/evaluate/document.ts";
import { evaluatePolicies } from "../../../model/access/evaluate/evaluate.ts";
import type { Account } from "../account/account.ts";
import { documentOf, type Role } from "../account/entities.ts";
import { roleOf, type Session } from "../account/session.ts";
import { awsManagedPolicy } from "../policy/aws-managed-policies.ts";

/**
 * Why the policies of a session's role do not let a request through, as AWS words it after the resource; undefined when
 * they do. The policies are those of this moment, as readers see them: an edit acts on sessions that are there already.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function refusalOf(session: Session, request: AccessRequest): string | undefined {
  const { identity, boundary } = policiesOf(session);
  const fromIdentity = evaluatePolicies(identity, request).verdict;
  const fromBoundary = boundary === undefined ? "allow" : evaluatePolicies(boundary, request).verdict;
  if (fromIdentity === "deny") return "with an explicit deny in an identity-based policy";
  if (fromBoundary === "deny") return "with an explicit deny in a permissions boundary";
  if (fromIdentity === "silent") return notAllowed(request.action);
  if (fromBoundary === "silent") return `because no permissions boundary allows the ${request.action} action`;
  return undefined;
}

/** Why AWS denies what no policy allows. */
export const notAllowed = (action: string): string => `because no identity-based policy allows the ${action} action`;

/** A role that is gone allows nothing; a boundary that is gone allows nothing either. */
function policiesOf(session: Session): {
  readonly identity: readonly JsonObject[];
  readonly boundary: readonly JsonObject[] | undefined;
} {
  const { account } = session;
  const role = roleOf(session);
  if (role === undefined) return { identity: [], boundary: undefined };
  return {
    identity: identityPolicies(account, role),
    boundary: role.boundaryArn === undefined ? undefined : managed(account, role.boundaryArn),
  };
}

/** The inline and the attached policies of a role. */
export function identityPolicies(account: Account, role: Role): readonly JsonObject[] {
  const inline = role.inlinePolicies.flatMap(({ document }) => parsed(document));
  return [...inline, ...role.attachedPolicyArns.flatMap((arn) => managed(account, arn))];
}

function managed(account: Account, arn: string): readonly JsonObject[] {
  const policy = account.policies.visible(arn) ?? awsManagedPolicy(arn, account.settings.partition);
  return policy === undefined ? [] : parsed(documentOf(policy));
}

function parsed(document: string): readonly JsonObject[] {
  const value: unknown = JSON.parse(document);
  return isObject(value) ? [value] : [];
}
