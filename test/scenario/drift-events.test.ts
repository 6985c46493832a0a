import { describe, expect, test } from "vitest";
import type { QueueMessage } from "../../src/engine/drift/event-queue.ts";
import { DRIFT_EVENTS } from "../../src/sandbox/aws/sqs/queues.ts";
import { readyOf } from "../support/cluster-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import type { Replica, ReplicaOptions } from "../support/simulation/replica.ts";
import { type SimulatedCall, Simulation } from "../support/simulation/simulation.ts";
import { must, policy } from "../unit/sandbox/aws/in-process.ts";
import { DRIFTING_SPEC, DRIFTS, type Step, stepsFor } from "./drift-stories.ts";

const MINUTE_MS = 60_000;
const FAST = { readsPerSecond: 1_000, writesPerSecond: 1_000 };
const key = (name: string) => ({ namespace: "default", name });
const ALLOW_ALL = policy({ Effect: "Allow", Action: "*", Resource: "*" });
const ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess";
const nameOf = (title: string): string => title.replaceAll(" ", "-");
/** What account scans and the start ask. */
const SCAN = /^(GetAccount|ListRoles|ListInstanceProfiles|ListPolicies|GetCallerIdentity)/;

/** A controller that is told of changes, with these objects in sync, some time after the last write. */
async function established(
  names: readonly string[],
  spec: Readonly<Record<string, unknown>> = DRIFTING_SPEC,
  { settleMs = 3 * MINUTE_MS, ...options }: ReplicaOptions & { readonly settleMs?: number } = {},
): Promise<{ sim: Simulation; replica: Replica }> {
  const sim = new Simulation();
  const replica = sim.start({
    ...{ isSweeping: true, hasEvents: true, hasClasses: false, concurrency: 10, awsRates: FAST },
    ...options,
  });
  await sim.run(1_000);
  for (const name of names) await sim.apply(s3ReadOnly(key(name), spec));
  await sim.run(settleMs);
  for (const name of names) expect(readyOf(await sim.object(key(name)))).toBe("True InSync");
  return { sim, replica };
}

async function outsider(sim: Simulation, steps: readonly Step[]): Promise<void> {
  sim.servers.aws.nowMs = sim.clock.nowMs();
  for (const [action, params] of steps) must(await sim.servers.aws.iam(action, params));
}

/** Somebody in AWS allows everything in the object's own policy. */
const allowAll = (name: string): readonly Step[] => [
  ["PutRolePolicy", { RoleName: name, PolicyName: name, PolicyDocument: ALLOW_ALL }],
];

/** What one object has in AWS, whatever the unique ids. */
function state(sim: Simulation, name: string): unknown {
  const { roles, instanceProfiles } = sim.servers.aws.snapshot();
  return { role: { ...roles[name], id: "" }, profile: { ...instanceProfiles[name], id: "" } };
}

function awsCalls(sim: Simulation, sinceMs: number): readonly SimulatedCall[] {
  return sim.calls.filter(({ server, sentAtMs, what }) => server === "aws" && sentAtMs >= sinceMs && !SCAN.test(what));
}

const written = (sim: Simulation, sinceMs: number): readonly string[] =>
  awsCalls(sim, sinceMs)
    .filter(({ isWrite }) => isWrite)
    .map(({ what }) => what);

/** A message as anybody with access to the queue can write it. */
function send(sim: Simulation, body: string): void {
  sim.servers.aws.cloud.queues.create(DRIFT_EVENTS).send(body);
}

function event(detail: Readonly<Record<string, unknown>>, envelope: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    ...{
      "detail-type": "AWS API Call via CloudTrail",
      source: "aws.iam",
      account: "123456789012",
      region: "us-east-1",
    },
    ...envelope,
    detail: {
      ...{ eventSource: "iam.amazonaws.com", eventTime: "2026-01-01T00:00:00Z", awsRegion: "us-east-1" },
      ...{ eventName: "TagRole", requestParameters: { roleName: "app" }, requestID: "theirs" },
      ...detail,
    },
  });
}

