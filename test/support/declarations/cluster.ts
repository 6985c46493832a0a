import { EC2_TRUST, ECR, KINDS_OF_TRUST, SSM, statement } from "./policies.ts";

/** Objects of one declaration, by what they show. */
export type DeclaredObjects = readonly [title: string, objects: readonly object[]];

type Fields = Readonly<Record<string, unknown>>;

const NAMESPACE = "apps";

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
];

/** A managed resource of Crossplane; of a namespace (v2) if it names one. */
export function crossplane(kind: string, name: string, forProvider: Fields, metadata: Fields = {}): object {
  const isNamespaced = "namespace" in metadata;
  return {
    apiVersion: `iam.aws.${isNamespaced ? "m." : ""}upbound.io/v1beta1`,
    kind,
    metadata: { name, ...metadata },
    spec: { forProvider, providerConfigRef: { name: "default" } },
  };
}

const ref = (name: string): object => ({ roleRef: { name } });

function crossplanePair(
  name: string,
  role: Fields = {},
  profile: Fields = {},
  metadata: Fields = {},
): readonly object[] {
  return [
    crossplane("Role", name, { assumeRolePolicy: EC2_TRUST, ...role }, metadata),
    crossplane("InstanceProfile", name, { ...ref(name), ...profile }, metadata),
  ];
}

const LABELS = { labels: { app: "xp-labels" } };

/** Declarations for Crossplane as people write them. */
export const CROSSPLANE: readonly DeclaredObjects[] = [
  [
    "an attachment by reference",
    [...crossplanePair("xp-ssm"), crossplane("RolePolicyAttachment", "xp-ssm", { policyArn: SSM, ...ref("xp-ssm") })],
  ],
  [
    "two inline policies with equal Sids",
    [
      ...crossplanePair("xp-sids"),
      crossplane("RolePolicy", "xp-read", { policy: statement("s3:Get*", { Sid: "A" }), ...ref("xp-sids") }),
      crossplane("RolePolicy", "xp-write", { policy: statement("s3:Put*", { Sid: "A" }), ...ref("xp-sids") }),
    ],
  ],
  ["a role without a policy", crossplanePair("xp-none")],
  [
    "inlinePolicy and managedPolicyArns of the role",
    crossplanePair("xp-role", {
      inlinePolicy: [{ name: "read", policy: statement("s3:Get*") }],
      managedPolicyArns: [SSM],
    }),
  ],
  [
    "selectors by label",
    [
      crossplane("Role", "xp-labels-role", { assumeRolePolicy: EC2_TRUST }, LABELS),
      crossplane("InstanceProfile", "xp-labels", { roleSelector: { matchLabels: LABELS.labels } }),
      crossplane("RolePolicyAttachment", "xp-labels", { policyArn: SSM, roleSelector: { matchLabels: LABELS.labels } }),
    ],
  ],
  [
    "external names",
    [
      crossplane(
        "Role",
        "xp-external-role",
        { assumeRolePolicy: EC2_TRUST },
        { annotations: { "crossplane.io/external-name": "XpRole" } },
      ),
      crossplane("InstanceProfile", "xp-external", ref("xp-external-role") as Fields, {
        annotations: { "crossplane.io/external-name": "XpProfile" },
      }),
      crossplane(
        "RolePolicy",
        "xp-external",
        { policy: statement("s3:Get*"), ...ref("xp-external-role") },
        { annotations: { "crossplane.io/external-name": "read" } },
      ),
    ],
  ],
  [
    "a policy by reference",
    [
      ...crossplanePair("xp-owned"),
      {
        ...crossplane("Policy", "xp-owned", { policy: statement("s3:Get*") }),
        status: { atProvider: { arn: "arn:aws:iam::123456789012:policy/xp-owned" } },
      },
      crossplane("RolePolicyAttachment", "xp-owned", { policyArnRef: { name: "xp-owned" }, ...ref("xp-owned") }),
    ],
  ],
  [
    "objects of a namespace",
    [
      ...crossplanePair("xp-namespaced", {}, {}, { namespace: NAMESPACE }),
      crossplane(
        "RolePolicyAttachment",
        "xp-namespaced",
        { policyArn: SSM, ...ref("xp-namespaced") },
        { namespace: NAMESPACE },
      ),
    ],
  ],
  [
    "different paths, description, boundary, duration and tags",
    crossplanePair(
      "xp-all",
      {
        path: "/service/",
        description: "Web servers",
        maxSessionDuration: 7200,
        permissionsBoundary: "arn:aws:iam::aws:policy/PowerUserAccess",
        managedPolicyArns: [SSM],
        tags: { team: "a" },
      },
      { path: "/profiles/" },
    ),
  ],
  [
    "another account in the trust policy, and two profiles",
    [
      ...crossplanePair("xp-trust", { assumeRolePolicy: KINDS_OF_TRUST.account, managedPolicyArns: [SSM] }),
      crossplane("InstanceProfile", "xp-trust-other", ref("xp-trust") as Fields),
    ],
  ],
];
