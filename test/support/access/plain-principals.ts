/** A Principal or NotPrincipal element: texts such as `AWS:111122223333`, and `*` for everyone. */
export interface PrincipalElement {
  readonly names: readonly string[];
  readonly isNegated: boolean;
}

export function principalElement(statement: Readonly<Record<string, unknown>>): PrincipalElement | undefined {
  const negated = statement["NotPrincipal"];
  const value = negated ?? statement["Principal"];
  if (value === undefined) return undefined;
  if (value === "*") return { names: ["*"], isNegated: false };
  const names = Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([type, some]) =>
    (Array.isArray(some) ? some : [some]).map((name) => `${type}:${String(name)}`),
  );
  // IAM stores `{"AWS": "*"}` for `*` in an Allow.
  const isEveryone = statement["Effect"] === "Allow" && names.includes("AWS:*");
  return { names: isEveryone ? ["*"] : names, isNegated: negated !== undefined };
}

/** Whether a statement is about a principal. NotPrincipal exempts one that is listed beside its account. */
export function principalMatches({ names, isNegated }: PrincipalElement, principal: string): boolean {
  if (!isNegated) return names.some((name) => isNamed(name, principal) || isOfAccount(name, principal));
  const account = accountOf(principal);
  const listed = (wanted: string): boolean => names.some((name) => isNamed(name, wanted));
  return !(listed(principal) && (account === undefined || listed(`AWS:arn:aws:iam::${account}:root`)));
}

const accountOf = (principal: string): string | undefined => /^AWS:arn:aws:(?:iam|sts)::(\d{12}):/.exec(principal)?.[1];

/** The account that a name stands for as a whole. */
const wholeAccount = (name: string): string | undefined =>
  /^AWS:(?:(\d{12})|arn:aws:iam::(\d{12}):root)$/
    .exec(name)
    ?.slice(1)
    .find((id) => id !== undefined);

function isNamed(name: string, principal: string): boolean {
  if (name === "*" || name === principal) return true;
  // Every principal of a type.
  if (name.endsWith(":*")) return principal.startsWith(name.slice(0, -1));
  const account = wholeAccount(name);
  return account !== undefined && principal === `AWS:arn:aws:iam::${account}:root`;
}

function isOfAccount(name: string, principal: string): boolean {
  const account = wholeAccount(name);
  return account !== undefined && accountOf(principal) === account;
}