const driftOf = (title: string): ReturnType<NonNullable<(typeof DRIFTS)[string]>> => {
  const drift = DRIFTS[title]?.(nameOf(title), stepsFor(nameOf(title)));
  if (drift === undefined) throw new Error(`no drift ${title}`);
  return drift;
};

test("every drift that another client makes is repaired within 3 s of its event, with at most two reads", async () => {
  const titles = Object.keys(DRIFTS);
  // After a scan, which then is what the controller has seen last.
  const { sim } = await established(titles.map(nameOf), DRIFTING_SPEC, { settleMs: 12 * MINUTE_MS });
  for (const title of titles) {
    const name = nameOf(title);
    const before = state(sim, name);
    const { steps, repair, told } = driftOf(title);
    const sinceMs = sim.clock.monotonicMs();
    await outsider(sim, steps);
    await sim.run(3_000);
    expect(state(sim, name), title).toEqual(before);
    const calls = awsCalls(sim, sinceMs);
    expect(
      calls
        .filter(({ isWrite }) => isWrite)
        .map(({ what }) => what)
        .toSorted(),
      title,
    ).toEqual(repair.toSorted());
    const reads = calls.filter(({ isWrite }) => !isWrite).map(({ what }) => what);
    expect(reads.length, `${title}: ${reads}`).toBeLessThanOrEqual(2);
    await sim.run(5_000);
    const repaired = (await sim.user.events(key(name))).find(({ reason }) => reason === "DriftRepaired");
    expect(repaired?.note, title).toContain(told);
    expect(repaired?.note, title).toMatch(
      /^after \w+ by arn:aws:iam::123456789012:\S+ at 2026-01-01T\S+Z( and \d more)?: /,
    );
  }
});

