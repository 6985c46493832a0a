const ROLE = /^AWS:arn:([\w-]+):iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/;
const ACCOUNT = /^AWS:(\d{12})$/;
const EVERYONE = ["AWS:*", "Service:*", "Federated:*", "CanonicalUser:*"];

/**
 * The principals that a statement of a trust policy names, as patterns with `*`. A role stands for its sessions too, and an account for all
 * of its principals, as in IAM Access Analyzer. Whether a principal also needs a permission of its own account is not part of the question.
 * In an Allow, IAM stores `{"AWS": "*"}` for everyone.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function principalPatterns(names: readonly string[], effect: "Allow" | "Deny"): readonly string[] {
  return names.flatMap((name) => {
    const isEveryone = name === "*" || (name === "AWS:*" && effect === "Allow");
    return isEveryone ? EVERYONE : [name, ...coveredBy(name)];
  });
}

function coveredBy(name: string): readonly string[] {
  const role = ROLE.exec(name);
  if (role !== null) return [`AWS:arn:${role[1]}:sts::${role[2]}:assumed-role/${role[3]}/*`];
  const account = ACCOUNT.exec(name)?.[1];
  return account === undefined ? [] : [`AWS:arn:*:iam::${account}:*`, `AWS:arn:*:sts::${account}:*`];
}
