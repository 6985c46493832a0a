import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";

const ROLE = "s3-read-only";
const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const POWER = "arn:aws:iam::aws:policy/PowerUserAccess";
const OTHER_TRUST = EC2_TRUST.replace("ec2.", "lambda.");
const SPEC = {
  description: "reads buckets",
  maxSessionDurationSeconds: 7200,
  managedPolicyArns: [SSM],
  permissionsBoundaryArn: POWER,
  tags: { team: "a" },
};
/** Longer than the settle window: what is seen then is no late read. */
const LATER_MS = 600_000;

type Step = readonly [action: string, params: Readonly<Record<string, string>>];
const role = (action: string, params: Readonly<Record<string, string>> = {}): Step => [
  action,
  { RoleName: ROLE, ...params },
];
const profile = (action: string, params: Readonly<Record<string, string>> = {}): Step => [
  action,
  { InstanceProfileName: ROLE, ...params },
];
const tag = (key: string, value: string) => ({ "Tags.member.1.Key": key, "Tags.member.1.Value": value });
const OUT_OF_PROFILE = profile("RemoveRoleFromInstanceProfile", { RoleName: ROLE });
const ROLE_GOES: readonly Step[] = [
  OUT_OF_PROFILE,
  role("DetachRolePolicy", { PolicyArn: SSM }),
  role("DeleteRolePolicy", { PolicyName: ROLE }),
  role("DeleteRole"),
];

interface Drift {
  readonly steps: readonly Step[];
  /** The writes that repair it, in order. */
  readonly repair: readonly string[];
  /** What the Event says of it. */
  readonly told: string;
  /** Events beside DriftRepaired. */
  readonly also?: readonly string[];
}

/** Every way in which somebody can change what an object stands for, and what sets it right. */
const DRIFTS: Readonly<Record<string, Drift>> = {
  "the trust policy is edited": {
    steps: [role("UpdateAssumeRolePolicy", { PolicyDocument: OTHER_TRUST })],
    repair: ["UpdateAssumeRolePolicy"],
    told: `~ trust policy of role ${ROLE}`,
  },
  "the inline policy is edited": {
    steps: [role("PutRolePolicy", { PolicyName: ROLE, PolicyDocument: ALLOW_ALL })],
    repair: ["PutRolePolicy"],
    told: `~ inline policy ${ROLE} of role ${ROLE}`,
  },
  "the inline policy is removed": {
    steps: [role("DeleteRolePolicy", { PolicyName: ROLE })],
    repair: ["PutRolePolicy"],
    told: `+ inline policy ${ROLE} of role ${ROLE}`,
  },
  "a managed policy is detached": {
    steps: [role("DetachRolePolicy", { PolicyArn: SSM })],
    repair: ["AttachRolePolicy"],
    told: `+ managed policy ${SSM} on role ${ROLE}`,
  },
  "the boundary is removed": {
    steps: [role("DeleteRolePermissionsBoundary")],
    repair: ["PutRolePermissionsBoundary"],
    told: `~ permissions boundary of role ${ROLE}`,
  },
  "the boundary is replaced": {
    steps: [role("PutRolePermissionsBoundary", { PermissionsBoundary: ADMIN })],
    repair: ["PutRolePermissionsBoundary"],
    told: `~ permissions boundary of role ${ROLE}`,
  },
  "the session duration and the description are edited": {
    steps: [role("UpdateRole", { Description: "theirs", MaxSessionDuration: "3600" })],
    repair: ["UpdateRole"],
    told: `~ role ${ROLE}`,
  },
  "the description is edited": {
    steps: [role("UpdateRoleDescription", { Description: "theirs" })],
    repair: ["UpdateRole"],
    told: `~ role ${ROLE}`,
  },
  "a tag of the role is edited": {
    steps: [role("TagRole", tag("team", "b"))],
    repair: ["TagRole"],
    told: `~ tags of role ${ROLE}`,
  },
  "a tag of the role is removed": {
    steps: [role("UntagRole", { "TagKeys.member.1": "team" })],
    repair: ["TagRole"],
    told: `~ tags of role ${ROLE}`,
  },
  "our record on the role is removed": {
    steps: [role("UntagRole", { "TagKeys.member.1": "iam.instanceprofile.dev/applied" })],
    repair: ["TagRole"],
    told: `~ tags of role ${ROLE}`,
  },
  "a tag of the profile is edited": {
    steps: [profile("TagInstanceProfile", tag("team", "b"))],
    repair: ["TagInstanceProfile"],
    told: `~ tags of instance profile ${ROLE}`,
  },
  "a tag of the profile is removed": {
    steps: [profile("UntagInstanceProfile", { "TagKeys.member.1": "team" })],
    repair: ["TagInstanceProfile"],
    told: `~ tags of instance profile ${ROLE}`,
  },
  "the role is taken out of the profile": {
    steps: [OUT_OF_PROFILE],
    repair: ["AddRoleToInstanceProfile"],
    told: `+ role ${ROLE} in instance profile ${ROLE}`,
  },
  "another role is put into the profile": {
    steps: [
      OUT_OF_PROFILE,
      ["CreateRole", { RoleName: "theirs", AssumeRolePolicyDocument: EC2_TRUST }],
      profile("AddRoleToInstanceProfile", { RoleName: "theirs" }),
    ],
    repair: ["RemoveRoleFromInstanceProfile", "AddRoleToInstanceProfile"],
    told: `- role theirs in instance profile ${ROLE}; + role ${ROLE} in instance profile ${ROLE}`,
  },
  "the profile is deleted": {
    steps: [OUT_OF_PROFILE, profile("DeleteInstanceProfile")],
    repair: ["CreateInstanceProfile", "AddRoleToInstanceProfile"],
    told: `+ instance profile ${ROLE}; + role ${ROLE} in instance profile ${ROLE}`,
    also: ["InstanceProfileRecreated"],
  },
  "the role is deleted": {
    steps: ROLE_GOES,
    repair: ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "AddRoleToInstanceProfile"],
    told: `+ role ${ROLE}; `,
    also: ["RoleRecreated"],
  },
  "everything is deleted": {
    steps: [...ROLE_GOES, profile("DeleteInstanceProfile")],
    repair: ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
    told: `+ role ${ROLE}; `,
    also: ["RoleRecreated", "InstanceProfileRecreated"],
  },
};

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** The object made and told, long ago. */
async function established(spec: Parameters<typeof manifest>[0] = SPEC) {
  await world.reset();
  await world.apply(manifest(spec));
  const controller = world.controller();
  await controller.settle();
  world.nowMs += LATER_MS;
  world.forgetCalls();
  return controller;
}

