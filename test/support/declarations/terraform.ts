import { EC2_TRUST, ECR, KINDS_OF_TRUST, SSM, statement } from "./policies.ts";

/** A resource in a state. */
export interface TerraformResource {
  readonly type: string;
  readonly name: string;
  readonly module?: string;
  readonly key?: string | number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Attributes that Terraform marks as sensitive. */
  readonly sensitive?: readonly string[];
  readonly provider?: string;
}

type Place = Pick<TerraformResource, "module" | "key" | "sensitive" | "provider">;
type Attributes = Readonly<Record<string, unknown>>;

export const ACCOUNT = "123456789012";

/** As the provider writes a role after a refresh. */
export function role(
  name: string,
  roleName: string,
  attributes: Attributes = {},
  place: Place = {},
): TerraformResource {
  const path = (attributes["path"] as string | undefined) ?? "/";
  return {
    type: "aws_iam_role",
    name,
    ...place,
    attributes: {
      arn: `arn:aws:iam::${ACCOUNT}:role${path}${roleName}`,
      assume_role_policy: EC2_TRUST,
      description: "",
      force_detach_policies: false,
      id: roleName,
      inline_policy: [],
      managed_policy_arns: [],
      max_session_duration: 3600,
      name: roleName,
      path,
      permissions_boundary: "",
      tags: null,
      tags_all: {},
      unique_id: "AROAEXAMPLE",
      ...attributes,
    },
  };
}

export function profile(
  name: string,
  profileName: string,
  roleName: string,
  attributes: Attributes = {},
  place: Place = {},
): TerraformResource {
  const path = (attributes["path"] as string | undefined) ?? "/";
  const arn = `arn:aws:iam::${ACCOUNT}:instance-profile${path}${profileName}`;
  return {
    type: "aws_iam_instance_profile",
    name,
    ...place,
    attributes: {
      arn,
      name: profileName,
      path,
      role: roleName,
      tags: null,
      tags_all: {},
      unique_id: "AIPA",
      ...attributes,
    },
  };
}

export function rolePolicy(
  name: string,
  roleName: string,
  policyName: string,
  policy: string,
  place: Place = {},
): TerraformResource {
  const attributes = { id: `${roleName}:${policyName}`, name: policyName, policy, role: roleName };
  return { type: "aws_iam_role_policy", name, ...place, attributes };
}

export function attachment(name: string, roleName: string, policyArn: string, place: Place = {}): TerraformResource {
  const attributes = { id: `${roleName}-1`, policy_arn: policyArn, role: roleName };
  return { type: "aws_iam_role_policy_attachment", name, ...place, attributes };
}

export function managedPolicy(
  name: string,
  policyName: string,
  policy: string,
  attributes: Attributes = {},
): TerraformResource {
  const path = (attributes["path"] as string | undefined) ?? "/";
  const arn = `arn:aws:iam::${ACCOUNT}:policy${path}${policyName}`;
  return {
    type: "aws_iam_policy",
    name,
    attributes: { arn, name: policyName, path, description: "", policy, tags: null, tags_all: {}, ...attributes },
  };
}

/** `terraform.tfstate` with these resources. */
export function stateFile(resources: readonly TerraformResource[]): string {
  const byAddress = Map.groupBy(resources, ({ module = "", type, name }) => `${module} ${type}.${name}`);
  const listed = [...byAddress.values()].map((instances) => {
    const [{ module, type, name, provider } = instances[0] as TerraformResource] = instances;
    return {
      ...(module !== undefined && { module }),
      mode: "managed",
      type,
      name,
      provider: provider ?? 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: instances.map(({ key, attributes, sensitive = [] }) => ({
        ...(key !== undefined && { index_key: key }),
        schema_version: 0,
        attributes,
        sensitive_attributes: sensitive.map((value) => [{ type: "get_attr", value }]),
      })),
    };
  });
  return JSON.stringify({
    version: 4,
    terraform_version: "1.11.4",
    serial: 7,
    lineage: "l",
    outputs: {},
    resources: listed,
  });
}

