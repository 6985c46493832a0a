import { EC2_TRUST, ECR, INDENTED, KINDS_OF_TRUST, NODE, OWN_PREFIX, SSM, statement, WITH_ID } from "./policies.ts";

/** Objects of one declaration, by what they show. */
export type DeclaredObjects = readonly [title: string, objects: readonly object[]];

/** Of a spec or a provider. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where the objects are. */
export const NAMESPACE = "apps";

/** An object of ACK. */
export function ack(kind: string, name: string, spec: Fields, arn?: string): object {
  return {
    apiVersion: "iam.services.k8s.aws/v1alpha1",
    kind,
    metadata: { name, namespace: NAMESPACE },
    spec,
    ...(arn !== undefined && { status: { ackResourceMetadata: { arn } } }),
  };
}

const from = (name: string): object => ({ from: { name } });

function ackPair(name: string, role: Fields = {}, profile: Fields = {}): readonly object[] {
  return [
    ack("Role", name, { name, assumeRolePolicyDocument: EC2_TRUST, ...role }),
    ack("InstanceProfile", name, { name, roleRef: from(name), ...profile }),
  ];
}

/** Declarations for ACK as people write them. */
export const ACK: readonly DeclaredObjects[] = [
  ["a managed policy of AWS", ackPair("ack-ssm", { policies: [SSM] })],
  [
    "two inline policies with equal Sids",
    ackPair("ack-sids", {
      inlinePolicies: { read: statement("s3:Get*", { Sid: "A" }), write: statement("s3:Put*", { Sid: "A" }) },
    }),
  ],
  ["a role without a policy", ackPair("ack-none")],
  [
    "a policy by reference",
    [
      ...ackPair("ack-owned", { policyRefs: [from("ack-owned")] }),
      ack(
        "Policy",
        "ack-owned",
        { name: "ack-owned-policy", policyDocument: statement("s3:Get*") },
        "arn:aws:iam::123456789012:policy/ack-owned-policy",
      ),
    ],
  ],
  ["different paths", ackPair("ack-paths", { path: "/service/", policies: [ECR] }, { path: "/profiles/" })],
  [
    "names that are not those of the objects",
    ackPair("ack-names", { name: "AckRole", policies: [SSM] }, { name: "AckProfile" }),
  ],
  ["the role by its name", [...ackPair("ack-name", { policies: [SSM] }, { roleRef: undefined, role: "ack-name" })]],
  [
    "tags, description, boundary and duration",
    ackPair("ack-all", {
      description: "Web servers",
      maxSessionDuration: 7200,
      permissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess",
      policies: [SSM],
      tags: [{ key: "team", value: "a" }],
    }),
  ],
  [
    "two profiles on one role",
    [
      ...ackPair("ack-two", { policies: [SSM] }),
      ack("InstanceProfile", "ack-two-other", { name: "ack-two-other", roleRef: from("ack-two") }),
    ],
  ],
  ["a role that others made", [ack("InstanceProfile", "ack-outside", { name: "ack-outside", role: "made-elsewhere" })]],
  ["the three policies of an EKS node", ackPair("ack-node", { policies: NODE })],
  ["two services", ackPair("ack-services", { assumeRolePolicyDocument: KINDS_OF_TRUST.services, policies: [SSM] })],
  [
    "another account with MFA in the trust policy",
    ackPair("ack-people", { assumeRolePolicyDocument: KINDS_OF_TRUST.account, policies: [SSM] }),
  ],
  [
    "a policy of version 2008-10-17, indented over several lines",
    ackPair("ack-old", { inlinePolicies: { read: INDENTED } }),
  ],
  ["a policy with an Id, and a Deny of all but one region", ackPair("ack-id", { inlinePolicies: { guard: WITH_ID } })],
  [
    "a policy variable and a condition",
    ackPair("ack-variable", { inlinePolicies: { own: statement("s3:GetObject", OWN_PREFIX) } }),
  ],
  [
    "a boundary by reference",
    [
      ...ackPair("ack-bound", {
        permissionsBoundaryRef: from("ack-boundary"),
        inlinePolicies: { read: statement("s3:Get*") },
      }),
      ack(
        "Policy",
        "ack-boundary",
        { name: "PowerUserAccess", policyDocument: statement("s3:*") },
        "arn:aws:iam::aws:policy/PowerUserAccess",
      ),
    ],
  ],
  [
    "a role in another namespace than its profile",
    [
      ack("Role", "ack-far", { name: "ack-far", assumeRolePolicyDocument: EC2_TRUST, policies: [SSM] }),
      {
        ...ack("InstanceProfile", "ack-far", {
          name: "ack-far",
          roleRef: { from: { name: "ack-far", namespace: NAMESPACE } },
        }),
        metadata: { name: "ack-far", namespace: "machines" },
      },
    ],
  ],
  [
    "two policies by reference, with paths and descriptions",
    [
      ...ackPair("ack-both", { policyRefs: [from("ack-first"), from("ack-second")], policies: [SSM] }),
      ...["first", "second"].map((name, index) =>
        ack(
          "Policy",
          `ack-${name}`,
          {
            name: `ack-${name}`,
            path: "/apps/",
            description: name,
            policyDocument: statement(["s3:Get*", "sqs:Get*"][index] ?? ""),
          },
          `arn:aws:iam::123456789012:policy/apps/ack-${name}`,
        ),
      ),
    ],
  ],
  [
    "objects that ACK adopted and keeps in AWS",
    ackPair("ack-kept", { policies: [SSM] }).map((object) => ({
      ...object,
      metadata: {
        name: "ack-kept",
        namespace: NAMESPACE,
        annotations: {
          "services.k8s.aws/adoption-policy": "adopt",
          "services.k8s.aws/deletion-policy": "retain",
        },
      },
    })),
  ],
];