async function carriedOut(steps: readonly Step[]): Promise<void> {
  for (const [action, params] of steps) await world.outsider(action, params);
}

/** What one AWS has, whatever the unique ids. */
function state(): unknown {
  const { roles, instanceProfiles } = world.aws.snapshot({ ids: "omit" });
  return { role: roles[ROLE], instanceProfile: instanceProfiles[ROLE] };
}

const lookNow = () => world.annotate({ "iam.instanceprofile.dev/reconcile-at": "now" });
const tellingEvents = () => world.kube.events.slice(1).map(({ reason }) => reason);

describe("drift", () => {
  test.each(Object.entries(DRIFTS))("is repaired and told when %s", async (_, { steps, repair, told, also = [] }) => {
    const controller = await established();
    const before = state();
    await carriedOut(steps);
    expect(state()).not.toEqual(before);
    await lookNow();
    await controller.settle();
    expect(state()).toEqual(before);
    expect(world.awsWrites()).toEqual(repair);
    expect(tellingEvents()).toEqual(["DriftRepaired", ...also]);
    expect(world.kube.events[1]?.note).toContain(told);
    expect(await world.ready()).toBe("True InSync");
    expect((await world.object())?.status).toMatchObject({
      lastHandledReconcileAt: "now",
      role: { id: world.aws.snapshot().roles[ROLE]?.id },
      instanceProfile: { id: world.aws.snapshot().instanceProfiles[ROLE]?.id },
    });
    world.forgetCalls();
    for (let i = 0; i < 3; i++) await controller.settle();
    expect([world.awsWrites(), world.kubeWrites()]).toEqual([[], []]);
  });

  test("that is a boundary or a description which the spec does not have is removed", async () => {
    const controller = await established({});
    await carriedOut([
      role("PutRolePermissionsBoundary", { PermissionsBoundary: POWER }),
      role("UpdateRoleDescription", { Description: "theirs" }),
    ]);
    await controller.settle();
    expect(world.awsWrites().toSorted()).toEqual(["DeleteRolePermissionsBoundary", "UpdateRole"]);
    expect(world.aws.snapshot().roles[ROLE]).not.toHaveProperty("permissionsBoundaryArn");
  });

  test("of what others add beside ours is none: it stays, and is listed", async () => {
    const controller = await established();
    await carriedOut([
      role("PutRolePolicy", { PolicyName: "theirs", PolicyDocument: ALLOW_ALL }),
      role("AttachRolePolicy", { PolicyArn: READ_ONLY }),
      role("TagRole", tag("cost-centre", "7")),
      profile("TagInstanceProfile", tag("cost-centre", "7")),
    ]);
    const theirs = state();
    await lookNow();
    await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(state()).toEqual(theirs);
    expect((await world.object())?.status?.unmanagedPolicies).toEqual([READ_ONLY, "theirs"]);
    // A repair beside it leaves it alone too.
    await carriedOut([role("DetachRolePolicy", { PolicyArn: SSM }), role("UntagRole", { "TagKeys.member.1": "team" })]);
    world.nowMs += LATER_MS;
    await controller.settle();
    expect(state()).toEqual(theirs);
  });

  test("of what others add beside ours is removed where the spec says so, and told", async () => {
    const controller = await established({ ...SPEC, unmanagedPolicies: "Remove" });
    const before = state();
    await carriedOut([
      role("PutRolePolicy", { PolicyName: "theirs", PolicyDocument: ALLOW_ALL }),
      role("AttachRolePolicy", { PolicyArn: ADMIN }),
    ]);
    await controller.settle();
    expect(state()).toEqual(before);
    expect(world.awsWrites().toSorted()).toEqual(["DeleteRolePolicy", "DetachRolePolicy"]);
    expect(world.kube.events.at(-1)).toMatchObject({ reason: "DriftRepaired" });
    expect(world.kube.events.at(-1)?.note).toContain(`- managed policy ${ADMIN} on role ${ROLE}`);
    expect(world.kube.events.at(-1)?.note).toContain(`- inline policy theirs of role ${ROLE}`);
  });
});

