import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import type { OrphanObserver, OrphanOptions } from "../../../src/controller/orphans/orphan-options.ts";
import { OrphanRemoval } from "../../../src/controller/orphans/orphan-removal.ts";
import type { Orphan } from "../../../src/engine/orphans/orphans.ts";
import { BlockedError } from "../../../src/errors.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { aUser, OrphanDesk } from "../../support/orphan-desk.ts";

const signal = new AbortController().signal;

let desk: OrphanDesk;
let deletions: number;
beforeEach(() => {
  desk = new OrphanDesk();
  deletions = 0;
});

const observer: OrphanObserver = {
  counted: () => {},
  left: () => {},
  deleted: () => {
    deletions += 1;
  },
};

const removal = (options: Partial<OrphanOptions> = {}) => new OrphanRemoval("own", desk.options(options), observer);

/** The orphan that a scan finds for the deleted object. */
function orphanOf({ metadata: { namespace, name, uid }, status }: InstanceProfile, more: Partial<Orphan> = {}): Orphan {
  const { arn = "", id: roleId = "" } = status?.role ?? {};
  return {
    kind: "ObjectGone",
    owner: { clusterId: CLUSTER_ID, namespace, name, uid },
    role: { roleName: name, roleId, arn },
    accountId: "123456789012",
    ...more,
  };
}

/** An orphan whose object this process saw in deletion. */
async function provenOrphan(name = "app", ...more: [Parameters<OrphanDesk["leave"]>[1]?]): Promise<Orphan> {
  const object = await desk.leave(name, ...more);
  desk.deleted.record(object);
  return orphanOf(object);
}

const warnings = () => desk.logger.lines.filter(({ level }) => level === "warn");

test("a proven orphan is deleted with its instance profile, and an Event reports it", async () => {
  const orphan = await provenOrphan();
  expect(removal().mayRemove(orphan)).toBe(true);
  await removal().remove(desk.account, [orphan], signal);
  expect(desk.iam.account).toEqual({ roles: {}, instanceProfiles: {} });
  expect(desk.kube.events).toMatchObject([{ type: "Normal", reason: "OrphanDeleted", regarding: { name: "app" } }]);
  expect(deletions).toBe(1);
});

describe("an orphan stays", () => {
  /** Expects that the orphan is not deleted. */
  async function expectStays(orphan: Orphan, options: Partial<OrphanOptions> = {}): Promise<void> {
    expect(removal(options).mayRemove(orphan)).toBe(false);
    await removal(options).remove(desk.account, [orphan], signal);
    expect(desk.roles).toEqual(["app"]);
  }

  test("without --orphan-policy=Delete", async () => {
    await expectStays(await provenOrphan(), { policy: "Retain" });
  });

  test.each(["OtherAccount", "OtherRole", "NotResumed"] as const)(
    "when an object of its name exists (%s)",
    async (kind) => {
      await expectStays({ ...(await provenOrphan()), kind });
    },
  );

  test("when this process has not seen the deletion of its object, because any client can write owner tags", async () => {
    await expectStays(orphanOf(await desk.leave()));
  });

  test("when it is another role than the one that the status named", async () => {
    const orphan = await provenOrphan();
    await expectStays({ ...orphan, role: { ...orphan.role, roleId: "AROAOTHER" } });
  });

  test("when the object retained it", async () => {
    await expectStays(await provenOrphan("app", { spec: { deletionPolicy: "Retain" } }));
  });

  test.each([{ uid: "uid-2" }, { namespace: "team-b" }, { name: "other" }])(
    "when its owner tags name another object: %j",
    async (change) => {
      const orphan = await provenOrphan();
      await expectStays({ ...orphan, owner: { ...orphan.owner, ...change } });
    },
  );
});

describe("no orphan is deleted", () => {
  test("while the cluster has no object, because it may be in restoration; the log says so once", async () => {
    const orphan = await provenOrphan();
    desk.hasLiveObjects = false;
    const one = removal();
    for (let scan = 0; scan < 2; scan++) await one.remove(desk.account, [orphan], signal);
    expect(desk.roles).toEqual(["app"]);
    expect(warnings()).toMatchObject([
      { message: "no orphan is deleted", fields: { reason: expect.stringContaining("has no InstanceProfile") } },
    ]);
    desk.hasLiveObjects = true;
    await one.remove(desk.account, [orphan], signal);
    expect(desk.roles).toEqual([]);
  });

  test("while there are more than ten orphans and more than objects", async () => {
    const names = Array.from({ length: 11 }, (_, i) => `app-${i}`);
    const orphans: Orphan[] = [];
    for (const name of names) orphans.push(await provenOrphan(name));
    for (let i = 0; i < 10; i++) desk.cache.set(`team-a/live-${i}`, {});
    await removal().remove(desk.account, orphans, signal);
    expect(desk.roles).toHaveLength(11);
    expect(warnings()).toMatchObject([
      { fields: { orphans: 11, reason: "there are more orphans than InstanceProfiles" } },
    ]);
    desk.cache.set("team-a/live-10", {});
    await removal().remove(desk.account, orphans, signal);
    expect(desk.roles).toEqual([]);
  });
});

test("up to ten orphans are deleted although there are fewer objects", async () => {
  const orphans: Orphan[] = [];
  for (let i = 0; i < 10; i++) orphans.push(await provenOrphan(`app-${i}`));
  await removal().remove(desk.account, orphans, signal);
  expect(desk.roles).toEqual([]);
});

describe("the log names why a proven orphan was not deleted, and no Event reports a deletion", () => {
  async function reasonFor(prepare: () => void): Promise<unknown> {
    const orphan = await provenOrphan();
    prepare();
    await removal().remove(desk.account, [orphan], signal);
    expect(desk.kube.events).toEqual([]);
    expect(deletions).toBe(0);
    return warnings().map(({ message, fields }) => `${message}: ${fields["reason"]}`);
  }

  test("its object exists again", async () => {
    const recreate = () => desk.kube.apply({ ...s3ReadOnly({ namespace: "team-a", name: "app" }) } as never);
    expect(await reasonFor(recreate)).toEqual(["an orphan was not deleted: ObjectExists"]);
    expect(desk.roles).toEqual(["app"]);
  });

  test("an instance uses its instance profile", async () => {
    const use = () => {
      desk.users = [aUser("app")];
    };
    expect(await reasonFor(use)).toEqual([expect.stringMatching(/^an orphan was not deleted: InstancesUseProfile/)]);
    expect(desk.roles).toEqual(["app"]);
  });

  test("AWS refuses a write", async () => {
    const refuse = () => {
      const denied = new BlockedError("not authorized", { reason: "AccessDenied" });
      desk.iam.fate = ({ kind }) => (kind === "DeleteRole" ? denied : "do");
    };
    expect(await reasonFor(refuse)).toEqual(["an orphan was deleted only in part: AccessDenied"]);
  });
});

test("an orphan that is not deleted does not keep the others from being deleted", async () => {
  const orphans = [await provenOrphan("app"), await provenOrphan("other")];
  desk.tagRole("app", { "iam.instanceprofile.dev/uid": "uid-forged" });
  await removal().remove(desk.account, orphans, signal);
  expect(desk.roles).toEqual(["app"]);
  expect(warnings()).toMatchObject([{ fields: { role: orphans[0]?.role.arn, reason: "OrphanNotProven" } }]);
});

test("an orphan that is gone already is not reported as deleted", async () => {
  const orphan = await provenOrphan();
  desk.iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
  await removal().remove(desk.account, [orphan], signal);
  expect([desk.kube.events, deletions, warnings()]).toEqual([[], 0, []]);
});
