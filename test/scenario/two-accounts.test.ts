import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { snapshotOf } from "../../src/sandbox/aws/account/snapshot.ts";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const MINUTE_MS = 60_000;
const TEAMS = { a: "111122223333", b: "444455556666" } as const;
type Team = keyof typeof TEAMS;
const SIZE = 50;
const NAMES = (team: Team): string[] => Array.from({ length: SIZE }, (_, i) => `${team}-${i}`);
const SWEEP = ["GetAccountAuthorizationDetails", "GetAccountSummary", "ListInstanceProfiles", "ListRoles"];
/** What IAM answers who asks too much. */
const THROTTLED = {
  kind: "answer",
  status: 400,
  body: "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>",
} as const;

let sim: Simulation;
beforeEach(async () => {
  sim = new Simulation();
  // The SDK asks the machine's clock whether credentials have ended, which else is long after the simulation's.
  vi.useFakeTimers({ toFake: ["Date"], now: sim.clock.nowMs() });
  for (const id of Object.values(TEAMS)) await aRole(id, "controller");
});

afterEach(() => {
  vi.useRealTimers();
});

/** A role in an account that the controller's own may assume, with all permissions. */
async function aRole(accountId: string, name: string): Promise<void> {
  const { aws } = sim.servers;
  const trust = policy({ Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "sts:AssumeRole" });
  must(await aws.iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument: trust }, accountId));
  const all = policy({ Effect: "Allow", Action: "*", Resource: "*" });
  must(await aws.iam("PutRolePolicy", { RoleName: name, PolicyName: "all", PolicyDocument: all }, accountId));
}

async function applyClass(name: string, accountId: string, role = "controller"): Promise<void> {
  await sim.servers.kubeApi().expectOk({
    method: "PATCH",
    path: `/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses/${name}?fieldManager=user&force=true`,
    body: {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfileClass",
      metadata: { name },
      spec: {
        account: { id: accountId, roleArn: `arn:aws:iam::${accountId}:role/${role}` },
        ...{ namespaces: ["*"], allowedActions: ["s3:*"], allowInstances: true },
      },
    },
    contentType: "application/apply-patch+yaml",
  });
}

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

function rolesIn(accountId: string): readonly string[] {
  return Object.keys(snapshotOf(sim.servers.aws.cloud.account(accountId)).roles).filter(
    (name) => name !== "controller",
  );
}

/** The names of the calls that came to an account since the last `forget`, by whose credentials they came with. */
function callsTo(accountId: string): readonly string[] {
  const { calls, cloud } = sim.servers.aws;
  const isThere = (key = ""): boolean => cloud.session(key)?.account.settings.accountId === accountId;
  return calls.all
    .filter(({ accessKeyId, service }) => service === "iam" && isThere(accessKeyId))
    .map(({ action }) => action);
}

function forget(): void {
  sim.servers.aws.calls.reset();
}

const isOfTeam =
  (team: Team) =>
  (call: { readonly server: string; readonly subject: string }): boolean =>
    call.server === "aws" && call.subject.startsWith(`${team}-`);

describe("two accounts, a class for each, and 100 objects", () => {
  test("each lands in its account, and each account is swept once for all of its objects", async () => {
    for (const team of ["a", "b"] as const) await applyClass(team, TEAMS[team]);
    const { logger } = sim.start({ hasClasses: true, concurrency: 10 });
    await sim.run(1_000);
    await Promise.all([apply("a"), apply("b")]);
    await untilReady("a", "b");
    for (const team of ["a", "b"] as const) expect(rolesIn(TEAMS[team]).toSorted()).toEqual(NAMES(team).toSorted());
    expect(rolesIn("123456789012")).toEqual([]);

    // Long after the last write, through two looks at everything.
    await sim.run(15 * MINUTE_MS);
    forget();
    await sim.run(20 * MINUTE_MS);
    for (const id of Object.values(TEAMS)) {
      const looks = callsTo(id).filter((action) => action !== "GetInstanceProfile");
      expect(looks.toSorted()).toEqual([...SWEEP, ...SWEEP].toSorted());
    }
    expect(logger.lines.filter(({ level }) => level === "error" || level === "warn")).toEqual([]);
  });

  test("what somebody changes in one account is found by its sweep, and put right at the price of one read and one write", async () => {
    for (const team of ["a", "b"] as const) await applyClass(team, TEAMS[team]);
    sim.start({ hasClasses: true, concurrency: 10 });
    await Promise.all([apply("a"), apply("b")]);
    await untilReady("a", "b");
    await sim.run(15 * MINUTE_MS);
    forget();
    const document = policy({ Effect: "Allow", Action: "s3:*", Resource: "*" });
    const drift = { RoleName: "b-7", PolicyName: "b-7", PolicyDocument: document };
    must(await sim.servers.aws.iam("PutRolePolicy", drift, TEAMS.b));
    await sim.run(12 * MINUTE_MS);
    const beyondSweeps = callsTo(TEAMS.b).filter(
      (action) => !SWEEP.includes(action) && action !== "GetInstanceProfile",
    );
    expect(beyondSweeps).toEqual(["GetRolePolicy", "PutRolePolicy"]);
    expect(callsTo(TEAMS.a)).not.toContain("PutRolePolicy");
  });

  test("while one account throttles everything, the other is as fast as alone", async () => {
    const timeOf = async (isOtherThrottled: boolean): Promise<number> => {
      sim = new Simulation();
      for (const [team, id] of Object.entries(TEAMS)) {
        await aRole(id, "controller");
        await applyClass(team, id);
      }
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
