import { describe, expect, test } from "vitest";
import { readAck } from "../../../../src/engine/import/ack.ts";
import { readCloudFormation } from "../../../../src/engine/import/cloudformation.ts";
import { readCrossplane } from "../../../../src/engine/import/crossplane.ts";
import type { Declarations } from "../../../../src/engine/import/declared.ts";
import { importProfile } from "../../../../src/engine/import/import-profile.ts";
import { joinDeclarations } from "../../../../src/engine/import/join-declarations.ts";
import { readTerraformState } from "../../../../src/engine/import/terraform-state.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { ack } from "../../../support/declarations/ack.ts";
import { crossplane } from "../../../support/declarations/crossplane.ts";
import { EC2_TRUST, SSM, statement } from "../../../support/declarations/policies.ts";
import {
  ACCOUNT,
  attachment,
  managedPolicy,
  profile,
  role,
  stateFile,
  type TerraformResource,
} from "../../../support/declarations/terraform.ts";

const READ = statement("s3:Get*", { Resource: "arn:aws:s3:::logs/*" });
const STATEMENTS = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["arn:aws:s3:::logs/*"] }];
const ARN = `arn:aws:iam::${ACCOUNT}:policy/web-read`;

interface Imported {
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  readonly replaced: readonly string[];
  readonly left: readonly string[];
}

function imported(declarations: Declarations): Imported {
  const { profiles, left } = joinDeclarations(declarations);
  const [joined] = profiles;
  if (joined === undefined) throw new Error("no instance profile");
  const exported = importProfile(joined, { name: "web", namespace: "apps" });
  if (exported.kind === "none") throw new Error(exported.why.join());
  return {
    kind: exported.kind,
    spec: exported.manifest["spec"] as Imported["spec"],
    notes: exported.notes.map(({ text }) => text),
    replaced: joined.addresses,
    left: left.map(({ address }) => address),
  };
}

function terraform(...resources: readonly TerraformResource[]): Imported {
  return imported(readTerraformState(JSON.parse(stateFile(resources))).declarations);
}

const WEB = [role("a", "web"), profile("a", "web", "web"), attachment("a", "web", ARN)];
const POLICY = managedPolicy("own", "web-read", READ);

describe("a managed policy that is declared for one role", () => {
  test("becomes one of the object, with path and description, and AWS does not change", () => {
    const placed = managedPolicy("own", "web-read", READ, { path: "/apps/", description: "Reads logs" });
    const arn = ARN.replace("/web-read", "/apps/web-read");
    const { kind, spec, replaced, left } = terraform(
      role("a", "web", { managed_policy_arns: [arn, SSM] }),
      profile("a", "web", "web"),
      attachment("a", "web", arn),
      placed,
    );
    expect(kind).toBe("whole");
    expect(spec).toMatchObject({
      adoptionPolicy: "IfExists",
      managedPolicyArns: [SSM],
      managedPolicies: [{ name: "web-read", path: "/apps/", description: "Reads logs", statements: STATEMENTS }],
    });
    expect(replaced).toContain("aws_iam_policy.own");
    expect(left).toEqual([]);
  });

  test("becomes a document where statements say less than it", () => {
    const document = JSON.stringify({ ...JSON.parse(READ), Id: "reads-logs" });
    const { kind, spec } = terraform(...WEB, managedPolicy("own", "web-read", document));
    expect({ kind, own: spec["managedPolicies"] }).toEqual({
      kind: "whole",
      own: [{ name: "web-read", document: expect.objectContaining({ Statement: expect.anything() }) }],
    });
  });

  test("keeps its tags: those of the role and the profile alone stay theirs", () => {
    const tags = { tags_all: { Team: "a", Stage: "prod" } };
    const { kind, spec, notes } = terraform(
      role("a", "web", tags),
      profile("a", "web", "web", tags),
      attachment("a", "web", ARN),
      managedPolicy("own", "web-read", READ, { tags_all: { Team: "a", Kind: "policy" } }),
    );
    expect(kind).toBe("whole");
    expect(spec).toMatchObject({
      tags: { Team: "a" },
      roleTags: { Stage: "prod" },
      instanceProfileTags: { Stage: "prod" },
    });
    expect(notes).toEqual(["tag Kind=policy of managed policy web-read stays there, unmanaged"]);
  });

  test("keeps the variables of a template", () => {
    const { kind, spec } = imported(readCloudFormation(TEMPLATE as unknown as JsonValue, new Map()));
    const [own] = spec["managedPolicies"] as readonly unknown[];
    expect({ kind, own, arns: spec["managedPolicyArns"] }).toEqual({
      kind: "whole",
      own: {
        name: "web-read",
        statements: [expect.objectContaining({ resources: ["arn:{partition}:s3:::logs-{account}/*"] })],
      },
      arns: undefined,
    });
  });

  test("is found by the references of ACK and of Crossplane", () => {
    for (const objects of [ackObjects, crossplaneObjects]) {
      const { kind, spec } = imported(objects());
      expect({ kind, own: spec["managedPolicies"] }).toEqual({
        kind: "whole",
        own: [{ name: "web-read", statements: STATEMENTS }],
      });
    }
  });
});

