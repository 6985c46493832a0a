/** Policies that the declarations of all tools share. */

export const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
export const ECR = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";

/** What an EKS node needs. */
export const NODE: readonly string[] = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"]
  .map((name) => `arn:aws:iam::aws:policy/${name}`)
  .concat(ECR);

const EC2 = { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" };

/** The trust policy of most roles. */
export const EC2_TRUST: string = trust(EC2);

/** Trust policies that say more. */
export const KINDS_OF_TRUST: Readonly<Record<"services" | "account", string>> = {
  services: trust({ ...EC2, Principal: { Service: ["ec2.amazonaws.com", "ssm.amazonaws.com"] } }),
  account: trust(EC2, {
    Sid: "People",
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::123456789012:root" },
    Action: "sts:AssumeRole",
    Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
  }),
};

function trust(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** A policy of one statement, in the short form of IAM's JSON. */
export function statement(action: string, others: Readonly<Record<string, unknown>> = {}): string {
  const all = { Effect: "Allow", Action: action, Resource: "arn:aws:s3:::app-logs/*", ...others };
  return JSON.stringify({ Version: "2012-10-17", Statement: [all] });
}

/** As people paste it: of the old version, with a list and a scalar, over several lines. */
export const INDENTED: string = JSON.stringify(
  {
    Version: "2008-10-17",
    Statement: [{ Effect: "Allow", Action: ["s3:ListBucket"], Resource: "arn:aws:s3:::app-logs" }],
  },
  null,
  4,
);

/** With what statements of a manifest have no fields for. */
export const WITH_ID: string = JSON.stringify({
  Version: "2012-10-17",
  Id: "region-guard",
  Statement: {
    Effect: "Deny",
    NotAction: ["iam:*", "sts:*"],
    Resource: "*",
    Condition: { StringNotEquals: { "aws:RequestedRegion": "eu-central-1" } },
  },
});

/** A resource and a condition with the caller's tag in them. */
export const OWN_PREFIX = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM.
  Resource: "arn:aws:s3:::app-data/${aws:PrincipalTag/team}/*",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM.
  Condition: { StringEquals: { "s3:ExistingObjectTag/team": "${aws:PrincipalTag/team}" } },
} as const;
