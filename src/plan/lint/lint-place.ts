import type { InstanceProfile, InstanceProfileSpec } from "../../api/instance-profile.ts";
import { isEc2 } from "../../model/place.ts";
import { policiesOf, statementFieldPath } from "../../model/policy/policy-spec.ts";
import type { Finding } from "./finding.ts";

/** Finds ARNs and services of another partition than the account's, as far as that is known, and a trust policy without EC2. */
export function lintPlace({ spec, place }: Pick<InstanceProfile, "spec" | "place">): readonly Finding[] {
  const partition = place?.partition;
  return [...(partition === undefined ? [] : wrongPartitions(spec, partition)), ...(trustsEc2(spec) ? [] : [NO_EC2])];
}

const NO_EC2: Finding = {
  rule: "no-ec2-trust",
  severity: "warning",
  path: "spec.trust",
  message:
    "EC2 may not assume the role, so no instance gets credentials from the instance profile; add EC2 to services",
};

function trustsEc2({ trust: { services, statements } }: InstanceProfileSpec): boolean {
  if (services.some(isEc2)) return true;
  return statements.some(
    ({ effect, principals }) =>
      effect === "Allow" && (principals.services?.some(isEc2) === true || principals.aws?.includes("*") === true),
  );
}

/** A text of the spec, and the path of its field. */
type Place = readonly [path: string, text: string];

function wrongPartitions(spec: InstanceProfileSpec, partition: string): readonly Finding[] {
  return [...arnsOf(spec), ...servicesOf(spec)].flatMap(([path, text]): readonly Finding[] => {
    const problem = problemOf(text, partition);
    return problem === undefined ? [] : [{ rule: "wrong-partition", severity: "error", path, message: problem }];
  });
}

function problemOf(text: string, partition: string): string | undefined {
  const [, found] = /^arn:([^:*?${]+)(?::|$)/.exec(text) ?? [];
  if (found !== undefined && found !== partition) {
    return `the ARN is of partition ${found}, and the account is in ${partition}; begin it with arn:${partition}: or arn:{partition}:`;
  }
  const isChinese = /^[a-z0-9.-]+\.amazonaws\.com\.cn$/.test(text);
  return isChinese && partition !== "aws-cn"
    ? `${text} is a service of the partition aws-cn, and the account is in ${partition}`
    : undefined;
}

function arnsOf(spec: InstanceProfileSpec): readonly Place[] {
  const { managedPolicyArns, permissionsBoundaryArn, trust } = spec;
  return [
    ...policiesOf(spec).flatMap((policy) =>
      policy.statements.flatMap((statement, index) =>
        (["resources", "notResources"] as const).flatMap((field) =>
          placesOf(statement[field] ?? [], statementFieldPath(policy, index, field)),
        ),
      ),
    ),
    ...placesOf(managedPolicyArns, "spec.managedPolicyArns"),
    ...(permissionsBoundaryArn === undefined ? [] : [["spec.permissionsBoundaryArn", permissionsBoundaryArn] as const]),
    ...trust.statements.flatMap(({ principals: { aws = [], federated = [] } }, index) => {
      const path = `spec.trust.statements[${index}].principals`;
      return [...placesOf(aws, `${path}.aws`), ...placesOf(federated, `${path}.federated`)];
    }),
  ];
}

function servicesOf({ trust }: InstanceProfileSpec): readonly Place[] {
  return [
    ...placesOf(trust.services, "spec.trust.services"),
    ...trust.statements.flatMap(({ principals: { services = [] } }, index) =>
      placesOf(services, `spec.trust.statements[${index}].principals.services`),
    ),
  ];
}

function placesOf(texts: readonly string[], path: string): readonly Place[] {
  return texts.map((text, index) => [`${path}[${index}]`, text]);
}
