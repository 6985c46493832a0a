import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AwsState } from "../support/aws-state.ts";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import type { ScenarioWorld } from "../support/scenario-world.ts";

const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const POWER = "arn:aws:iam::aws:policy/PowerUserAccess";
const OTHER_TRUST = EC2_TRUST.replace("ec2.", "lambda.");
/** Longer than the settle window: what is seen then is no late read. */
const LATER_MS = 600_000;

/** An object with something in every field that somebody else can change in AWS. */
export const DRIFTING_SPEC = {
  description: "reads buckets",
  maxSessionDurationSeconds: 7200,
  managedPolicyArns: [SSM],
  permissionsBoundaryArn: POWER,
  tags: { team: "a" },
} as const;

/** One call of somebody else's, and what it names beside the role or profile. */
export type Step = readonly [action: string, params: Readonly<Record<string, string>>];

/** Calls by which somebody else changes what one object has in AWS. */
export interface OutsiderSteps {
  readonly role: (action: string, params?: Readonly<Record<string, string>>) => Step;
  readonly profile: (action: string, params?: Readonly<Record<string, string>>) => Step;
  /** All that it takes to delete the role. */
  readonly roleGoes: readonly Step[];
}

/** The parameters that set one tag. */
export const tag = (key: string, value: string): Readonly<Record<string, string>> => ({
  "Tags.member.1.Key": key,
  "Tags.member.1.Value": value,
});

/** The steps for the object of this name, its role and profile named as itself. */
export function stepsFor(name: string): OutsiderSteps {
  const role: OutsiderSteps["role"] = (action, params = {}) => [action, { RoleName: name, ...params }];
  const profile: OutsiderSteps["profile"] = (action, params = {}) => [action, { InstanceProfileName: name, ...params }];
  const roleGoes = [
    profile("RemoveRoleFromInstanceProfile", { RoleName: name }),
    role("DetachRolePolicy", { PolicyArn: SSM }),
    role("DeleteRolePolicy", { PolicyName: name }),
    role("DeleteRole"),
  ];
  return { role, profile, roleGoes };
}

/** What somebody does, and what becomes of it. */
export interface Drift {
  readonly steps: readonly Step[];
  /** The writes that repair it, in order. */
  readonly repair: readonly string[];
  /** What the Event says of it. */
  readonly told: string;
  /** Events beside DriftRepaired. */
  readonly also?: readonly string[];
}

/** Every way in which somebody can change what an object stands for, and what sets it right. */
export const DRIFTS: Readonly<Record<string, (name: string, steps: OutsiderSteps) => Drift>> = {
  "the trust policy is edited": (name, { role }) => ({
    steps: [role("UpdateAssumeRolePolicy", { PolicyDocument: OTHER_TRUST })],
    repair: ["UpdateAssumeRolePolicy"],
    told: `~ trust policy of role ${name}`,
  }),
  "the inline policy is edited": (name, { role }) => ({
    steps: [role("PutRolePolicy", { PolicyName: name, PolicyDocument: ALLOW_ALL })],
    repair: ["PutRolePolicy"],
    told: `~ inline policy ${name} of role ${name}`,
  }),
  "the inline policy is removed": (name, { role }) => ({
    steps: [role("DeleteRolePolicy", { PolicyName: name })],
    repair: ["PutRolePolicy"],
    told: `+ inline policy ${name} of role ${name}`,
  }),
  "a managed policy is detached": (name, { role }) => ({
    steps: [role("DetachRolePolicy", { PolicyArn: SSM })],
    repair: ["AttachRolePolicy"],
    told: `+ managed policy ${SSM} on role ${name}`,
  }),
  "the boundary is removed": (name, { role }) => ({
    steps: [role("DeleteRolePermissionsBoundary")],
    repair: ["PutRolePermissionsBoundary"],
    told: `~ permissions boundary of role ${name}`,
  }),
  "the boundary is replaced": (name, { role }) => ({
    steps: [role("PutRolePermissionsBoundary", { PermissionsBoundary: ADMIN })],
    repair: ["PutRolePermissionsBoundary"],
    told: `~ permissions boundary of role ${name}`,
  }),
  "the session duration and the description are edited": (name, { role }) => ({
    steps: [role("UpdateRole", { Description: "theirs", MaxSessionDuration: "3600" })],
    repair: ["UpdateRole"],
    told: `~ role ${name}`,
  }),
  "the description is edited": (name, { role }) => ({
    steps: [role("UpdateRoleDescription", { Description: "theirs" })],
    repair: ["UpdateRole"],
    told: `~ role ${name}`,
  }),
  "a tag of the role is edited": (name, { role }) => ({
    steps: [role("TagRole", tag("team", "b"))],
    repair: ["TagRole"],
    told: `~ tags of role ${name}`,
  }),
  "a tag of the role is removed": (name, { role }) => ({
    steps: [role("UntagRole", { "TagKeys.member.1": "team" })],
    repair: ["TagRole"],
    told: `~ tags of role ${name}`,
  }),
  "our record on the role is removed": (name, { role }) => ({
    steps: [role("UntagRole", { "TagKeys.member.1": "iam.instanceprofile.dev/applied" })],
    repair: ["TagRole"],
    told: `~ tags of role ${name}`,
  }),
  "a tag of the profile is edited": (name, { profile }) => ({
    steps: [profile("TagInstanceProfile", tag("team", "b"))],
    repair: ["TagInstanceProfile"],
    told: `~ tags of instance profile ${name}`,
  }),
  "a tag of the profile is removed": (name, { profile }) => ({
    steps: [profile("UntagInstanceProfile", { "TagKeys.member.1": "team" })],
    repair: ["TagInstanceProfile"],
    told: `~ tags of instance profile ${name}`,
  }),
  "the role is taken out of the profile": (name, { profile }) => ({
    steps: [profile("RemoveRoleFromInstanceProfile", { RoleName: name })],
    repair: ["AddRoleToInstanceProfile"],
    told: `+ role ${name} in instance profile ${name}`,
  }),
  "another role is put into the profile": (name, { profile }) => ({
    steps: [
      profile("RemoveRoleFromInstanceProfile", { RoleName: name }),
      ["CreateRole", { RoleName: `${name}-theirs`, AssumeRolePolicyDocument: EC2_TRUST }],
      profile("AddRoleToInstanceProfile", { RoleName: `${name}-theirs` }),
    ],
    repair: ["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"],
    told: `- role ${name}-theirs in instance profile ${name}; + role ${name} in instance profile ${name}`,
  }),
  "the profile is deleted": (name, { profile }) => ({
    steps: [profile("RemoveRoleFromInstanceProfile", { RoleName: name }), profile("DeleteInstanceProfile")],
    repair: ["CreateInstanceProfile", "AddRoleToInstanceProfile"],
    told: `+ instance profile ${name}; + role ${name} in instance profile ${name}`,
    also: ["InstanceProfileRecreated"],
  }),
  "the role is deleted": (name, { roleGoes }) => ({
    steps: roleGoes,
    repair: ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "AddRoleToInstanceProfile"],
    told: `+ role ${name}; `,
    also: ["RoleRecreated"],
  }),
  "everything is deleted": (name, { profile, roleGoes }) => ({
    steps: [...roleGoes, profile("DeleteInstanceProfile")],
    repair: ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
    told: `+ role ${name}; `,
    also: ["RoleRecreated", "InstanceProfileRecreated"],
  }),
};

