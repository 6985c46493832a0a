import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DRIFT_EVENTS } from "../../src/sandbox/aws/sqs/queues.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME, Organisation, roleArn, TEAMS, type Team } from "../support/simulation/organisation.ts";
import type { Replica, ReplicaOptions } from "../support/simulation/replica.ts";
import type { SimulatedCall } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";

const ALLOW_ALL = policy({ Effect: "Allow", Action: "*", Resource: "*" });
/** What account scans and the verification of a class ask. */
const SCAN = /^(GetAccount|ListRoles|ListInstanceProfiles|ListPolicies|GetCallerIdentity|AssumeRole)/;
const HANDLED = 3_000;
const queueOf = (accountId: string, queue = "drift"): string => `us-east-1/${accountId}/${queue}`;
const urlOf = (accountId: string, queue = "drift"): string =>
  `https://sqs.us-east-1.amazonaws.com/${accountId}/${queue}`;

let org: Organisation;
beforeEach(async () => {
  org = await Organisation.open();
  // An EventBridge rule in each account.
  const { queues } = org.sim.servers.aws.cloud;
  queues.publish = (event) => queues.create(queueOf(JSON.parse(event).account)).send(event);
});
afterEach(() => org.close());

/** Lets time pass for the credentials too, which the SDK holds against the time of the machine. */
async function run(durationMs: number): Promise<void> {
  for (let left = durationMs; left > 0; left -= 10_000) {
    await org.sim.run(Math.min(left, 10_000));
    vi.setSystemTime(org.sim.clock.nowMs());
  }
}

/** A class of the team's account with these queues. */
async function withQueues(team: Team, eventQueueUrls: readonly string[], name: string = team): Promise<void> {
  const id = TEAMS[team];
  await org.applyClass(name, { account: { id, partition: "aws", roleArn: roleArn(id), eventQueueUrls } });
}

/** Two teams, each with a class and an object, some time after the last write. */
async function established(options: ReplicaOptions = {}): Promise<Replica> {
  for (const team of ["a", "b"] as const) {
    await withQueues(team, [urlOf(TEAMS[team])]);
    await org.sim.apply(s3ReadOnly({ namespace: "default", name: `app-${team}` }, { className: team }));
  }
  const replica = org.sim.start({ hasClasses: true, concurrency: 10, ...options });
  await run(180_000);
  return replica;
}

async function allowAll(team: Team): Promise<void> {
  org.sim.servers.aws.nowMs = org.sim.clock.nowMs();
  const name = `app-${team}`;
  const params = { RoleName: name, PolicyName: name, PolicyDocument: ALLOW_ALL };
  must(await org.sim.servers.aws.iam("PutRolePolicy", params, TEAMS[team]));
}

function awsCalls(sinceMs: number): readonly SimulatedCall[] {
  return org.sim.calls.filter(
    ({ server, sentAtMs, what }) => server === "aws" && sentAtMs >= sinceMs && !SCAN.test(what),
  );
}

const written = (sinceMs: number): readonly string[] =>
  awsCalls(sinceMs)
    .filter(({ isWrite }) => isWrite)
    .map(({ what, subject }) => `${what} ${subject}`);

/** The queues whose messages some role waits for now, with the role. */
const waiting = (replica: Replica): readonly string[] =>
  [...replica.classQueues].flatMap(([key, { waiting: count }]) => Array<string>(count).fill(key)).toSorted();

const by = (team: Team, queue = "drift", role = "controller"): string =>
  `${roleArn(TEAMS[team], role)} ${queueOf(TEAMS[team], queue)}`;

/** A message in the queue of team a about the role of a team. */
function send(account: string, roleName: string): void {
  const detail = {
    ...{ eventSource: "iam.amazonaws.com", eventName: "PutRolePolicy", eventTime: "2026-01-01T00:00:00Z" },
    requestParameters: { roleName, policyName: roleName },
  };
  const envelope = { source: "aws.iam", "detail-type": "AWS API Call via CloudTrail", account, region: "us-east-1" };
  org.sim.servers.aws.cloud.queues.create(queueOf(TEAMS.a)).send(JSON.stringify({ ...envelope, detail }));
}

