import { describe, expect, test } from "vitest";
import { readAck } from "../../../../src/engine/import/ack.ts";
import { readCrossplane } from "../../../../src/engine/import/crossplane.ts";
import { type JoinedDeclarations, joinDeclarations } from "../../../../src/engine/import/join-declarations.ts";
import type { JsonValue } from "../../../../src/model/policy/policy-json.ts";
import { ACK, ack } from "../../../support/declarations/ack.ts";
import { CROSSPLANE, crossplane } from "../../../support/declarations/crossplane.ts";
import { EC2_TRUST, SSM } from "../../../support/declarations/policies.ts";

function join(read: typeof readAck, objects: readonly object[]): JoinedDeclarations {
  return joinDeclarations(read(objects as unknown as readonly JsonValue[]));
}

describe.each([
  ["ACK", readAck, ACK],
  ["Crossplane", readCrossplane, CROSSPLANE],
] as const)("%s", (_, read, declarations) => {
  test.each(declarations)("%s: each object is joined once, or remarked", (_title, objects) => {
    const { profiles, problems, left } = join(read, objects);
    const found = [...profiles.flatMap(({ addresses }) => addresses), ...left.map(({ address }) => address)];
    expect(problems).toEqual([]);
    expect(new Set(found).size).toBe(objects.length);
  });
});

test("a reference to a policy that is not in the input is a problem, and a note on the role", () => {
  const { profiles, problems } = join(readAck, [
    ack("Role", "web", { name: "web", assumeRolePolicyDocument: EC2_TRUST, policyRefs: [{ from: { name: "gone" } }] }),
    ack("InstanceProfile", "web", { name: "web", roleRef: { from: { name: "web" } } }),
  ]);
  expect(problems).toEqual([
    { address: "Role apps/web", text: "attaches Policy apps/gone, which is not in the input" },
  ]);
  expect(profiles[0]?.notes).toHaveLength(1);
});

test("external names can be ARNs, or have the role before the policy", () => {
  const named = (name: string): object => ({ annotations: { "crossplane.io/external-name": name } });
  const arn = "arn:aws:iam::123456789012:policy/path/own";
  const { profiles } = join(readCrossplane, [
    crossplane("Role", "web", { assumeRolePolicy: EC2_TRUST }),
    crossplane("InstanceProfile", "web", { roleRef: { name: "web" } }),
    crossplane("RolePolicy", "a", { policy: "{}", roleRef: { name: "web" } }, { ...named("web:read") }),
    crossplane("Policy", "own", { policy: "{}" }, { ...named(arn) }),
    crossplane("RolePolicyAttachment", "b", { policyArnRef: { name: "own" }, roleRef: { name: "web" } }),
  ]);
  expect(profiles[0]?.role?.inlinePolicyNames).toEqual(["read"]);
  expect(profiles[0]?.role?.managedPolicyArns).toEqual([arn]);
});

test("a selector that selects several roles selects none", () => {
  const labels = { app: "web" };
  const { profiles, left } = join(readCrossplane, [
    crossplane("Role", "one", { assumeRolePolicy: EC2_TRUST }, { labels }),
    crossplane("Role", "two", { assumeRolePolicy: EC2_TRUST }, { labels }),
    crossplane("InstanceProfile", "web", { roleSelector: { matchLabels: labels } }),
  ]);
  expect(profiles).toEqual([]);
  expect(left.map(({ address }) => address)).toContain("InstanceProfile web");
});

test("a selector by controller joins the objects of one composition", () => {
  const of = (uid: string): object => ({ ownerReferences: [{ controller: true, uid, kind: "XRole", name: uid }] });
  const made = ["a", "b"].flatMap((uid) => [
    crossplane("Role", `role-${uid}`, { assumeRolePolicy: EC2_TRUST }, { ...of(uid) }),
    crossplane("InstanceProfile", `profile-${uid}`, { roleSelector: { matchControllerRef: true } }, { ...of(uid) }),
    crossplane(
      "RolePolicyAttachment",
      `a-${uid}`,
      { policyArn: SSM, roleSelector: { matchControllerRef: true } },
      { ...of(uid) },
    ),
  ]);
  const { profiles, problems, left } = join(readCrossplane, made);
  expect(profiles.map(({ role }) => role?.roleName)).toEqual(["role-a", "role-b"]);
  expect([...problems, ...left]).toEqual([]);
});

test("objects of other groups are not read", () => {
  const others = [
    { apiVersion: "v1", kind: "Secret", data: {} },
    { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfile" },
    null,
    3,
    "x",
  ];
  expect(join(readAck, others as readonly object[])).toEqual({ profiles: [], problems: [], left: [] });
});