/** What `terraform show -json` prints for these resources. */
export function shownState(resources: readonly TerraformResource[]): string {
  const byModule = Map.groupBy(resources, ({ module = "" }) => module);
  const shown = (ofModule: readonly TerraformResource[]): readonly unknown[] =>
    ofModule.map((resource) => ({
      address: addressOf(resource),
      mode: "managed",
      type: resource.type,
      name: resource.name,
      provider_name: "registry.terraform.io/hashicorp/aws",
      values: resource.attributes,
      sensitive_values: Object.fromEntries((resource.sensitive ?? []).map((name) => [name, true])),
    }));
  const children = [...byModule].filter(([address]) => address !== "");
  const child_modules = children.map(([address, all]) => ({ address, resources: shown(all) }));
  const root_module = { resources: shown(byModule.get("") ?? []), child_modules };
  return JSON.stringify({ format_version: "1.0", terraform_version: "1.11.4", values: { root_module } });
}

/** The address of a resource in messages. */
export function addressOf({ module, type, name, key }: TerraformResource): string {
  const index = key === undefined ? "" : `[${JSON.stringify(key)}]`;
  return `${module === undefined ? "" : `${module}.`}${type}.${name}${index}`;
}

/** One declaration of a user, by what it shows. */
export type Declared = readonly [title: string, resources: readonly TerraformResource[]];

