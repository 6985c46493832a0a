import { didYouMean } from "../../text/did-you-mean.ts";
import listed from "./aws-managed-policies.json" with { type: "json" };

/** A managed policy of AWS in the list that this version ships, or why it is not in it. AWS adds some each week. */
export type AwsPolicyVerdict =
  /** Not a policy of AWS. */
  | { readonly kind: "other" }
  | { readonly kind: "listed" }
  /** It cannot exist, or cannot be attached. */
  | { readonly kind: "wrong"; readonly message: string }
  | { readonly kind: "unlisted"; readonly message: string };

/** The path of policies that AWS attaches to service-linked roles alone. */
const SERVICE_LINKED = "/aws-service-role/";

/** The path of each policy by its name: names are unique across paths. */
const pathOf: ReadonlyMap<string, string> = new Map(
  Object.entries(listed.names).flatMap(([path, names]) => names.map((name) => [name, path] as const)),
);

/** What the shipped list says of the ARN of a managed policy, without a request. */
export function judgeAwsPolicy(arn: string): AwsPolicyVerdict {
  const [, prefix, path = "/", name = ""] = /^(arn:aws[a-z-]*:iam::aws:policy)(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? [];
  if (prefix === undefined) return { kind: "other" };
  const known = pathOf.get(name);
  if (known === SERVICE_LINKED) {
    const message = `${arn} is for service-linked roles of AWS, and IAM refuses to attach it to another role; remove it`;
    return { kind: "wrong", message };
  }
  if (known === path) return { kind: "listed" };
  if (known !== undefined) {
    return { kind: "wrong", message: `${arn} does not exist; write ${prefix}${known}${name}` };
  }
  const message = `${arn} is not in the list of AWS's managed policies of this version${didYouMean(name, pathOf.keys())}; check its name`;
  return { kind: "unlisted", message };
}