describe("a queue that a class names", () => {
  test("is polled by the role of the class, and drift in its account is repaired within 3 s of the event", async () => {
    const replica = await established();
    expect(waiting(replica)).toEqual([by("a"), by("b")]);
    const sinceMs = org.sim.clock.monotonicMs();
    await allowAll("a");
    await run(HANDLED);
    expect(awsCalls(sinceMs).map(({ what }) => what)).toEqual(["GetRole", "GetRolePolicy", "PutRolePolicy"]);
    await allowAll("b");
    await run(HANDLED);
    expect(written(sinceMs)).toEqual(["PutRolePolicy app-a", "PutRolePolicy app-b"]);
    expect(replica.messages).toMatchObject({ matched: 2 });
  });

  test("is polled from when the class names it until it does not, or is deleted", async () => {
    const replica = org.sim.start({ hasClasses: true });
    await withQueues("a", []);
    await run(HANDLED);
    expect([waiting(replica), [...replica.polled]]).toEqual([[], []]);
    await withQueues("a", [urlOf(TEAMS.a), urlOf(TEAMS.a, "other")]);
    await run(HANDLED);
    expect(waiting(replica)).toEqual([by("a"), by("a", "other")]);
    await withQueues("a", [urlOf(TEAMS.a, "other")]);
    await run(HANDLED);
    expect([waiting(replica), [...replica.polled]]).toEqual([[by("a", "other")], [queueOf(TEAMS.a, "other")]]);
    // Right away again, while the calls of before end.
    await withQueues("a", []);
    await withQueues("a", [urlOf(TEAMS.a, "other")]);
    await run(HANDLED);
    expect([waiting(replica), [...replica.polled]]).toEqual([[by("a", "other")], [queueOf(TEAMS.a, "other")]]);
    await org.deleteClass("a");
    await run(HANDLED);
    expect([waiting(replica), [...replica.polled]]).toEqual([[], []]);
  });

  test("knows the objects that were there before it", async () => {
    await withQueues("a", []);
    await org.sim.apply(s3ReadOnly({ namespace: "default", name: "app-a" }, { className: "a" }));
    org.sim.start({ hasClasses: true });
    await run(180_000);
    await withQueues("a", [urlOf(TEAMS.a)]);
    await run(30_000);
    const sinceMs = org.sim.clock.monotonicMs();
    await allowAll("a");
    await run(HANDLED);
    expect(written(sinceMs)).toEqual(["PutRolePolicy app-a"]);
  });

  test("and that another class of the account names too, has one poller, which goes on by the class that is left", async () => {
    await org.aRole(TEAMS.a, "second");
    await withQueues("a", [urlOf(TEAMS.a)]);
    await run(HANDLED);
    const account = { id: TEAMS.a, partition: "aws", roleArn: roleArn(TEAMS.a, "second") } as const;
    await org.applyClass("second", { account: { ...account, eventQueueUrls: [urlOf(TEAMS.a)] } });
    const replica = org.sim.start({ hasClasses: true });
    await run(HANDLED);
    expect(waiting(replica)).toEqual([by("a")]);
    await org.deleteClass("a");
    await run(30_000);
    expect(waiting(replica)).toEqual([by("a", "drift", "second")]);
    expect([...replica.polled]).toEqual([queueOf(TEAMS.a)]);
  });

  test("cannot be reached: it is logged once, and neither objects nor the queues of other accounts notice", async () => {
    const replica = await established();
    const queue = replica.classQueues.get(by("a"));
    if (queue === undefined) throw new Error("no queue of team a");
    queue.fault = new Error("AccessDenied");
    const sinceMs = org.sim.clock.monotonicMs();
    await run(60_000);
    await allowAll("b");
    await run(HANDLED);
    expect(written(sinceMs)).toEqual(["PutRolePolicy app-b"]);
    expect(replica.logger.lines.filter(({ level }) => level === "warn" || level === "error")).toMatchObject([
      { message: expect.stringContaining("could not poll the event queue") },
    ]);
    expect(await org.ready("app-a")).toMatch(/^True InSync/);
    expect(await org.classReady("a")).toMatch(/^True AccountReachable/);
  });

  test("of an account that the class cannot open is never polled", async () => {
    await org.trust(TEAMS.a, "999999999999");
    const replica = await established();
    expect(waiting(replica)).toEqual([by("b")]);
  });
});

