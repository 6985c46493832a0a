const ROLE = /^AWS:arn:([\w-]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;
const ACCOUNT = /^AWS:(\d{12})$/;

/**
 * The principals that a statement of a trust policy names, as patterns with `*`.
 *
 * A role stands for its sessions too. In a Deny, an account stands for all of its principals. In an Allow, it is the account itself, which
 * decides who of them may assume the role: an account and a role of the account are different principals.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function principalPatterns(names: readonly string[], effect: "Allow" | "Deny"): readonly string[] {
  return names.flatMap((name) => [name, ...coveredBy(name, effect)]);
}

function coveredBy(name: string, effect: "Allow" | "Deny"): readonly string[] {
  const role = ROLE.exec(name);
  if (role !== null) return [`AWS:arn:${role[1]}:sts::${role[2]}:assumed-role/${role[3]}/*`];
  const account = effect === "Deny" ? ACCOUNT.exec(name)?.[1] : undefined;
  return account === undefined ? [] : [`AWS:arn:*:iam::${account}:*`, `AWS:arn:*:sts::${account}:*`];
}
