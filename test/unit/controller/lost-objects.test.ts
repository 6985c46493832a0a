import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { FINALIZER, removeFinalizerPatch } from "../../../src/controller/finalizer.ts";
import { Releases } from "../../../src/controller/orphans/deleted-objects.ts";
import { LostObjects, type LostObjectsOptions } from "../../../src/controller/orphans/lost-objects.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError, RetryableError } from "../../../src/errors.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { aPolicy } from "../../support/builders.ts";
import { OrphanDesk } from "../../support/orphan-desk.ts";

const signal = new AbortController().signal;
const raw = (object: InstanceProfile): KubeObject => object as unknown as KubeObject;

let desk: OrphanDesk;
let releases: Releases;
beforeEach(() => {
  desk = new OrphanDesk();
  releases = new Releases();
});

/** Handles the deletion of the object, as the watch shows it. */
async function lost(object: InstanceProfile, options: Partial<LostObjectsOptions> = {}): Promise<void> {
  const objects = new LostObjects({
    ...desk.options({ policy: "Retain" }),
    releases,
    asJudged: () => object,
    accountOf: () => desk.account,
    ...options,
  });
  await objects.objectDeleted(raw(object), object, signal);
}

/** Removes the finalizer of the object, as the controller does when nothing keeps it. */
async function release(object: InstanceProfile): Promise<void> {
  const metadata = { ...object.metadata, finalizers: [FINALIZER] };
  const patch = async (): Promise<KubeObject> => raw(object);
  const client = releases.noting({ get: async () => undefined, patch, patchStatus: patch });
  await client.patch(metadata, removeFinalizerPatch({ metadata }), signal);
}

const notes = (): readonly string[] => desk.kube.events.map(({ reason, note }) => `${reason}: ${note}`);
const ROLE = "arn:aws:iam::123456789012:role/app";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/app";

const POLICY = "arn:aws:iam::123456789012:policy/own";
/** A managed policy of the object's own. */
const OWN = { spec: { managedPolicies: [aPolicy([{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }], "own")] } };

describe("an object that was deleted without its finalizer is reported", () => {
  test("with the entities in AWS that have its owner tags", async () => {
    await lost(await desk.leave());
    expect(notes()).toEqual([
      expect.stringMatching(
        new RegExp(
          `^OrphanedInAWS: role ${ROLE} and instance profile ${PROFILE} in AWS account 123456789012: left in AWS`,
        ),
      ),
    ]);
    expect(desk.logger.lines).toMatchObject([
      { level: "warn", fields: { uid: "uid-app", role: ROLE, instanceProfiles: [PROFILE] } },
    ]);
  });

  test("with its managed policies, also when nothing else is left", async () => {
    const object = await desk.leave("app", OWN);
    await lost(object);
    desk.iam.outsider(({ managedPolicies = [] }) => ({ roles: {}, instanceProfiles: {}, managedPolicies }));
    await lost(object);
    expect(notes()).toEqual([
      expect.stringContaining(`instance profile ${PROFILE} and managed policy ${POLICY} in AWS account`),
      expect.stringMatching(new RegExp(`^OrphanedInAWS: managed policy ${POLICY} in .*keep it: tag it `)),
    ]);
    expect(desk.logger.lines.at(-1)).toMatchObject({ fields: { managedPolicies: [POLICY] } });
  });

  test("with what its status names when AWS cannot be read, or its account is not accessible", async () => {
    const object = await desk.leave();
    desk.iam.beforeRead = () => Promise.reject(new RetryableError("no reply", { reason: "EndpointUnreachable" }));
    await lost(object);
    await lost(object, { accountOf: () => undefined });
    expect(notes()).toEqual([expect.stringContaining(ROLE), expect.stringContaining(ROLE)]);
  });

  test("also when the API server cannot say whether it exists", async () => {
    const get = () => Promise.reject(new RetryableError("no reply", { reason: "EndpointUnreachable" }));
    await lost(await desk.leave(), { client: { get } });
    expect(notes()).toHaveLength(1);
  });

  test("also when an object of the same name manages another role", async () => {
    const object = await desk.leave();
    desk.cache.set("team-a/app", { spec: { roleName: "other" } });
    await lost(object);
    expect(notes()).toHaveLength(1);
  });

  test("with the advice that the controller deletes the role, where it has the proof to do so", async () => {
    const object = await desk.leave();
    await lost(object, { policy: "Delete" });
    desk.deleted.record(object);
    await lost(object, { policy: "Delete" });
    await lost(object, { policy: "Retain" });
    const advice = expect.stringContaining("The controller deletes it when two account scans have confirmed that");
    expect(notes()).toEqual([
      expect.not.stringContaining("deletes it"),
      advice,
      expect.not.stringContaining("deletes it"),
    ]);
  });
});