/** Twenty declarations as people write them; each name is its own. */
export const TERRAFORM: readonly Declared[] = [
  [
    "one inline policy",
    [role("a", "tf-one"), rolePolicy("a", "tf-one", "tf-one", statement("s3:Get*")), profile("a", "tf-one", "tf-one")],
  ],
  [
    "two inline policies with equal Sids",
    [
      role("b", "tf-sids"),
      rolePolicy("b", "tf-sids", "read", statement("s3:Get*", { Sid: "Access" }), { key: 0 }),
      rolePolicy("b", "tf-sids", "write", statement("s3:Put*", { Sid: "Access" }), { key: 1 }),
      profile("b", "tf-sids", "tf-sids"),
    ],
  ],
  ["a role without a policy", [role("c", "tf-none"), profile("c", "tf-none", "tf-none")]],
  [
    "generated names",
    [
      role("d", "tf-web-20260101000000000000000001", { name_prefix: "tf-web-" }),
      attachment("d", "tf-web-20260101000000000000000001", SSM),
      profile("d", "terraform-20260101000000000000000002", "tf-web-20260101000000000000000001"),
    ],
  ],
  [
    "account and bucket in ARNs",
    [
      role("e", "tf-arns"),
      rolePolicy(
        "e",
        "tf-arns",
        "kms",
        statement("kms:Decrypt", { Resource: `arn:aws:kms:eu-west-1:${ACCOUNT}:key/*` }),
      ),
      profile("e", "tf-arns", "tf-arns"),
    ],
  ],
  [
    "a managed policy made with the role",
    [
      role("f", "tf-owned"),
      managedPolicy(
        "f",
        "tf-owned-policy",
        statement("sqs:SendMessage", { Resource: `arn:aws:sqs:eu-west-1:${ACCOUNT}:jobs` }),
      ),
      attachment("f", "tf-owned", `arn:aws:iam::${ACCOUNT}:policy/tf-owned-policy`),
      profile("f", "tf-owned", "tf-owned"),
    ],
  ],
  [
    "two profiles on one role",
    [
      role("g", "tf-two"),
      attachment("g", "tf-two", SSM),
      profile("g", "tf-two", "tf-two"),
      profile("g2", "tf-two-other", "tf-two"),
    ],
  ],
  [
    "different paths",
    [
      role("h", "tf-paths", { path: "/service/" }),
      attachment("h", "tf-paths", SSM),
      profile("h", "tf-paths", "tf-paths", { path: "/profiles/" }),
    ],
  ],
  [
    "a module with for_each",
    ["x", "y.z"].flatMap((key) => {
      const place = { module: `module.app[${JSON.stringify(key)}]` };
      const name = `tf-module-${key}`;
      return [
        role("this", name, {}, place),
        attachment("this", name, ECR, { ...place, key: "ecr" }),
        profile("this", name, name, {}, place),
      ];
    }),
  ],
  [
    "count",
    [0, 1].flatMap((key) => [
      role("i", `tf-count-${key}`, {}, { key }),
      rolePolicy("i", `tf-count-${key}`, "ec2", statement("ec2:Describe*", { Resource: "*" }), { key }),
      profile("i", `tf-count-${key}`, `tf-count-${key}`, {}, { key }),
    ]),
  ],
  [
    "inline_policy blocks, and one of them as a resource too",
    [
      role("j", "tf-blocks", {
        inline_policy: [
          { name: "one", policy: statement("s3:Get*") },
          { name: "two", policy: statement("s3:Put*") },
          { name: "", policy: "" },
        ],
      }),
      rolePolicy("j", "tf-blocks", "two", statement("s3:Put*")),
      profile("j", "tf-blocks", "tf-blocks"),
    ],
  ],
  [
    "managed_policy_arns",
    [
      role("k", "tf-arns-of-role", { managed_policy_arns: [SSM, ECR] }),
      profile("k", "tf-arns-of-role", "tf-arns-of-role"),
    ],
  ],
  [
    "boundary, description and duration",
    [
      role("l", "tf-bounded", {
        description: "Web servers",
        max_session_duration: 7200,
        permissions_boundary: "arn:aws:iam::aws:policy/PowerUserAccess",
      }),
      attachment("l", "tf-bounded", SSM),
      profile("l", "tf-bounded", "tf-bounded"),
    ],
  ],
  [
    "tags of the role, and the provider's default tags",
    [
      role("m", "tf-tags", { tags: { team: "a" }, tags_all: { owner: "platform", team: "a" } }),
      attachment("m", "tf-tags", SSM),
      profile("m", "tf-tags", "tf-tags", { tags_all: { owner: "platform" } }),
    ],
  ],
  [
    "another service in the trust policy",
    [
      role("n", "tf-trust", { assume_role_policy: KINDS_OF_TRUST.services }),
      attachment("n", "tf-trust", SSM),
      profile("n", "tf-trust", "tf-trust"),
    ],
  ],
  [
    "a principal with a condition",
    [
      role("o", "tf-person", { assume_role_policy: KINDS_OF_TRUST.account }),
      attachment("o", "tf-person", SSM),
      profile("o", "tf-person", "tf-person"),
    ],
  ],
  [
    "one attachment for two roles",
    [
      ...["p", "q"].flatMap((key) => [
        role(key, `tf-shared-${key}`),
        profile(key, `tf-shared-${key}`, `tf-shared-${key}`),
      ]),
      {
        type: "aws_iam_policy_attachment",
        name: "p",
        attributes: { name: "p", policy_arn: SSM, roles: ["tf-shared-p", "tf-shared-q"], users: [], groups: [] },
      },
    ],
  ],
  [
    "exclusive policies",
    [
      role("r", "tf-exclusive"),
      rolePolicy("r", "tf-exclusive", "only", statement("s3:Get*")),
      {
        type: "aws_iam_role_policies_exclusive",
        name: "r",
        attributes: { role_name: "tf-exclusive", policy_names: ["only"] },
      },
      profile("r", "tf-exclusive", "tf-exclusive"),
    ],
  ],
  [
    "policies without a Version, and of 2008",
    [
      role("s", "tf-version", { assume_role_policy: EC2_TRUST.replace("2012-10-17", "2008-10-17") }),
      rolePolicy("s", "tf-version", "none", statement("s3:Get*").replace('"Version":"2012-10-17",', "")),
      profile("s", "tf-version", "tf-version"),
    ],
  ],
  ["a role that others made", [profile("t", "tf-outside", "made-elsewhere")]],
];
