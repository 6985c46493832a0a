import { expect, test } from "vitest";
import { NOTHING_IN_AWS } from "../../support/aws-state.ts";
import { readyOf } from "../../support/cluster-user.ts";
import { Simulation } from "../../support/simulation/simulation.ts";

/** One write in ten seconds, as when AWS throttles the whole account. */
const SLOW = { awsRates: { readsPerSecond: 10, writesPerSecond: 0.1 } };
const PATH = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles/app";

/** What somebody does who has lost intervals with a deletion. */
async function takeFinalizersOff(sim: Simulation): Promise<void> {
  const body = { metadata: { finalizers: null } };
  const contentType = "application/merge-patch+json";
  await sim.servers.kubeApi().expectOk({ method: "PATCH", path: PATH, body, contentType });
}

/** An object, Ready, whose deletion has begun: one of its four writes is carried out. */
async function withDeletionUnderWay(): Promise<Simulation> {
  const sim = new Simulation();
  sim.start(SLOW);
  await sim.apply(sim.manifest());
  await sim.runUntil(async () => readyOf(await sim.object()) === "True InSync", 120_000);
  await sim.run(60_000);
  const before = sim.writes("aws").length;
  await sim.delete();
  await sim.runUntil(() => sim.writes("aws").length > before, 60_000);
  expect(sim.writes("aws").at(-1)?.what).toBe("RemoveRoleFromInstanceProfile");
  return sim;
}

test("a deletion that waits for AWS takes nothing more away once its object was let go by hand and made anew", async () => {
  const sim = await withDeletionUnderWay();
  const atMs = sim.clock.monotonicMs() + 1;
  const roleId = (await sim.object())?.status?.role?.id;
  await takeFinalizersOff(sim);
  await sim.apply(sim.manifest());
  await sim.run(300_000);
  expect(readyOf(await sim.object())).toBe("True InSync");
  const writes = sim.writes("aws", atMs).map(({ what }) => what);
  expect(writes.filter((what) => /^(Delete|Remove|Detach)/.test(what))).toEqual([]);
  // The successor takes over what it finds: the very same role, by its unique id.
  expect((await sim.object())?.status?.role?.id).toBe(roleId);
});

test("a deletion that waits for AWS goes on to its end while nobody touches its object", async () => {
  const sim = await withDeletionUnderWay();
  await sim.run(120_000);
  expect(await sim.object()).toBeUndefined();
  expect(sim.awsState()).toMatchObject(NOTHING_IN_AWS);
});

/** A new object, with the first of its writes carried out; the others wait for AWS. */
async function withCreationUnderWay(): Promise<Simulation> {
  const sim = new Simulation();
  sim.start(SLOW);
  await sim.run(60_000);
  await sim.apply(sim.manifest());
  await sim.runUntil(() => sim.writes("aws").length > 0, 60_000);
  expect(sim.writes("aws").map(({ what }) => what)).toEqual(["CreateRole"]);
  return sim;
}

test("a creation that waits for AWS grants nothing that an edit has taken back in the meantime", async () => {
  const sim = await withCreationUnderWay();
  const statements = [
    { sid: "ReadOne", effect: "Allow", actions: ["s3:GetObject"], resources: ["arn:aws:s3:::one/*"] },
  ];
  await sim.apply(sim.manifest({ statements }));
  await sim.run(180_000);
  expect(readyOf(await sim.object())).toBe("True InSync");
  expect(sim.writes("aws").map(({ what }) => what)).toEqual([
    "CreateRole",
    "PutRolePolicy",
    "CreateInstanceProfile",
    "AddRoleToInstanceProfile",
  ]);
});

test("an edit that waits for AWS is not written once another edit has come", async () => {
  const sim = await withCreationUnderWay();
  await sim.runUntil(async () => readyOf(await sim.object()) === "True InSync", 120_000);
  await sim.run(60_000);
  const before = sim.writes("aws").length;
  const tags = (team: string) => sim.manifest({ tags: { team }, description: `of team ${team}` });
  await sim.apply(tags("one"));
  await sim.runUntil(() => sim.writes("aws").length > before, 60_000);
  await sim.apply(tags("two"));
  await sim.run(180_000);
  expect(readyOf(await sim.object())).toBe("True InSync");
  expect(JSON.stringify(sim.awsState())).not.toContain("of team one");
  expect(
    sim
      .writes("aws")
      .slice(before)
      .filter(({ what }) => what === "UpdateRole"),
  ).toHaveLength(1);
});

test("a creation that waits for AWS makes nothing more once its object is deleted", async () => {
  const sim = await withCreationUnderWay();
  await sim.delete();
  await sim.run(120_000);
  expect(sim.writes("aws").map(({ what }) => what)).toEqual(["CreateRole", "DeleteRole"]);
  expect(await sim.object()).toBeUndefined();
  expect(sim.awsState()).toMatchObject(NOTHING_IN_AWS);
});
