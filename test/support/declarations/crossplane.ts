import { type DeclaredObjects, type Fields, NAMESPACE } from "./ack.ts";
import { EC2_TRUST, INDENTED, KINDS_OF_TRUST, NODE, OWN_PREFIX, SSM, statement, WITH_ID } from "./policies.ts";

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

/** Objects of one composite resource, which is their controller. */
function crossplaneComposite(name: string, resources: readonly (readonly [string, Fields])[]): readonly object[] {
  const owner = { apiVersion: "example.org/v1", kind: "XNode", name, uid: `${name}-uid`, controller: true };
  return resources.map(([kind, fields]) => crossplane(kind, `${name}-x7k2p`, fields, { ownerReferences: [owner] }));
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
  [
    "the three policies of an EKS node",
    [
      ...crossplanePair("xp-node"),
      ...NODE.map((policyArn, index) =>
        crossplane("RolePolicyAttachment", `xp-node-${index}`, { policyArn, ...ref("xp-node") }),
      ),
    ],
  ],
  [
    "two services",
    crossplanePair("xp-services", { assumeRolePolicy: KINDS_OF_TRUST.services, managedPolicyArns: [SSM] }),
  ],
  [
    "a policy of version 2008-10-17, indented over several lines",
    [...crossplanePair("xp-old"), crossplane("RolePolicy", "xp-old", { policy: INDENTED, ...ref("xp-old") })],
  ],
  [
    "a policy with an Id, and a Deny of all but one region",
    crossplanePair("xp-id", { inlinePolicy: [{ name: "guard", policy: WITH_ID }] }),
  ],
  [
    "a policy variable and a condition",
    crossplanePair("xp-variable", { inlinePolicy: [{ name: "own", policy: statement("s3:GetObject", OWN_PREFIX) }] }),
  ],
  ["a role that others made", [crossplane("InstanceProfile", "xp-outside", { role: "made-elsewhere" })]],
  [
    "objects of one composite, joined by their controller",
    crossplaneComposite("xp-composed", [
      ["Role", { assumeRolePolicy: EC2_TRUST }],
      ["InstanceProfile", { roleSelector: { matchControllerRef: true } }],
      ["RolePolicyAttachment", { policyArn: SSM, roleSelector: { matchControllerRef: true } }],
    ]),
  ],
  [
    "fields that Crossplane sets once",
    crossplanePair("xp-initial").map((object) =>
      "kind" in object && object.kind === "Role"
        ? {
            ...object,
            spec: { forProvider: { assumeRolePolicy: EC2_TRUST }, initProvider: { managedPolicyArns: [SSM] } },
          }
        : object,
    ),
  ],
  [
    "a policy of a namespace by reference, in v2",
    [
      ...crossplanePair("xp-v2", {}, {}, { namespace: NAMESPACE }),
      {
        ...crossplane("Policy", "xp-v2", { policy: statement("s3:Get*") }, { namespace: NAMESPACE }),
        status: { atProvider: { arn: "arn:aws:iam::123456789012:policy/xp-v2" } },
      },
      crossplane(
        "RolePolicyAttachment",
        "xp-v2",
        { policyArnRef: { name: "xp-v2" }, ...ref("xp-v2") },
        { namespace: NAMESPACE },
      ),
    ],
  ],
  [
    "objects that Crossplane leaves in AWS",
    crossplanePair("xp-kept", { managedPolicyArns: [SSM], forceDetachPolicies: true }).map((object) => ({
      ...object,
      spec: { ...("spec" in object ? (object.spec as Fields) : {}), deletionPolicy: "Orphan" },
    })),
  ],
];
