import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { snapshotOf } from "../../src/sandbox/aws/account/snapshot.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME, Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const KEY = { namespace: "default", name: "one" };
const IN_SYNC = "True InSync: role, policies and instance profile in AWS match the spec";

let sim: Simulation;
let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

async function apply(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await sim.apply(s3ReadOnly(KEY, spec));
  await org.pass();
}

/** The role's tags but the controller's own, and its longest session. */
function theRole():
  | { readonly tags: Readonly<Record<string, string>>; readonly maxSessionSeconds: number }
  | undefined {
  const role = snapshotOf(sim.servers.aws.cloud.account(TEAMS.a)).roles["one"];
  if (role === undefined) return undefined;
  const own = Object.entries(role.tags).filter(([key]) => !key.startsWith("iam.instanceprofile.dev/"));
  return { tags: Object.fromEntries(own), maxSessionSeconds: role.maxSessionSeconds };
}

describe("a class that is narrowed", () => {
  test("with Strip takes its tags and long sessions from a role, and leaves what others set", async () => {
    const wide = { allowedTagKeys: ["*"], maxSessionDurationSeconds: 43_200 };
    await org.applyClass("a", { ...wide, onViolation: "Strip" });
    sim.start({ hasClasses: true });
    const tags = { app: "x", "eks-cluster-admin": "true" };
    await apply({ className: "a", tags, maxSessionDurationSeconds: 43_200 });
    const theirs = { RoleName: "one", "Tags.member.1.Key": "theirs", "Tags.member.1.Value": "1" };
    must(await sim.servers.aws.iam("TagRole", theirs, TEAMS.a));
    expect(theRole()).toEqual({ tags: { ...tags, theirs: "1" }, maxSessionSeconds: 43_200 });

    await org.applyClass("a", { allowedTagKeys: ["app"], maxSessionDurationSeconds: 7200, onViolation: "Strip" });
    await org.pass();
    expect(theRole()).toEqual({ tags: { app: "x", theirs: "1" }, maxSessionSeconds: 7200 });
    expect(await org.ready("one")).toMatch(/^False TagNotAllowed: .* key eks-cluster-admin; it allows app\./);
    expect(await org.classStatus("a")).toMatchObject({ objects: 1, violations: 1 });

    await org.applyClass("a", wide);
    await org.pass();
    expect(theRole()).toEqual({ tags: { ...tags, theirs: "1" }, maxSessionSeconds: 43_200 });
    expect(await org.ready("one")).toBe(IN_SYNC);
  });

  test("with Strip takes tags and long sessions from a role whose spec IAM refuses for another reason", async () => {
    const allowedManagedPolicies = [`arn:aws:iam::${TEAMS.a}:policy/*`];
    const wide = { allowedManagedPolicies, allowedTagKeys: ["*"], maxSessionDurationSeconds: 43_200 };
    await org.applyClass("a", { ...wide, onViolation: "Strip" });
    sim.start({ hasClasses: true });
    const spec = { className: "a", tags: { app: "x", admin: "true" }, maxSessionDurationSeconds: 43_200 };
    await apply(spec);
    expect(await org.ready("one")).toBe(IN_SYNC);
    await apply({ ...spec, managedPolicyArns: [`arn:aws:iam::${TEAMS.a}:policy/missing`] });
    await org.applyClass("a", { allowedManagedPolicies, allowedTagKeys: ["app"], onViolation: "Strip" });
    await org.pass();
    expect(theRole()).toEqual({ tags: { app: "x" }, maxSessionSeconds: 3600 });
  });

  test("to Delete alone deletes a role whose object says Retain, with either policy for violations", async () => {
    for (const onViolation of ["Keep", "Strip"] as const) {
      await org.applyClass("a", { allowedDeletionPolicies: ["Delete", "Retain"], onViolation });
      if (sim.replicas.length === 0) sim.start({ hasClasses: true });
      await apply({ className: "a", deletionPolicy: "Retain" });
      expect(await org.ready("one")).toBe(IN_SYNC);
      await org.applyClass("a", { onViolation });
      await org.pass();
      expect(await org.ready("one")).toMatch(
        /^False DeletionPolicyNotAllowed: spec\.deletionPolicy is Retain, and class a /,
      );
      await sim.delete(KEY);
      await org.pass();
      expect(await sim.object(KEY)).toBeUndefined();
      expect(org.rolesIn(TEAMS.a)).toEqual([]);
    }
  });
});

test("an object that its class refuses can be deleted, and leaves nothing", async () => {
  await org.applyClass("a");
  sim.start({ hasClasses: true });
  await apply({ className: "a", deletionPolicy: "Retain", maxSessionDurationSeconds: 43_200, tags: { admin: "true" } });
  expect(await org.ready("one")).toMatch(/^False TagNotAllowed: /);
  await sim.delete(KEY);
  await org.pass();
  expect(await sim.object(KEY)).toBeUndefined();
  expect(org.rolesIn(TEAMS.a)).toEqual([]);
});

test("force-delete waits for a class that allows it, and then goes on by itself", async () => {
  await org.applyClass("a");
  sim.start({ hasClasses: true });
  await apply({ className: "a" });
  const document = policy({ Effect: "Deny", Action: "*", Resource: "*" });
  const theirs = { RoleName: "one", PolicyName: "theirs", PolicyDocument: document };
  must(await sim.servers.aws.iam("PutRolePolicy", theirs, TEAMS.a));
  await sim.user.annotate(KEY, { "iam.instanceprofile.dev/force-delete": "true" });
  await sim.delete(KEY);
  await org.pass();
  expect(await org.ready("one")).toBe(
    "False UnmanagedPoliciesAttached: role one has unmanaged policies, which this object did not attach or write: theirs. Remove them from the role; class a does not " +
      "allow the annotation iam.instanceprofile.dev/force-delete.",
  );
  expect(org.rolesIn(TEAMS.a)).toEqual(["one"]);
  await org.applyClass("a", { allowForceDelete: true });
  await org.pass();
  expect(await sim.object(KEY)).toBeUndefined();
  expect(org.rolesIn(TEAMS.a)).toEqual([]);
});

describe("a controller that requires classes", () => {
  const BLOCKED =
    /^False ClassRequired: spec\.className is not set, .* With --require-class, every object needs a class\. /;

  test("writes nothing for an object without one, until a class is the default", async () => {
    sim.start({ hasClasses: true, requiresClass: true });
    await apply();
    expect(await org.ready("one")).toMatch(BLOCKED);
    expect(sim.writes("aws")).toEqual([]);
    await org.applyClass("a", {}, { isDefault: true });
    await org.pass();
    expect(await org.ready("one")).toBe(IN_SYNC);
    expect(org.rolesIn(TEAMS.a)).toEqual(["one"]);
  });

  test("leaves what was created before as it is, drift and all, and deletes it with its object", async () => {
    const before = sim.start({ hasClasses: true });
    await apply();
    expect(await org.ready("one")).toBe(IN_SYNC);
    await before.stop();
    sim.start({ hasClasses: true, requiresClass: true });
    must(await sim.servers.aws.iam("DeleteRolePolicy", { RoleName: "one", PolicyName: "one" }, HOME));
    const written = sim.writes("aws").length;
    await org.pass(30 * MINUTE_MS);
    expect(await org.ready("one")).toMatch(BLOCKED);
    expect(sim.writes("aws").length).toBe(written);
    await sim.delete(KEY);
    await org.pass();
    expect(await sim.object(KEY)).toBeUndefined();
    expect(org.rolesIn(HOME)).toEqual([]);
  });
});