describe("an event", () => {
  test("that is lost, doubled, late or comes in another order changes nothing but the delay", async () => {
    const titles = Object.keys(DRIFTS);
    const { sim, replica } = await established(titles.map(nameOf));
    const before = titles.map((title) => state(sim, nameOf(title)));
    const late: QueueMessage[] = [];
    let batch = 0;
    replica.eventQueue.deliver = (messages) => {
      batch += 1;
      const reordered = messages.toReversed();
      // Every third batch is late, every seventh message is lost, and all others come twice.
      if (batch % 3 === 0) late.push(...reordered);
      const now = batch % 3 === 0 ? [] : reordered.filter((_, index) => index % 7 !== 6);
      return [...now, ...now];
    };
    const sinceMs = sim.clock.monotonicMs();
    for (const title of titles) await outsider(sim, driftOf(title).steps);
    await sim.run(5 * MINUTE_MS);
    expect(late.length).toBeGreaterThan(0);
    replica.eventQueue.deliver = (messages) => [...messages, ...late.splice(0)];
    send(sim, "wakes the queue");
    await sim.run(25 * MINUTE_MS);
    expect(titles.map((title) => state(sim, nameOf(title)))).toEqual(before);
    expect(written(sim, sinceMs).toSorted()).toEqual(titles.flatMap((title) => driftOf(title).repair).toSorted());
    for (const title of titles) expect(readyOf(await sim.object(key(nameOf(title)))), title).toBe("True InSync");
  });

  test("of the controller's own writes wakes nothing", async () => {
    const { sim, replica } = await established(["app", "other"]);
    await sim.apply(s3ReadOnly(key("app"), { ...DRIFTING_SPEC, description: "edited" }));
    await sim.run(MINUTE_MS);
    await outsider(sim, allowAll("other"));
    await sim.run(MINUTE_MS);
    // Creation, edit and repair: all that is not own is the outsider's one call.
    expect(replica.messages).toEqual({ own: 2 * 5 + 1 + 1, matched: 1 });
  });

  test("that claims to be of the controller, or of a request that it has not made, hides no drift", async () => {
    const { sim } = await established(["app"]);
    const own = sim.calls.find(({ what }) => what === "CreateRole");
    expect(own).toBeDefined();
    await outsider(sim, allowAll("app"));
    sim.servers.aws.cloud.queues.create(DRIFT_EVENTS).clear();
    send(
      sim,
      event({
        eventName: "PutRolePolicy",
        requestParameters: { roleName: "app", policyName: "app" },
        userAgent: "instance-profile-controller",
      }),
    );
    await sim.run(3_000);
    expect(state(sim, "app")).toMatchObject({ role: { inlinePolicies: { app: expect.not.stringContaining('"*"') } } });
  });

  test("that names text to break a log, a terminal or an Event is shown safely and cut", async () => {
    const { sim } = await established(["app"]);
    await outsider(sim, allowAll("app"));
    sim.servers.aws.cloud.queues.create(DRIFT_EVENTS).clear();
    const arn = `arn:aws:iam::1:user/\u001b[2J\n::error::${"x".repeat(5_000)}`;
    send(
      sim,
      event({
        eventName: "PutRolePolicy",
        requestParameters: { roleName: "app", policyName: "app" },
        userIdentity: { arn },
      }),
    );
    await sim.run(10_000);
    const note = (await sim.user.events(key("app"))).find(({ reason }) => reason === "DriftRepaired")?.note ?? "";
    expect(note).toMatch(
      /^after PutRolePolicy by arn:aws:iam::1:user\/\\u001b\[2J\\u000a::error::x+… at 2026-01-01T00:00:00Z: /,
    );
    expect(note).toContain("~ inline policy app of role app");
  });

  test("about something that no object has, or that is no event at all, costs no request and is deleted", async () => {
    const { sim, replica } = await established(["app"]);
    const sinceMs = sim.clock.monotonicMs();
    for (const body of ["", "[]", "{", "null", '{"source":1}', `"${"x".repeat(2_000_000)}"`]) send(sim, body);
    for (const body of [
      event({}, { account: "1" }),
      event({ eventName: 1 }),
      event({ eventTime: "yesterday" }),
      event({ eventTime: "2026-99-01T00:00:00Z" }),
    ])
      send(sim, body);
    send(sim, event({}, { "detail-type": "AWS Console Sign In via CloudTrail" }));
    send(sim, event({ errorCode: "AccessDenied" }));
    send(sim, event({ readOnly: true, eventName: "GetRole" }));
    send(sim, event({ requestParameters: { userName: "app", policyArn: ADMIN }, eventName: "AttachUserPolicy" }));
    send(sim, event({ requestParameters: null }));
    send(sim, event({ requestParameters: { roleName: ["app"] } }));
    send(sim, event({}, { account: "210987654321" }));
    send(sim, event({ requestParameters: { roleName: "theirs" } }));
    send(sim, event({ requestParameters: { roleName: "__proto__" } }));
    await sim.run(MINUTE_MS);
    expect(replica.messages).toEqual({ own: 5, malformed: 10, irrelevant: 6, unmatched: 3 });
    expect(awsCalls(sim, sinceMs)).toEqual([]);
    expect(sim.servers.aws.cloud.queues.create(DRIFT_EVENTS).depth).toEqual({ visible: 0, inFlight: 0 });
  });

  test("that leads to a read of a part claims no verification of the rest", async () => {
    const { sim } = await established(["app"]);
    const verified = async () => (await sim.object(key("app")))?.status?.lastVerifiedTime;
    const before = await verified();
    await outsider(sim, allowAll("app"));
    await sim.run(3_000);
    expect(await sim.user.events(key("app"))).toContainEqual(expect.objectContaining({ reason: "DriftRepaired" }));
    expect(await verified()).toBe(before);
  });

  test("about one part does not put off the resync that reads the rest, where no scan does", async () => {
    const { sim } = await established(["app"], DRIFTING_SPEC, { isSweeping: false });
    const before = state(sim, "app");
    await outsider(sim, allowAll("app"));
    sim.servers.aws.cloud.queues.create(DRIFT_EVENTS).clear();
    for (let i = 0; i < 4; i += 1) {
      send(sim, event({ eventName: "TagInstanceProfile", requestParameters: { instanceProfileName: "app" } }));
      await sim.run(3 * MINUTE_MS);
    }
    expect(state(sim, "app")).toEqual(before);
  });

  test("whose change the reads do not show yet is verified once more", async () => {
    const { sim } = await established(["app"]);
    const before = state(sim, "app");
    sim.servers.aws.setAwkwardness({ visibilityDelayMs: 10_000 });
    const sinceMs = sim.clock.monotonicMs();
    await outsider(sim, allowAll("app"));
    await sim.run(5_000);
    expect(written(sim, sinceMs)).toEqual([]);
    await sim.run(15_000);
    expect(written(sim, sinceMs)).toEqual(["PutRolePolicy"]);
    await sim.run(MINUTE_MS);
    expect(state(sim, "app")).toEqual(before);
  });
});

describe("a burst", () => {
  test("of 200 changes of one object is one verification and one repair", async () => {
    const { sim, replica } = await established(["app"]);
    const sinceMs = sim.clock.monotonicMs();
    const runs = replica.reconciles;
    for (let i = 0; i < 200; i += 1) await outsider(sim, allowAll("app"));
    await sim.run(3_000);
    expect(written(sim, sinceMs)).toEqual(["PutRolePolicy"]);
    expect(replica.reconciles - runs).toBeLessThanOrEqual(3);
    await sim.run(2 * MINUTE_MS);
    expect(awsCalls(sim, sinceMs).length).toBeLessThanOrEqual(20);
  });

  test("of 200 changes of 200 objects is repaired by two reads and a write each", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `app-${i}`);
    const { sim } = await established(names, {});
    const sinceMs = sim.clock.monotonicMs();
    for (const name of names) await outsider(sim, allowAll(name));
    await sim.run(5_000);
    expect(written(sim, sinceMs)).toHaveLength(200);
    expect(awsCalls(sim, sinceMs)).toHaveLength(600);
  });

  test("that keeps the controller at its rate limits puts off no user's edit for 5 s", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `app-${i}`);
    const rates = { readsPerSecond: 2, writesPerSecond: 1 };
    const { sim } = await established([...names, "edited"], {}, { awsRates: rates });
    const sinceMs = sim.clock.monotonicMs();
    for (const name of names) await outsider(sim, allowAll(name));
    await sim.run(10_000);
    expect(written(sim, sinceMs).length).toBeLessThan(20);
    await sim.apply(s3ReadOnly(key("edited"), { description: "edited" }));
    const editedMs = sim.clock.monotonicMs();
    await sim.runUntil(() => sim.writes("aws", editedMs).some(({ subject }) => subject === "edited"), 5_000);
  });

  test("that goes on is verified at a limited rate, is named in NotConverging, and does not rewrite the status", async () => {
    const { sim, replica } = await established(["app"]);
    await sim.run(1_000);
    const sinceMs = sim.clock.monotonicMs();
    for (let i = 0; i < 600; i += 1) {
      await outsider(sim, allowAll("app"));
      await sim.run(1_000);
    }
    const verifications = awsCalls(sim, sinceMs).filter(({ what }) => what === "GetRole");
    // Five at once, one a minute after that, each once more after 15 s, and the precondition of repairs.
    expect(verifications.length).toBeLessThanOrEqual(40);
    expect(written(sim, sinceMs)).toEqual(Array(3).fill("PutRolePolicy"));
    const object = await sim.object(key("app"));
    expect(readyOf(object)).toBe("False NotConverging");
    const { message } = object?.status?.conditions?.find(({ type }) => type === "Ready") ?? {};
    expect(message).toMatch(
      /the last change that AWS CloudTrail has reported is PutRolePolicy by arn:aws:iam::123456789012:\S+ at 2026/,
    );
    const patches = sim.writes("kube", sinceMs).filter(({ what }) => what === "PATCH instanceprofiles/status");
    expect(patches.length).toBeLessThanOrEqual(8);
    expect(replica.logger.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

test("a queue that cannot be reached is logged once and puts nothing off, and drift is found by the scan", async () => {
  const { sim, replica } = await established(["app"]);
  const before = state(sim, "app");
  replica.eventQueue.fault = new Error("AccessDenied");
  await outsider(sim, allowAll("app"));
  await sim.run(12 * MINUTE_MS);
  expect(state(sim, "app")).toEqual(before);
  const about = (text: string) => replica.logger.lines.filter(({ message }) => message.includes(text));
  expect(about("could not poll the event queue")).toHaveLength(1);
  replica.eventQueue.fault = undefined;
  await sim.run(MINUTE_MS);
  expect(about("the event queue can be reached again")).toHaveLength(1);
  await outsider(sim, allowAll("app"));
  await sim.run(3_000);
  expect(state(sim, "app")).toEqual(before);
});

test("only the leader receives", async () => {
  const sim = new Simulation();
  const leader = sim.start({ isElected: true, hasEvents: true });
  await sim.run(5_000);
  const standby = sim.start({ isElected: true, hasEvents: true });
  await sim.run(5_000);
  await sim.apply(s3ReadOnly(key("app")));
  await sim.run(MINUTE_MS);
  expect([leader.eventQueue.received > 0, standby.eventQueue.received]).toEqual([true, 0]);
});

test("an association that another client ends is made again within 3 s of its event, and an event of other instances costs no request", async () => {
  const { sim } = await established(["app"], {
    instances: { region: "us-east-1", selector: { matchTags: { app: "app" } } },
  });
  const ec2 = async (action: string, params: Readonly<Record<string, string>>) => {
    sim.servers.aws.nowMs = sim.clock.nowMs();
    return must(await sim.servers.aws.ec2(action, params)).result;
  };
  const run = async (app: string): Promise<string> => {
    const tag = { "TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "app" };
    const params = {
      ImageId: "ami-12c6146b",
      MinCount: "1",
      MaxCount: "1",
      ...tag,
      "TagSpecification.1.Tag.1.Value": app,
    };
    return (await ec2("RunInstances", params)).instancesSet.item[0].instanceId;
  };
  const [ours, theirs] = [await run("app"), await run("other")];
  await sim.run(3 * MINUTE_MS);
  const associationOf = async (id: string) => {
    const { iamInstanceProfileAssociationSet: found } = await ec2("DescribeIamInstanceProfileAssociations", {});
    return [found?.item ?? []].flat().find(({ instanceId }: { readonly instanceId: string }) => instanceId === id)
      ?.associationId;
  };
  const before = await associationOf(ours);
  expect(before).toMatch(/^iip-assoc-/);

  const sinceMs = sim.clock.monotonicMs();
  await ec2("CreateTags", { "ResourceId.1": theirs, "Tag.1.Key": "team", "Tag.1.Value": "b" });
  await sim.run(3_000);
  expect(awsCalls(sim, sinceMs)).toEqual([]);

  await ec2("DisassociateIamInstanceProfile", { AssociationId: before });
  await sim.run(3_000);
  expect(await associationOf(ours)).toMatch(/^iip-assoc-/);
  // EC2 tells tags and associations apart; IAM has the owner tags of the instance profile, and those of the role, which another
  // cluster may have adopted.
  expect(awsCalls(sim, sinceMs).map(({ what }) => what)).toEqual([
    "DescribeInstances",
    "DescribeIamInstanceProfileAssociations",
    "GetInstanceProfile",
    "GetRole",
    "AssociateIamInstanceProfile",
  ]);
});
