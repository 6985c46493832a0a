import { beforeEach, describe, expect, test } from "vitest";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { type Convergence, converge } from "../../../src/engine/reconcile/converge.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { CLUSTER_ID, desiredAbsence, desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

/** Reads lag behind writes, so recent writes are laid over them. What somebody does in that time must not pass for the controller's. */
const WINDOW_MS = 120_000;
const OWNER = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "team-a", [TAG_KEYS.name]: "app" };

let iam: FakeIam;
let nowMs: number;
let recentWrites: RecentWrites;

beforeEach(() => {
  iam = new FakeIam();
  nowMs = 1_000;
  recentWrites = new RecentWrites({ windowMs: WINDOW_MS, monotonicMs: () => nowMs });
});

function reconcile(desired: DesiredState): Promise<Convergence> {
  return converge(desired, convergeDependencies(iam, { recentWrites }), new AbortController().signal);
}

/** The writes that an edit leads to, and what it says. */
async function answerTo(desired: DesiredState): Promise<readonly [readonly string[], string]> {
  const before = iam.writes.length;
  const said = await reconcile(desired).then(
    ({ plan }) => plan.blockers.map(({ reason }) => reason).join(" "),
    (error: { readonly reason: string }) => error.reason,
  );
  return [iam.writes.slice(before).map(({ kind }) => kind), said];
}

const edited = desiredOf({ description: "edited" });

function withoutTags(keys: readonly string[]): void {
  iam.outsider(({ roles, instanceProfiles }) => {
    const { app } = roles;
    if (app === undefined) throw new Error("there is no role");
    const tags = Object.fromEntries(Object.entries(app.tags).filter(([key]) => !keys.includes(key)));
    return { roles: { app: { ...app, tags } }, instanceProfiles };
  });
}

describe("seconds after the controller created a role", () => {
  beforeEach(async () => void (await reconcile(desiredOf())));

  test.each([
    ["without tags", {}, "AlreadyExists"],
    ["with the tags of another object", { ...OWNER, [TAG_KEYS.name]: "other" }, "OwnedByAnother"],
    ["with the tags of another namespace", { ...OWNER, [TAG_KEYS.namespace]: "team-b" }, "OwnedByAnother"],
    ["with the tags of another cluster", { ...OWNER, [TAG_KEYS.clusterId]: "cluster-2" }, "OwnedByAnother"],
    ["with a part of the owner tags", { [TAG_KEYS.clusterId]: CLUSTER_ID }, "OwnedByAnother"],
  ])("one %s in its place gets no write", async (_what, tags, reason) => {
    iam.outsiderMakesRole("app", tags);
    expect(await answerTo(edited)).toEqual([[], reason]);
  });

  test("one whose name differs in case gets no write", async () => {
    iam.outsiderMakesRole("APP");
    expect(await answerTo(edited)).toEqual([[], "AlreadyExists"]);
  });

  test("an edit waits while IAM shows no role of that name: another may come to have it", async () => {
    iam.outsider(({ instanceProfiles }) => ({ roles: {}, instanceProfiles }));
    expect(await answerTo(edited)).toEqual([[], "NotYetVisible"]);
    nowMs += WINDOW_MS;
    expect(await answerTo(edited)).toEqual([["CreateRole", "PutRolePolicy"], ""]);
  });

  test("a deletion waits while IAM shows no role of that name", async () => {
    iam.outsider(() => ({ roles: {}, instanceProfiles: {} }));
    expect(await answerTo(desiredAbsence())).toEqual([[], "NotYetVisible"]);
  });

  test("a role is not put into the instance profile while IAM does not show it", async () => {
    iam.outsider(({ instanceProfiles: { app } }) => ({
      roles: {},
      instanceProfiles: app ? { app: { ...app, roleName: undefined } } : {},
    }));
    const more = desiredOf({ tags: { team: "a" } });
    expect(await answerTo(more)).toEqual([[], "NotYetVisible"]);
  });

  test.each([[Object.keys(OWNER)], [[TAG_KEYS.name]], [[TAG_KEYS.clusterId, TAG_KEYS.namespace]]])(
    "the very role without the tags %j gets no write",
    async (keys) => {
      await reconcile(desiredOf({ tags: { team: "a" } }));
      withoutTags(keys);
      const [writes] = await answerTo(desiredOf({ description: "edited", tags: { team: "a" } }));
      expect(writes).toEqual([]);
    },
  );

  test("an instance profile with another id in place of its own gets no write", async () => {
    iam.outsider(({ roles, instanceProfiles: { app } }) => ({
      roles,
      instanceProfiles: app ? { app: { ...app, id: "AIPA-other", tags: {} } } : {},
    }));
    expect(await answerTo(desiredOf({ tags: { team: "a" } }))).toEqual([[], "AlreadyExists"]);
  });
});

describe("seconds after the controller adopted a role", () => {
  const adopting = desiredOf({ adoptionPolicy: "IfExists" });

  test("an edit that no longer adopts waits for the tags to show", async () => {
    iam.outsiderMakesRole("app");
    await reconcile(adopting);
    withoutTags(Object.keys(OWNER));
    expect(await answerTo(edited)).toEqual([[], "NotYetVisible"]);
  });
});
