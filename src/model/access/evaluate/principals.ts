import { isObject, type Statement, stringList } from "./document.ts";

/** How a statement covers a principal: by its own name, or by its account, which decides which of its principals may act. */
export type Coverage = "name" | "account";

/** Whether a statement is about a principal, given by all its names, such as `AWS:arn:aws:iam::111122223333:role/app`. */
export type PrincipalTest = (principals: readonly string[]) => Coverage | undefined;

/**
 * Compiles the Principal element of a trust policy. `*` is every principal of every kind; in an Allow, so is `{"AWS": "*"}`, which IAM
 * stores for it. In a Deny, that is every principal of AWS accounts. A statement without the element is about no principal.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function compilePrincipal(statement: Statement): PrincipalTest {
  const element = statement["Principal"];
  const accounts = isObject(element) ? element["AWS"] : undefined;
  const isEveryone =
    element === "*" || (statement["Effect"] === "Allow" && stringList(accounts)?.includes("*") === true);
  if (isEveryone) return () => "name";
  return isObject(element) ? compileNames(element) : () => undefined;
}

/**
 * Compiles the NotPrincipal element of a Deny. A principal of an account is exempt only when the account is listed beside it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
export function compileNotPrincipal(statement: Statement): PrincipalTest {
  const element = statement["NotPrincipal"];
  const isListed = isObject(element) ? compileNames(element) : () => undefined;
  const isExempt = (principal: string): boolean =>
    isListed([principal]) === "name" && isListed([rootOf(principal) ?? principal]) === "name";
  return (principals) => (principals.some(isExempt) ? undefined : "name");
}

function compileNames(element: Statement): PrincipalTest {
  const tests = Object.entries(element).flatMap(([type, names]) =>
    (stringList(names) ?? []).map((name) => (type === "AWS" ? awsTest(name) : otherTest(type, name))),
  );
  return (principals) => {
    const coverages = tests.flatMap((test) => principals.map(test));
    return coverages.includes("name") ? "name" : coverages.find((coverage) => coverage !== undefined);
  };
}

type NameTest = (principal: string) => Coverage | undefined;

function otherTest(type: string, name: string): NameTest {
  const covered = `${type}:${name}`;
  const isAny = name === "*";
  return (principal) => (principal === covered || (isAny && principal.startsWith(`${type}:`)) ? "name" : undefined);
}

const AWS = "AWS:";

/** A name under `AWS`: `*`, an account by id or root ARN, an ARN, or a unique id. A role covers its sessions. */
function awsTest(name: string): NameTest {
  if (name === "*") return (principal) => (principal.startsWith(AWS) ? "name" : undefined);
  const arn = principalArn(name);
  if (/^\d{12}$/.test(name) || arn?.kind === "root") return accountTest(arn?.account ?? name, arn?.partition);
  const isSession = arn?.kind === "role" ? sessionTest(arn) : () => false;
  return (principal) => (principal === AWS + name || isSession(ownArn(principal)) ? "name" : undefined);
}

/** The account itself by its root, and all its principals. */
function accountTest(account: string, partition: string | undefined): NameTest {
  return (principal) => {
    const own = ownArn(principal);
    if (own?.account !== account || (partition ?? own.partition) !== own.partition) return undefined;
    return own.kind === "root" ? "name" : "account";
  };
}

/** `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`: the name of the role is unique in its account and comes without its path. */
function sessionTest({ partition, account, path }: PrincipalArn): (own: PrincipalArn | undefined) => boolean {
  const roleName = path.slice(path.lastIndexOf("/") + 1);
  return (own) =>
    own?.kind === "assumed-role" &&
    own.account === account &&
    own.partition === partition &&
    own.path.slice(0, own.path.indexOf("/")) === roleName;
}

/** What the ARN of a principal says: `arn:PARTITION:iam::ACCOUNT:KIND/PATH`. */
interface PrincipalArn {
  readonly partition: string;
  readonly account: string;
  readonly kind: string;
  readonly path: string;
}

function principalArn(name: string): PrincipalArn | undefined {
  const match = /^arn:([^:]*):(?:iam|sts)::(\d{12}):([^/]+)(?:\/(.*))?$/s.exec(name);
  if (match === null) return undefined;
  const [, partition = "", account = "", kind = "", path = ""] = match;
  return { partition, account, kind, path };
}

function ownArn(principal: string): PrincipalArn | undefined {
  return principal.startsWith(AWS) ? principalArn(principal.slice(AWS.length)) : undefined;
}

/** The root of a principal's account; undefined for a principal without an account. */
function rootOf(principal: string): string | undefined {
  const own = ownArn(principal);
  return own && `${AWS}arn:${own.partition}:iam::${own.account}:root`;
}