describe("an event in the queue of a class", () => {
  test("about objects of another account causes no request, and is deleted", async () => {
    const replica = await established();
    const sinceMs = org.sim.clock.monotonicMs();
    for (let i = 0; i < 300; i += 1) send(TEAMS.b, "app-b");
    send(HOME, "app-b");
    await run(30_000);
    expect(awsCalls(sinceMs)).toEqual([]);
    expect(replica.messages).toMatchObject({ misdirected: 301 });
    expect(org.sim.servers.aws.cloud.queues.create(queueOf(TEAMS.a)).depth).toEqual({ visible: 0, inFlight: 0 });
  });

  test("concerns every account if the operator names the queue too, and only one receiver polls it", async () => {
    const account = { id: HOME, partition: "aws", eventQueueUrls: [urlOf(HOME, DRIFT_EVENTS)] } as const;
    await org.applyClass("home", { account });
    const replica = await established({ hasEvents: true });
    expect([waiting(replica), replica.eventQueue.waiting]).toEqual([[by("a"), by("b")], 1]);
    const { queues } = org.sim.servers.aws.cloud;
    queues.publish = (event) => queues.create(DRIFT_EVENTS).send(event);
    const sinceMs = org.sim.clock.monotonicMs();
    for (const team of ["a", "b"] as const) await allowAll(team);
    await run(HANDLED);
    expect(written(sinceMs).toSorted()).toEqual(["PutRolePolicy app-a", "PutRolePolicy app-b"]);
  });
});

test("with shards, each queue is polled by the holder of its account alone, also after another replica takes over", async () => {
  for (const team of ["a", "b"] as const) await withQueues(team, [urlOf(TEAMS[team])]);
  const replicas = [0, 1].map(() => org.sim.start({ hasClasses: true, shards: 4 }));
  await run(60_000);
  const pollers = (): readonly string[] => replicas.flatMap(waiting).toSorted();
  expect(pollers()).toEqual([by("a"), by("b")]);
  const [first, second] = replicas as [Replica, Replica];
  await Promise.all([first.stop(), run(60_000)]);
  expect(waiting(first)).toEqual([]);
  expect(waiting(second)).toEqual([by("a"), by("b")]);
  await org.sim.apply(s3ReadOnly({ namespace: "default", name: "app-a" }, { className: "a" }));
  await run(180_000);
  const sinceMs = org.sim.clock.monotonicMs();
  await allowAll("a");
  await run(HANDLED);
  expect(written(sinceMs)).toEqual(["PutRolePolicy app-a"]);
});

test.each<[string, ReplicaOptions]>([
  ["a dry run", { isDryRun: true, hasEvents: true }],
  ["a deployment that has a part of the objects and does not report classes", { namespaces: ["default"] }],
])("%s takes no message from the controller that receives", async (_, options) => {
  const { queues } = org.sim.servers.aws.cloud;
  const sources = [queueOf(TEAMS.a), DRIFT_EVENTS].map((name) => queues.create(name));
  for (const source of sources) source.send("a message");
  const replica = await established(options);
  for (const { depth } of sources) expect([depth.visible > 0, depth.inFlight]).toEqual([true, 0]);
  expect([replica.classQueues.size, [...replica.polled]]).toEqual([0, []]);
});

test("a standby polls no queue", async () => {
  org.sim.start({ isElected: true, hasClasses: true });
  await run(5_000);
  const standby = await established({ isElected: true });
  expect([standby.classQueues.size, [...standby.polled]]).toEqual([0, []]);
});

test("of several deployments, the one that reports classes receives", async () => {
  const replica = await established({ namespaces: ["default"], reportsClasses: true });
  expect(waiting(replica)).toEqual([by("a"), by("b")]);
});

test("a dry run reports drift at its next scan and writes nothing to AWS, whatever queues it is given", async () => {
  await established();
  const [enforcing] = org.sim.replicas;
  await Promise.all([enforcing?.stop(), run(60_000)]);
  const replica = org.sim.start({ hasClasses: true, isDryRun: true, hasEvents: true });
  await run(60_000);
  const sinceMs = org.sim.clock.monotonicMs();
  await allowAll("a");
  await run(12 * 60_000);
  expect([written(sinceMs), replica.refusedWrites]).toEqual([[], 0]);
  const object = await org.sim.user.read({ namespace: "default", name: "app-a" });
  expect(object?.status?.plan).toContain("~ inline policy app-a of role app-a");
});
