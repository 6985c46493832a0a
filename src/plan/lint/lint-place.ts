import type { InstanceProfile, InstanceProfileSpec } from "../../api/instance-profile.ts";
import { policiesOf, statementFieldPath, trustDocument } from "../../model/policy/policy-spec.ts";
import { trustsEc2 } from "../role/trust.ts";
import type { Finding } from "./finding.ts";

/** Finds ARNs and services of another partition than the account's, as far as that is known, and a trust policy without EC2. */
export function lintPlace({ spec, place }: Pick<InstanceProfile, "spec" | "place">): readonly Finding[] {
  const partition = place?.partition;
  return [
    ...(partition === undefined ? [] : wrongPartitions(spec, partition)),
    ...(trustsEc2(trustDocument(spec.trust)) ? [] : [NO_EC2]),
  ];
}

const NO_EC2: Finding = {
  rule: "no-ec2-trust",
  severity: "warning",
  path: "spec.trust",
  message:
    "the role does not trust EC2, so instances with the instance profile get no credentials; add EC2 to services",
};

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
