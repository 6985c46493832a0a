import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Organisation, TEAMS, type Team } from "../support/simulation/organisation.ts";
import type { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const SIZE = 20;
const NAMES = (team: Team): string[] => Array.from({ length: SIZE }, (_, i) => `${team}-${i}`);
const SWEEP = ["GetAccountAuthorizationDetails", "GetAccountSummary", "ListInstanceProfiles", "ListRoles"];
/** What IAM answers who asks too much. */
const THROTTLED = {
  kind: "answer",
  status: 400,
  body: "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>",
} as const;

let sim: Simulation;
let organisation: Organisation;
beforeEach(async () => {
  organisation = await Organisation.open();
  sim = organisation.sim;
});

afterEach(() => organisation.close());

async function apply(team: Team, className: string = team): Promise<void> {
  for (const name of NAMES(team)) await sim.apply(s3ReadOnly({ namespace: "default", name }, { className }));
}

async function readyCount(team: Team): Promise<number> {
  const objects = await sim.user.list("default");
  return objects.filter((one) => one.metadata.name.startsWith(team) && readyOf(one) === "True InSync").length;
}

/** Looks once in a second: a look is at all objects. */
async function untilReady(...teams: readonly Team[]): Promise<void> {
  for (const team of teams) {
    for (let seconds = 0; (await readyCount(team)) < SIZE; seconds += 1) {
      if (seconds > 600) throw new Error(`team ${team} is not ready after ten minutes`);
      await sim.run(1_000);
    }
  }
}

const isOfTeam =
  (team: Team) =>
  (call: { readonly server: string; readonly subject: string }): boolean =>
    call.server === "aws" && call.subject.startsWith(`${team}-`);

describe("two accounts, a class for each, and 20 objects in each", () => {
  test("each lands in its account, and each account is scanned once for all of its objects", async () => {
    for (const team of ["a", "b"] as const) await organisation.applyClass(team);
    const { logger } = sim.start({ hasClasses: true, concurrency: 10 });
    await sim.run(1_000);
    await Promise.all([apply("a"), apply("b")]);
    await untilReady("a", "b");
    for (const team of ["a", "b"] as const)
      expect(organisation.rolesIn(TEAMS[team]).toSorted()).toEqual(NAMES(team).toSorted());
    expect(organisation.rolesIn("123456789012")).toEqual([]);

    // Long after the last write, through two looks at everything.
    await sim.run(15 * MINUTE_MS);
    organisation.forget();
    await sim.run(20 * MINUTE_MS);
    for (const id of Object.values(TEAMS)) {
      const looks = organisation.callsTo(id).filter((action) => action !== "GetInstanceProfile");
      expect(looks.toSorted()).toEqual([...SWEEP, ...SWEEP].toSorted());
    }
    expect(logger.lines.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });

  test("what somebody changes in one account is found by its scan, and put right at the price of two reads and one write", async () => {
    for (const team of ["a", "b"] as const) await organisation.applyClass(team);
    sim.start({ hasClasses: true, concurrency: 10 });
    await Promise.all([apply("a"), apply("b")]);
    await untilReady("a", "b");
    await sim.run(15 * MINUTE_MS);
    organisation.forget();
    const document = policy({ Effect: "Allow", Action: "s3:*", Resource: "*" });
    const drift = { RoleName: "b-7", PolicyName: "b-7", PolicyDocument: document };
    must(await sim.servers.aws.iam("PutRolePolicy", drift, TEAMS.b));
    await sim.run(12 * MINUTE_MS);
    const beyondSweeps = organisation
      .callsTo(TEAMS.b)
      .filter((action) => !SWEEP.includes(action) && action !== "GetInstanceProfile");
    expect(beyondSweeps).toEqual(["GetRole", "GetRolePolicy", "PutRolePolicy"]);
    expect(organisation.callsTo(TEAMS.a)).not.toContain("PutRolePolicy");
  });

  test("while one account throttles everything, the other is as fast as alone", async () => {
    const timeOf = async (isOtherThrottled: boolean): Promise<number> => {
      organisation = await Organisation.open();
      sim = organisation.sim;
      for (const team of Object.keys(TEAMS)) await organisation.applyClass(team);
      const replica = sim.start({
        hasClasses: true,
        concurrency: 10,
        awsRates: { readsPerSecond: 20, writesPerSecond: 10 },
      });
      if (isOtherThrottled) replica.disturb = (call) => (isOfTeam("a")(call) ? THROTTLED : undefined);
      await sim.run(1_000);
      if (isOtherThrottled) await apply("a");
      await apply("b");
      const startMs = sim.clock.monotonicMs();
      await untilReady("b");
      return sim.clock.monotonicMs() - startMs;
    };
    const alone = await timeOf(false);
    const beside = await timeOf(true);
    expect(await readyCount("a")).toBe(0);
    expect(beside / alone, JSON.stringify({ alone, beside })).toBeLessThan(1.2);
  });
});

test("the account of a class is scanned before its first object comes, which then needs no look of its own", async () => {
  await organisation.applyClass("a");
  sim.start({ hasClasses: true, isSweeping: true });
  await sim.run(MINUTE_MS);
  expect(organisation.callsTo(TEAMS.a)).toContain("ListRoles");
  organisation.forget();
  await sim.apply(s3ReadOnly({ namespace: "default", name: "a-0" }, { className: "a" }));
  await sim.run(5_000);
  expect(await organisation.ready("a-0")).toMatch(/^True InSync/);
  expect(organisation.callsTo(TEAMS.a)).toEqual([
    ...["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"],
  ]);
});