/** What AWS has, whatever the unique ids. */
export function withoutIds({ roles, instanceProfiles }: AwsState): unknown {
  const strip = (all: Readonly<Record<string, unknown>>) =>
    Object.values(all).map((it) => ({ ...(it as object), id: "" }));
  return { roles: strip(roles), instanceProfiles: strip(instanceProfiles) };
}

/** The object's own part of it: the story of another role puts that beside it. */
async function ofOurs(world: ScenarioWorld): Promise<AwsState> {
  const { roles, instanceProfiles } = await world.awsState();
  const { name } = world.key;
  const only = (all: Readonly<Record<string, unknown>>) => (name in all ? { [name]: all[name] } : {});
  return { roles: only(roles), instanceProfiles: only(instanceProfiles) };
}

/** Every drift that somebody can make is repaired when the controller is asked to look, and told by what was repaired. */
export function driftStories(open: () => Promise<ScenarioWorld>): void {
  describe("drift", () => {
    let world: ScenarioWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world?.close());

    test.each(Object.keys(DRIFTS))("is repaired and told when %s", async (title) => {
      await world.reset();
      const { name } = world.key;
      const drift = DRIFTS[title]?.(name, stepsFor(name));
      if (drift === undefined) throw new Error(`no drift ${title}`);
      await world.apply(world.manifest(DRIFTING_SPEC));
      const controller = world.controller();
      await controller.settle();
      const before = withoutIds(await ofOurs(world));
      world.nowMs += LATER_MS;
      world.forgetCalls();
      for (const [action, params] of drift.steps) await world.outsider(action, params);
      expect(withoutIds(await ofOurs(world))).not.toEqual(before);
      await world.annotate({ "iam.instanceprofile.dev/reconcile-at": "now" });
      await controller.settle();
      expect(withoutIds(await ofOurs(world))).toEqual(before);
      expect(world.awsWrites()).toEqual(drift.repair);
      expect((await world.eventReasons()).slice(1)).toEqual(["DriftRepaired", ...(drift.also ?? [])]);
      expect((await world.eventNotes())[1]).toContain(drift.told);
      expect(await world.ready()).toBe("True InSync");
      expect((await world.object())?.status?.lastHandledReconcileAt).toBe("now");
      world.forgetCalls();
      for (let i = 0; i < 3; i++) await controller.settle();
      expect([world.awsWrites(), world.kubeWrites()]).toEqual([[], []]);
    });
  });
}
