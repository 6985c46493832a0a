import { describe, expect, test } from "vitest";
import { OrphanWorld } from "../support/simulation/orphan-world.ts";

describe("an object that is deleted after something has taken its finalizer off", () => {
  test("is reported at once: an Event about it, and a line in the log, with the ARNs and what to do", async () => {
    const world = await OrphanWorld.open();
    const uid = await world.uid("app");
    await world.lose("app");
    await world.sim.run(5_000);
    expect(await world.notes("app", "OrphanedInAWS")).toEqual([
      "role arn:aws:iam::123456789012:role/app and instance profile arn:aws:iam::123456789012:instance-profile/app in AWS account " +
        "123456789012: left in AWS, because the object was deleted after its finalizer had been removed. Create the " +
        `object again to resume it, delete it in IAM, or keep it: tag the role iam.instanceprofile.dev/retained=${uid}.`,
    ]);
    expect(world.logged("warn")).toEqual(["an object was deleted without its finalizer and left entities in AWS"]);
  });

  test("is counted and reported once more by the second account scan that finds the role, and once only", async () => {
    const world = await OrphanWorld.open();
    await world.lose("app");
    await world.scans(1);
    expect(world.counted).toBe(0);
    await world.scans(1);
    expect(world.counted).toBe(1);
    await world.scans(3);
    expect(world.counted).toBe(1);
    expect(world.logged("warn", "error")).toEqual([
      "an object was deleted without its finalizer and left entities in AWS",
      "a role in AWS is an orphan",
    ]);
  });

  test("keeps its role and profile under --orphan-policy=Retain, the default", async () => {
    const world = await OrphanWorld.open();
    await world.lose("app");
    await world.scans(5);
    expect(world.roles).toEqual(["app", "bystander"]);
    expect(world.instanceProfiles).toEqual(["app", "bystander"]);
    expect(world.sim.writes("aws", 13 * 60_000)).toEqual([]);
  });

  test("loses them under Delete after two account scans, and nothing else goes", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    await world.lose("app");
    await world.scans(1);
    expect(world.roles).toEqual(["app", "bystander"]);
    await world.scans(2);
    expect(world.roles).toEqual(["bystander"]);
    expect(world.instanceProfiles).toEqual(["bystander"]);
    expect(await world.events("app")).toContain("OrphanDeleted");
    expect(world.replica.orphansDeleted).toBe(1);
    await world.scans(1);
    expect(world.counted).toBe(0);
  });

  test("is found after a restart too, by a process that never saw the object, which deletes nothing", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    world.replica.kill();
    await world.lose("app");
    await world.restart({ orphanPolicy: "Delete" });
    await world.scans(4);
    expect(world.counted).toBe(1);
    expect(world.logged("warn")).toEqual(["a role in AWS is an orphan"]);
    expect(await world.notes("app", "OrphanedInAWS")).toEqual([expect.stringContaining("which does not exist")]);
    expect(world.roles).toEqual(["app", "bystander"]);
  });

  test("is found where it was the last object of the account, and kept: an empty cluster may be one that is being restored", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" }, ["app"]);
    await world.lose("app");
    await world.scans(4);
    expect(world.counted).toBe(1);
    expect(world.logged("warn")).toContain("no orphan is deleted");
    expect(world.roles).toEqual(["app"]);
  });
});

describe("an object that is created again under the same name", () => {
  test("resumes the role, which is no orphan then", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    await world.lose("app");
    await world.apply("app");
    await world.scans(4);
    expect(world.counted).toBe(0);
    expect(await world.events("app")).not.toContain("OrphanedInAWS");
    expect(world.roles).toEqual(["app", "bystander"]);
  });

  test("resumes the role also between the two scans, and before the deletion's first write", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    await world.lose("app");
    await world.scans(1);
    await world.apply("app");
    await world.scans(3);
    expect(world.counted).toBe(0);
    expect(world.roles).toEqual(["app", "bystander"]);
    expect(world.instanceProfiles).toEqual(["app", "bystander"]);
  });

  test("leaves the old role an orphan when it names another one, which is reported and never deleted", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    await world.lose("app");
    await world.apply("app", { roleName: "app-2" });
    await world.scans(4);
    expect(world.counted).toBe(1);
    const notes = await world.notes("app", "OrphanedInAWS");
    expect(notes.at(-1)).toContain("which names another role");
    expect(world.roles).toEqual(["app", "app-2", "bystander"]);
    expect(world.heldBackBy).toBeUndefined();
  });
});

describe("what is left in AWS on purpose", () => {
  test("by deletionPolicy Retain is tagged so, and no orphan to this process or the next", async () => {
    const world = await OrphanWorld.open();
    await world.apply("app", { deletionPolicy: "Retain" });
    await world.sim.run(60_000);
    const uid = await world.uid("app");
    await world.sim.delete(world.key("app"));
    await world.scans(3);
    expect(world.counted).toBe(0);
    expect(world.sim.awsState().roles["app"]).toMatchObject({ tags: { "iam.instanceprofile.dev/retained": uid } });
    await world.restart();
    await world.scans(3);
    expect(world.counted).toBe(0);
    expect(world.logged("warn")).toEqual([]);
    expect(await world.events("app")).not.toContain("OrphanedInAWS");
  });

  test("by an operator, who tags an orphan as retained, is counted no longer", async () => {
    const world = await OrphanWorld.open();
    const uid = await world.uid("app");
    await world.lose("app");
    await world.scans(3);
    expect(world.counted).toBe(1);
    await world.iam("TagRole", {
      RoleName: "app",
      "Tags.member.1.Key": "iam.instanceprofile.dev/retained",
      "Tags.member.1.Value": uid,
    });
    await world.scans(2);
    expect(world.counted).toBe(0);
  });

  test("because it was adopted is no orphan when its object goes", async () => {
    const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
    await world.role("theirs", "none");
    await world.apply("theirs", { adoptionPolicy: "IfExists" });
    await world.scans(1);
    await world.sim.delete(world.key("theirs"));
    await world.scans(3);
    expect(world.counted).toBe(0);
    expect(world.roles).toContain("theirs");
    expect(await world.events("theirs")).not.toContain("OrphanedInAWS");
  });
});

test("a deletion in good order is no orphan at any moment", async () => {
  const world = await OrphanWorld.open({ orphanPolicy: "Delete" });
  await world.sim.delete(world.key("app"));
  await world.scans(3);
  expect(world.counted).toBe(0);
  expect(world.roles).toEqual(["bystander"]);
  expect(await world.events("app")).not.toContain("OrphanedInAWS");
  expect(world.logged("warn", "error")).toEqual([]);
});
