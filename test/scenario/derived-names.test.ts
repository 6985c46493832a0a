import { afterEach, beforeEach, expect, test } from "vitest";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, TEAMS } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";

const MINUTE_MS = 60_000;
const KEY = { namespace: "default", name: "web" };
const OLD_NAME = "old-default--web";

let sim: Simulation;
let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  sim = org.sim;
});
afterEach(() => org.close());

/** An object that names no role. */
async function apply(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await sim.apply(s3ReadOnly(KEY, { roleName: undefined, className: "a", ...spec }));
  await org.pass();
}

const status = async () => (await sim.user.read(KEY))?.status;

test("a role without a name gets one with the prefix of its class, and keeps it when the prefix changes", async () => {
  await org.applyClass("a", { roleNamePrefix: "old-" });
  sim.start({ hasClasses: true });
  await apply();
  expect(await org.ready("web")).toMatch(/^True InSync/);
  expect(await status()).toMatchObject({
    role: { name: OLD_NAME, arn: `arn:aws:iam::${TEAMS.a}:role/${OLD_NAME}` },
    instanceProfile: { name: OLD_NAME },
  });
  await org.applyClass("a", { roleNamePrefix: "new-" });
  await apply({ description: "edited" });
  expect(await org.ready("web")).toMatch(
    /^False RoleNameNotAllowed: spec.roleName old-default--web does not begin with new-/,
  );
  expect(org.rolesIn(TEAMS.a)).toEqual([OLD_NAME]);
  await org.applyClass("a", { roleNamePrefix: "old-" });
  await org.pass();
  expect(await org.ready("web")).toMatch(/^True InSync/);
  expect(org.rolesIn(TEAMS.a)).toEqual([OLD_NAME]);
});

test("the name is in status before the first write, so that a prefix which changes meanwhile makes no second role", async () => {
  await org.applyClass("a", { roleNamePrefix: "old-" });
  sim.servers.aws.denyActions.add("iam:CreateInstanceProfile");
  sim.start({ hasClasses: true });
  await apply();
  expect(await org.ready("web")).toMatch(/^False AccessDenied/);
  expect(await status()).toMatchObject({ role: { name: OLD_NAME }, instanceProfile: { name: OLD_NAME } });
  await org.applyClass("a", { roleNamePrefix: "new-" });
  sim.servers.aws.denyActions.clear();
  await org.pass(10 * MINUTE_MS);
  expect(await org.ready("web")).toMatch(/^False RoleNameNotAllowed/);
  expect(org.rolesIn(TEAMS.a)).toEqual([OLD_NAME]);
});

test("an object that has lost its status finds its role by the owner tags, also when the prefix has changed", async () => {
  await org.applyClass("a", { roleNamePrefix: "old-" });
  const first = sim.start({ hasClasses: true });
  await apply();
  expect(await org.ready("web")).toMatch(/^True InSync/);
  await first.stop();
  await wipeStatus();
  await org.applyClass("a", { roleNamePrefix: "new-" });
  sim.start({ hasClasses: true });
  await org.pass(5 * MINUTE_MS);
  expect(await org.ready("web")).toMatch(/^False RoleNameNotAllowed: spec.roleName old-default--web/);
  expect(org.rolesIn(TEAMS.a)).toEqual([OLD_NAME]);
  await org.applyClass("a", { roleNamePrefix: "old-" });
  await org.pass(5 * MINUTE_MS);
  expect(await org.ready("web")).toMatch(/^True InSync/);
  expect(await status()).toMatchObject({ role: { name: OLD_NAME, arn: expect.stringContaining(OLD_NAME) } });
  expect(org.rolesIn(TEAMS.a)).toEqual([OLD_NAME]);
});

/** Another client removes the status. */
async function wipeStatus(): Promise<void> {
  await sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles/web/status`,
    body: [{ op: "replace", path: "/status", value: { observedGeneration: -1 } }],
    contentType: "application/json-patch+json",
  });
}