describe("a role that somebody deleted and made again", () => {
  async function madeAgain(tags: Readonly<Record<string, string>> = {}): Promise<void> {
    const pairs = Object.entries(tags).flatMap(([key, value], i) => [
      [`Tags.member.${i + 1}.Key`, key],
      [`Tags.member.${i + 1}.Value`, value],
    ]);
    await carriedOut([
      ...ROLE_GOES,
      role("CreateRole", { AssumeRolePolicyDocument: OTHER_TRUST, ...Object.fromEntries(pairs) }),
    ]);
  }

  test("with our tags, as a backup would, is ours: it is made whole, and told by both ids", async () => {
    const controller = await established();
    const before = state();
    const { id, tags = {} } = world.aws.snapshot().roles[ROLE] ?? {};
    await madeAgain(tags);
    await controller.settle();
    expect(state()).toEqual(before);
    expect(tellingEvents()).toEqual(["DriftRepaired", "RoleRecreated"]);
    const { note } = world.kube.events.at(-1) ?? {};
    expect(note).toContain("made again by somebody else");
    expect(note).toContain(`${world.aws.snapshot().roles[ROLE]?.id} in place of ${id}`);
    expect((await world.object())?.status?.role?.id).toBe(world.aws.snapshot().roles[ROLE]?.id);
  });

  test("without our tags is not ours: nothing is written, and it is told once which role that is", async () => {
    const controller = await established();
    const { id } = (await world.object())?.status?.role ?? {};
    await madeAgain();
    for (let i = 0; i < 3; i++) await controller.settle();
    expect(world.awsWrites()).toEqual([]);
    expect(await world.ready()).toBe("False AlreadyExists");
    expect(tellingEvents()).toEqual(["RoleRecreated", "AlreadyExists"]);
    expect((await world.object())?.status?.role?.id).toBe(id);
  });

  test("without our tags is adopted where the spec allows that, and told", async () => {
    const controller = await established({ ...SPEC, adoptionPolicy: "IfExists" });
    await madeAgain();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(tellingEvents()).toEqual(["AdoptionPlanned", "Adopted", "RoleRecreated"]);
  });
});