const TEMPLATE = {
  Resources: {
    Role: {
      Type: "AWS::IAM::Role",
      Properties: {
        RoleName: "web",
        AssumeRolePolicyDocument: JSON.parse(EC2_TRUST),
        ManagedPolicyArns: [{ Ref: "Own" }],
      },
    },
    Profile: {
      Type: "AWS::IAM::InstanceProfile",
      Properties: { InstanceProfileName: "web", Roles: [{ Ref: "Role" }] },
    },
    Own: {
      Type: "AWS::IAM::ManagedPolicy",
      Properties: {
        ManagedPolicyName: "web-read",
        PolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: "s3:Get*",
              // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of CloudFormation.
              Resource: { "Fn::Sub": "arn:${AWS::Partition}:s3:::logs-${AWS::AccountId}/*" },
            },
          ],
        },
      },
    },
  },
};

function ackObjects(...more: readonly object[]): Declarations {
  return readAck([
    ack("Role", "web", { name: "web", assumeRolePolicyDocument: EC2_TRUST, policyRefs: [{ from: { name: "own" } }] }),
    ack("InstanceProfile", "web", { name: "web", roleRef: { from: { name: "web" } } }),
    ack("Policy", "own", { name: "web-read", policyDocument: READ }),
    ...more,
  ] as unknown as readonly JsonValue[]);
}

function crossplaneObjects(...more: readonly object[]): Declarations {
  return readCrossplane([
    crossplane("Role", "web", { assumeRolePolicy: EC2_TRUST }),
    crossplane("InstanceProfile", "web", { roleRef: { name: "web" } }),
    crossplane("Policy", "web-read", { policy: READ }),
    crossplane("RolePolicyAttachment", "web", { policyArnRef: { name: "web-read" }, roleRef: { name: "web" } }),
    ...more,
  ] as unknown as readonly JsonValue[]);
}

describe("a managed policy that others use stays where it is, and is attached by its ARN", () => {
  const resource = (type: string, attributes: TerraformResource["attributes"]): TerraformResource => ({
    type,
    name: "other",
    attributes,
  });

  test.each([
    ["a role of the input", [role("b", "db"), attachment("b", "db", ARN)]],
    ["a role that is not in the input", [attachment("b", "elsewhere", ARN)]],
    ["a role that Terraform hides", [{ ...attachment("b", "db", ARN), sensitive: ["role"] }]],
    ["a role, as its permissions boundary", [role("b", "db", { permissions_boundary: ARN })]],
    ["a user", [resource("aws_iam_user_policy_attachment", { user: "ann", policy_arn: ARN })]],
    ["a group", [resource("aws_iam_group_policy_attachment", { group: "all", policy_arn: ARN })]],
    ["a user, as its permissions boundary", [resource("aws_iam_user", { name: "ann", permissions_boundary: ARN })]],
    [
      "users of the same attachment",
      [resource("aws_iam_policy_attachment", { roles: [], users: ["a"], policy_arn: ARN })],
    ],
  ])("%s", (_, others) => {
    const { kind, spec, replaced, left } = terraform(...WEB, POLICY, ...others);
    expect(kind).toBe("whole");
    expect(spec).toMatchObject({ managedPolicyArns: [ARN] });
    expect(spec).not.toHaveProperty("managedPolicies");
    expect(replaced).not.toContain("aws_iam_policy.own");
    expect(left).toContain("aws_iam_policy.own");
  });

  test.each(["policy", "path", "name"])("also when Terraform marks its %s as sensitive", (name) => {
    const arn = ARN.replace("/web-read", "/apps/web-read");
    const hidden = { ...managedPolicy("own", "web-read", READ, { path: "/apps/" }), sensitive: [name] };
    const { spec } = terraform(role("a", "web"), profile("a", "web", "web"), attachment("a", "web", arn), hidden);
    expect(spec["managedPolicies"]).toBe(undefined);
    expect(spec["managedPolicyArns"]).toEqual([arn]);
  });

  test.each([
    ["users and groups of a template", { Users: ["ann"] }, "arn:{partition}:iam::{account}:policy/web-read"],
    ["a name that CloudFormation generates", { ManagedPolicyName: undefined }, undefined],
  ])("%s", (_, properties, arn) => {
    const { Own, ...others } = TEMPLATE.Resources;
    const changed = { ...Own, Properties: { ...Own.Properties, ...properties } };
    const template = JSON.parse(JSON.stringify({ Resources: { ...others, Own: changed } }));
    const { spec, left } = imported(readCloudFormation(template, new Map()));
    expect({ own: spec["managedPolicies"], arns: spec["managedPolicyArns"] }).toEqual({ arns: arn && [arn] });
    expect(left).toContain("Own (AWS::IAM::ManagedPolicy)");
  });

  test("users of ACK and groups of Crossplane", () => {
    const shared = joinDeclarations(ackObjects(ack("User", "ann", { policyRefs: [{ from: { name: "own" } }] })));
    expect(shared.left.map(({ address }) => address)).toContain("Policy apps/own");
    const grouped = crossplane("GroupPolicyAttachment", "all", { policyArnRef: { name: "web-read" }, group: "all" });
    expect(joinDeclarations(crossplaneObjects(grouped)).left.map(({ address }) => address)).toContain(
      "Policy web-read",
    );
  });
});
