import { firstVersion, type ManagedPolicy } from "../account/entities.ts";
import { uniqueId } from "../account/identifiers.ts";
import { hash32, seededRandom } from "../random.ts";
import listed from "./aws-managed-policies.json" with { type: "json" };

const createdAtMs = Date.UTC(2015, 1, 6, 18, 40, 58);

/**
 * What well-known policies of AWS allow, by path and name. The document is coarser than AWS's own, and a policy that is not listed does not
 * exist here. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
const actionsByPath: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(listed));

/** The policy of AWS with this ARN, the same at every call; undefined when AWS has none. */
export function awsManagedPolicy(arn: string, partition: string): ManagedPolicy | undefined {
  const prefix = `arn:${partition}:iam::aws:policy`;
  const actions = arn.startsWith(prefix) ? actionsByPath.get(arn.slice(prefix.length)) : undefined;
  return actions === undefined ? undefined : build(arn, arn.slice(prefix.length), actions);
}

/** Every policy of AWS. */
export function awsManagedPolicies(partition: string): ManagedPolicy[] {
  return [...actionsByPath].map(([path, actions]) => build(`arn:${partition}:iam::aws:policy${path}`, path, actions));
}

function build(arn: string, pathAndName: string, actions: readonly string[]): ManagedPolicy {
  const nameAt = pathAndName.lastIndexOf("/") + 1;
  const statement = { Effect: "Allow", Action: actions, Resource: "*" };
  const document = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return {
    name: pathAndName.slice(nameAt),
    path: pathAndName.slice(0, nameAt),
    arn,
    id: uniqueId("ANPA", seededRandom(hash32(arn))),
    createdAtMs,
    description: undefined,
    tags: [],
    ...firstVersion(document, createdAtMs),
  };
}
