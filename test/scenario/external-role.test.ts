import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { snapshotOf } from "../../src/sandbox/aws/account/snapshot.ts";
import type { Manifest } from "../support/cluster-user.ts";
import { scenarioClass } from "../support/scenario-class.ts";
import { HOME, Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const TRUST = policy({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });

let sim: Simulation;
let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

/** An object around the role `node` of others. */
function around(name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest {
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { namespace: "default", name },
    spec: { roleName: "node", instanceProfileName: name, role: { management: "External" }, ...spec },
  };
}

async function makeRole(accountId: string = HOME): Promise<void> {
  must(await sim.servers.aws.iam("CreateRole", { RoleName: "node", AssumeRolePolicyDocument: TRUST }, accountId));
}

const account = (accountId: string = HOME) => snapshotOf(sim.servers.aws.cloud.account(accountId));
const roleIn = (name: string, accountId: string = HOME) => account(accountId).instanceProfiles[name]?.roleName;
const writes = (): readonly string[] => sim.writes("aws").map(({ what }) => what);

describe("a role that others manage", () => {
  test("is in the profiles of several objects, is never written, and stays when they are deleted", async () => {
    await makeRole();
    const before = account().roles["node"];
    sim.start({ allowsExternalRoles: true });
    await sim.apply(around("one"));
    await sim.apply(around("two"));
    await org.pass();
    expect([await org.ready("one"), await org.ready("two")]).toEqual([
      expect.stringMatching(/^True InSync/),
      expect.stringMatching(/^True InSync/),
    ]);
    expect((await sim.user.read({ namespace: "default", name: "one" }))?.status).toMatchObject({
      role: { name: "node", arn: `arn:aws:iam::${HOME}:role/node` },
      instanceProfile: { name: "one" },
    });
    expect([roleIn("one"), roleIn("two")]).toEqual(["node", "node"]);
    await org.pass(30 * MINUTE_MS);
    await sim.user.delete({ namespace: "default", name: "one" });
    await org.pass();
    expect([roleIn("one"), roleIn("two")]).toEqual([undefined, "node"]);
    expect(account().roles["node"]).toEqual(before);
    expect(writes().join()).not.toMatch(/(Tag|Untag|Update|Put|Attach|Detach|Delete|Create)\w*Role\b/);
  });

  test("is waited for while it does not exist, and is put back when it was created again", async () => {
    sim.start({ allowsExternalRoles: true });
    await sim.apply(around("one"));
    await org.pass();
    expect(await org.ready("one")).toMatch(/^False RoleNotFound: role node does not exist/);
    expect(account().instanceProfiles).toEqual({});
    await makeRole();
    await org.pass(2 * MINUTE_MS);
    expect(await org.ready("one")).toMatch(/^True InSync/);

    const membership = { InstanceProfileName: "one", RoleName: "node" };
    must(await sim.servers.aws.iam("RemoveRoleFromInstanceProfile", membership, HOME));
    must(await sim.servers.aws.iam("DeleteRole", { RoleName: "node" }, HOME));
    await org.pass(15 * MINUTE_MS);
    expect(await org.ready("one")).toMatch(/^False RoleNotFound/);
    await makeRole();
    await org.pass(2 * MINUTE_MS);
    expect([await org.ready("one"), roleIn("one")]).toEqual([expect.stringMatching(/^True InSync/), "node"]);
  });

  test("that EC2 cannot assume is in the profile, and the status says so", async () => {
    const trust = policy({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });
    must(await sim.servers.aws.iam("CreateRole", { RoleName: "node", AssumeRolePolicyDocument: trust }, HOME));
    sim.start({ allowsExternalRoles: true });
    await sim.apply(around("one"));
    await org.pass();
    expect(await org.ready("one")).toMatch(/^True InSync: .*; external role node does not trust EC2/);
    const before = sim.writes("kube").length;
    await org.pass(30 * MINUTE_MS);
    expect(sim.writes("kube").length).toBe(before);
  });

  test.skipIf(scenarioClass() !== undefined)(
    "is not for objects without a class unless the operator allows it",
    async () => {
      await makeRole();
      sim.start();
      await sim.apply(around("one"));
      await org.pass();
      expect(await org.ready("one")).toMatch(/^False ExternalRoleNotAllowed: .*--allow-external-roles/);
      expect(writes()).toEqual([]);
    },
  );

  test("is for objects whose class names it, and leaves the profile when the class no longer does and strips", async () => {
    await makeRole(TEAMS.a);
    const of = { roleNamePrefix: "{namespace}-", onViolation: "Strip" } as const;
    await org.applyClass("a", { ...of, allowedExternalRoles: ["other"] });
    sim.start({ hasClasses: true });
    const spec = { className: "a", instanceProfileName: "default-one" };
    await sim.apply(around("one", spec));
    await org.pass();
    expect(await org.ready("one")).toMatch(/^False ExternalRoleNotAllowed: .* it allows other/);
    expect(account(TEAMS.a).instanceProfiles).toEqual({});
    await org.applyClass("a", { ...of, allowedExternalRoles: ["no*"] });
    await org.pass();
    expect([await org.ready("one"), roleIn("default-one", TEAMS.a)]).toEqual([
      expect.stringMatching(/^True InSync/),
      "node",
    ]);
    await org.applyClass("a", { ...of, allowedExternalRoles: [] });
    await org.pass();
    expect(await org.ready("one")).toMatch(/^False ExternalRoleNotAllowed/);
    expect(account(TEAMS.a).instanceProfiles["default-one"]).toBeDefined();
    expect(roleIn("default-one", TEAMS.a)).toBeUndefined();
  });
});
