import { isObject, type JsonObject, type Statement, statementsOf } from "../../../model/access/evaluate/document.ts";
import type { Account } from "../account/account.ts";
import type { TrustPolicy } from "../account/entities.ts";
import { DEVELOPER_ID, nameInArn, rootArn } from "../account/identifiers.ts";
import { malformedPolicy } from "../fault.ts";
import { isServicePrincipal } from "./service-principals.ts";

/**
 * A trust policy as IAM keeps it: roles of this account, and its user, become their unique ids, so that a later namesake does
 * not inherit the trust; a bare account id becomes the account's root ARN.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 * @throws AwsFault MalformedPolicyDocument "Invalid principal in policy" for one that is not there
 */
export function resolvePrincipals(account: Account, document: JsonObject): TrustPolicy {
  return mapPrincipals(document, (kind, value) => resolve(account, kind, value));
}

/** The same policy as readers are shown it: ids of principals that are still there are ARNs again, others stay ids. */
export function displayPrincipals(account: Account, document: TrustPolicy): TrustPolicy {
  return mapPrincipals(document, (kind, value) => (kind === "AWS" ? display(account, value) : value));
}

/** A copy of a policy with every principal replaced; one that was alone stays alone, a list stays a list. */
function mapPrincipals(document: JsonObject, replace: (kind: string, value: string) => string): TrustPolicy {
  return mapPrincipalLists(document, (kind, values) =>
    Array.isArray(values) ? values.map((value) => replace(kind, String(value))) : replace(kind, String(values)),
  );
}

/** A copy of a policy with every `Principal.<kind>` replaced. */
export function mapPrincipalLists(
  document: JsonObject,
  replace: (kind: string, values: unknown) => unknown,
): TrustPolicy {
  const mapped = (statementsOf(document) ?? []).map((statement): Statement => {
    const principal = statement["Principal"];
    if (!isObject(principal)) {
      return statement;
    }
    const replaced = Object.entries(principal).map(([kind, values]) => [kind, replace(kind, values)]);
    return { ...statement, Principal: Object.fromEntries(replaced) };
  });
  return { ...document, Statement: Array.isArray(document["Statement"]) ? mapped : mapped[0] };
}

function resolve(account: Account, kind: string, value: string): string {
  switch (kind) {
    case "AWS":
      return resolveAws(account, value);
    case "Service":
      if (!isServicePrincipal(value, account.settings.partition)) {
        throw malformedPolicy(`Invalid principal in policy: "SERVICE":"${value}"`);
      }
      return value;
    case "Federated":
      if (!/^arn:[\w-]+:iam::\d{12}:(oidc|saml)-provider\/.+|^[\w-]+(\.[\w-]+)+$/.test(value)) {
        throw malformedPolicy(`Invalid principal in policy: "FEDERATED":"${value}"`);
      }
      return value;
    default:
      throw malformedPolicy(`Invalid principal in policy: "${kind}"`);
  }
}

function resolveAws(account: Account, value: string): string {
  const { partition, accountId } = account.settings;
  if (value === "*") {
    return value;
  }
  if (/^\d{12}$/.test(value)) {
    return rootArn(account.settings, value);
  }
  const invalid = (): never => {
    throw malformedPolicy(`Invalid principal in policy: "AWS":"${value}"`);
  };
  if (/^A(ROA|IDA)[A-Z2-7]{17}$/.test(value)) {
    return arnOfId(account, value) === undefined ? invalid() : value;
  }
  const arn = /^arn:([\w-]+):(iam|sts)::(\d{12}):(root|(role|user|assumed-role|federated-user)\/(.+))$/.exec(value);
  if (arn === null || arn[1] !== partition || /[*?]/.test(value)) {
    return invalid();
  }
  const isOwnEntity = arn[3] === accountId && (arn[5] === "role" || arn[5] === "user");
  return isOwnEntity ? (idOfArn(account, value) ?? invalid()) : value;
}

function idOfArn(account: Account, arn: string): string | undefined {
  if (arn === account.developerArn) {
    return DEVELOPER_ID;
  }
  const role = account.roles.writable(nameInArn(arn));
  return role !== undefined && account.roleArn(role) === arn ? role.id : undefined;
}

function arnOfId(account: Account, id: string): string | undefined {
  if (id === DEVELOPER_ID) {
    return account.developerArn;
  }
  const role = account.roles.allLatest().find((candidate) => candidate.id === id);
  return role && account.roleArn(role);
}

function display(account: Account, value: string): string {
  return /^A(ROA|IDA)/.test(value) ? (arnOfId(account, value) ?? value) : value;
}