describe("nothing is reported about an object", () => {
  test("that had nothing in AWS", async () => {
    const { status: _, ...object } = await desk.leave();
    await lost(object);
    expect(notes()).toEqual([]);
  });

  test("that this process has released", async () => {
    const object = await desk.leave();
    await release(object);
    await lost(object);
    expect(notes()).toEqual([]);
  });

  test("that still exists and only no longer matches the label selector", async () => {
    const object = await desk.leave();
    await lost(object, { client: { get: async () => raw(object) } });
    expect(notes()).toEqual([]);
    const recreated = { ...object, metadata: { ...object.metadata, uid: "uid-2" } };
    await lost(object, { client: { get: async () => raw(recreated) } });
    expect(notes()).toHaveLength(1);
  });

  test("whose entities are gone, have another ARN, or have other owner tags", async () => {
    const object = await desk.leave();
    const elsewhere = { role: { arn: `${ROLE.replace("role/", "role/x/")}`, id: "AROA1" } };
    await lost({ ...object, status: elsewhere });
    desk.tagRole("app", { [TAG_KEYS.name]: "other" });
    const { instanceProfile: _, ...status } = object.status ?? {};
    await lost({ ...object, status });
    desk.iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
    await lost(object);
    expect(notes()).toEqual([]);
  });

  test("whose role was adopted, because it stays, unless the deletion policy is Delete", async () => {
    const object = await desk.leave();
    const { instanceProfile: _, ...status } = object.status ?? {};
    desk.tagRole("app", { [TAG_KEYS.adopted]: "true" });
    await lost({ ...object, status });
    expect(notes()).toEqual([]);
    await lost({ ...object, status, spec: { ...object.spec, deletionPolicy: "Delete" } });
    expect(notes()).toHaveLength(1);
  });

  test("when an object of the same name manages the role by now", async () => {
    const object = await desk.leave();
    desk.cache.set("team-a/app", { spec: { roleName: "APP" } });
    await lost(object);
    expect(notes()).toEqual([]);
  });
});

describe("an object that retains its entities", () => {
  const retained = () => desk.leave("app", { spec: { deletionPolicy: "Retain" } });
  const tagOf = () => desk.iam.role("app")?.tags[TAG_KEYS.retained];

  test("has them tagged as retained, so that no scan reports them, and is not reported itself", async () => {
    await lost(await retained());
    expect(tagOf()).toBe("uid-app");
    expect(desk.iam.account.instanceProfiles["app"]?.tags[TAG_KEYS.retained]).toBe("uid-app");
    expect(notes()).toEqual([]);
  });

  test("has its managed policies tagged too", async () => {
    await lost(await desk.leave("app", { spec: { ...OWN.spec, deletionPolicy: "Retain" } }));
    expect(desk.iam.writes).toContainEqual({
      ...{ kind: "TagPolicy", ownPolicyArn: POLICY },
      tags: { [TAG_KEYS.retained]: "uid-app" },
    });
  });

  test("has them tagged also when this process has released it, and once", async () => {
    const object = await retained();
    await release(object);
    await lost(object);
    expect(tagOf()).toBe("uid-app");
    const before = desk.iam.writes.length;
    await lost(object);
    expect(desk.iam.writes).toHaveLength(before);
  });

  test("has nothing tagged that another object of its name owns by now", async () => {
    const object = await retained();
    desk.tagRole("app", { [TAG_KEYS.uid]: "uid-2" });
    await lost(object);
    expect(tagOf()).toBeUndefined();
  });

  test("is logged when the tag cannot be written", async () => {
    const object = await retained();
    desk.iam.fate = () => new BlockedError("not authorized", { reason: "AccessDenied" });
    await lost(object);
    expect(desk.logger.lines).toMatchObject([
      { level: "warn", fields: { entity: ROLE, reason: "AccessDenied" } },
      { level: "warn", fields: { entity: PROFILE } },
    ]);
  });
});
