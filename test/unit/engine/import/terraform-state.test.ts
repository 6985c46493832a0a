import { describe, expect, test } from "vitest";
import { joinDeclarations } from "../../../../src/engine/import/join-declarations.ts";
import { readTerraformState } from "../../../../src/engine/import/terraform-state.ts";
import { SSM, statement } from "../../../support/declarations/policies.ts";
import {
  ACCOUNT,
  addressOf,
  attachment,
  profile,
  role,
  rolePolicy,
  shownState,
  stateFile,
  TERRAFORM,
  type TerraformResource,
} from "../../../support/declarations/terraform.ts";

const FORMATS = [
  ["terraform.tfstate", stateFile],
  ["terraform show -json", shownState],
] as const;

function join(text: string): ReturnType<typeof joinDeclarations> {
  return joinDeclarations(readTerraformState(JSON.parse(text)).declarations);
}

describe.each(FORMATS)("a state as %s", (_, write) => {
  test.each(TERRAFORM)("%s: each resource is joined once, or remarked", (_title, resources) => {
    const { profiles, problems, left } = join(write(resources));
    const used = profiles.flatMap(({ addresses }) => [...new Set(addresses)]);
    const remarked = left.map(({ address }) => address);
    expect(problems).toEqual([]);
    expect([...new Set([...used, ...remarked])].sort()).toEqual([...new Set(resources.map(addressOf))].sort());
  });

  test("policies that Terraform marks as sensitive are not read, also where the role repeats them", () => {
    const secret = statement("s3:Get*", { Resource: "arn:aws:s3:::hunter2" });
    const resources = [
      role("a", "a", { inline_policy: [{ name: "secret", policy: secret }] }),
      rolePolicy("a", "a", "secret", secret, { sensitive: ["policy"] }),
      rolePolicy("b", "a", "plain", statement("s3:Put*")),
      profile("a", "a", "a"),
    ];
    const joined = join(write(resources));
    expect(JSON.stringify(joined.profiles.map(({ role: found }) => found))).not.toContain("hunter2");
    expect(joined.profiles[0]?.role?.inlinePolicyNames).toEqual(["plain"]);
    expect(joined.problems).toEqual([
      { address: "aws_iam_role_policy.a", text: "cannot be read: Terraform marks policy as sensitive" },
    ]);
  });

  test("an attachment whose role is sensitive is remarked once", () => {
    const { problems, left } = join(write([attachment("x", "web", SSM, { sensitive: ["role"] })]));
    expect([problems, left]).toEqual([
      [{ address: "aws_iam_role_policy_attachment.x", text: "cannot be read: Terraform marks role as sensitive" }],
      [],
    ]);
  });

  test.each(["assume_role_policy", "description", "tags_all", "permissions_boundary"])(
    "a role whose %s is sensitive is not exported, nor its profile",
    (name) => {
      const joined = join(write([role("a", "a", {}, { sensitive: [name] }), profile("a", "a", "a")]));
      expect(joined.profiles).toEqual([]);
      expect(joined.problems).toEqual([
        { address: "aws_iam_role.a", text: `cannot be read: Terraform marks ${name} as sensitive` },
      ]);
    },
  );
});

describe("a state of two accounts", () => {
  const other = (resource: TerraformResource): TerraformResource => ({
    ...resource,
    provider: 'provider["registry.terraform.io/hashicorp/aws"].other',
    attributes: JSON.parse(JSON.stringify(resource.attributes).replaceAll(ACCOUNT, "210987654321")),
  });

  test("joins roles of the same name within their account", () => {
    const { profiles, problems } = join(
      stateFile([
        role("a", "web"),
        rolePolicy("a", "web", "here", statement("s3:Get*")),
        profile("a", "web", "web"),
        other(role("b", "web")),
        other(rolePolicy("b", "web", "there", statement("s3:Get*"))),
        other(profile("b", "web", "web")),
      ]),
    );
    expect(profiles.map(({ role: found }) => found?.inlinePolicyNames)).toEqual([["here"], ["there"]]);
    expect(problems).toEqual([]);
  });

  test("does not guess where the account of a policy is not known", () => {
    const unknown = { ...attachment("x", "web", SSM), provider: 'provider["x"]' };
    const { problems } = join(
      stateFile([role("a", "web"), profile("a", "web", "web"), other(role("b", "web")), unknown]),
    );
    expect(problems).toEqual([
      { address: "aws_iam_role_policy_attachment.x", text: "belongs to one of several roles of that name" },
    ]);
  });
});

test("what Terraform has replaced and not yet deleted is not joined", () => {
  const state = JSON.parse(stateFile([role("a", "web"), profile("a", "web", "web")]));
  state.resources[0].instances.push({ ...state.resources[0].instances[0], deposed: "0f1e2d3c" });
  const { profiles, problems } = join(JSON.stringify(state));
  expect([profiles.length, problems.length]).toEqual([1, 1]);
});

test.each([
  ["{}"],
  ["[]"],
  ["3"],
  ['{"version": 3, "modules": []}'],
  ['{"format_version": "1.2", "planned_values": {}}'],
])("%s is no state", (text) => {
  expect(() => readTerraformState(JSON.parse(text))).toThrow("is not a Terraform state");
});

test("names of the prototype are names like others", () => {
  const resources = [
    role("constructor", "__proto__", { tags_all: JSON.parse('{"__proto__": "a", "constructor": "b"}') }),
    rolePolicy("a", "__proto__", "__proto__", statement("s3:Get*")),
    profile("a", "__proto__", "__proto__"),
  ];
  const [joined] = join(stateFile(resources)).profiles;
  expect(joined?.role?.inlinePolicyNames).toEqual(["__proto__"]);
  expect(Object.entries(joined?.role?.tags ?? {})).toEqual([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
});
