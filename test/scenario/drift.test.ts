import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALLOW_ALL, EC2_TRUST } from "../support/outsider.ts";
import { manifest, World } from "../support/world.ts";
import { DRIFTING_SPEC, driftStories, type Step, stepsFor, tag } from "./drift-stories.ts";

const ROLE = "s3-read-only";
const SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const POWER = "arn:aws:iam::aws:policy/PowerUserAccess";
const OTHER_TRUST = EC2_TRUST.replace("ec2.", "lambda.");
/** Longer than the settle window: what is seen then is no late read. */
const LATER_MS = 600_000;

const { role, profile, roleGoes } = stepsFor(ROLE);

driftStories(() => World.open());

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** The object made and told, long ago. */
async function established(spec: Parameters<typeof manifest>[0] = DRIFTING_SPEC) {
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

describe("drift beyond that", () => {
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
    const controller = await established({ ...DRIFTING_SPEC, unmanagedPolicies: "Remove" });
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
      ...roleGoes,
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
    expect(note).toContain("created again by another client");
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
    const controller = await established({ ...DRIFTING_SPEC, adoptionPolicy: "IfExists" });
    await madeAgain();
    await controller.settle();
    expect(await world.ready()).toBe("True InSync");
    expect(tellingEvents()).toEqual(["AdoptionPlanned", "Adopted", "RoleRecreated"]);
  });
});
