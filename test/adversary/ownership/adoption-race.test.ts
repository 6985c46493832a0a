import { beforeEach, expect, test } from "vitest";
import { KeyedMutex } from "../../../src/engine/concurrency.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { type ConvergeDependencies, type Convergence, converge } from "../../../src/engine/reconcile/converge.ts";
import type { DesiredState } from "../../../src/model/desired-state.ts";
import { planLines } from "../../../src/plan/render.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { withoutInstances } from "../../fakes/no-instances.ts";
import { desiredOf } from "../../support/builders.ts";

/** What changes in AWS, or among the objects, between the announcement of an adoption and its first write. */
const ADOPTING = desiredOf({ adoptionPolicy: "IfExists" });

let iam: FakeIam;
let adoptions: KeyedMutex;
beforeEach(() => {
  iam = new FakeIam();
  adoptions = new KeyedMutex();
  iam.outsiderMakesRole("app");
});

function reconcile(
  desired: DesiredState,
  isAnnounced: ConvergeDependencies["isAnnounced"] = () => true,
): Promise<Convergence> {
  const deps = {
    reader: iam,
    writer: iam,
    recentWrites: new RecentWrites({ windowMs: 120_000, monotonicMs: () => 1_000 }),
    adoptions,
    precondition: async () => {},
    isAnnounced,
    instances: withoutInstances(),
  };
  return converge(desired, deps, new AbortController().signal);
}

test("a role that somebody changes while the adoption waits for its turn is announced anew", async () => {
  const { plan: announced } = await reconcile(ADOPTING, () => false);
  expect(iam.writes).toEqual([]);
  const before = adoptions.run(["app"], async () => {
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
    iam.outsider(({ roles: { app }, instanceProfiles }) => ({
      roles: app ? { app: { ...app, permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/theirs" } } : {},
      instanceProfiles,
    }));
  });
  const isAnnounced = (plan: Convergence["plan"]): boolean =>
    JSON.stringify(planLines(plan)) === JSON.stringify(planLines(announced));
  const [{ isAnnouncement, plan }] = await Promise.all([reconcile(ADOPTING, isAnnounced), before]);
  expect(isAnnouncement).toBe(true);
  expect(planLines(plan)).not.toEqual(planLines(announced));
  expect(iam.writes).toEqual([]);
});

test("of two objects that adopt one role under names that differ in case, one gets it", async () => {
  const [first, second] = await Promise.all(
    [
      ["app", "first"],
      ["APP", "second"],
    ].map(([roleName = "", name = ""]) =>
      reconcile(
        desiredOf({ adoptionPolicy: "IfExists", roleName, instanceProfileName: name }, { name, uid: `uid-${name}` }),
      ),
    ),
  );
  expect(first?.plan.blockers).toEqual([]);
  expect(second?.plan.blockers.map(({ reason }) => reason)).toEqual(["OwnedByAnother"]);
  expect(second?.report.applied).toEqual([]);
});
