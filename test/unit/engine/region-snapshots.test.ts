import { beforeEach, describe, expect, test } from "vitest";
import { ClaimIndex } from "../../../src/engine/observe/instance-claims.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { RegionSnapshots } from "../../../src/engine/observe/region-snapshots.ts";
import { converge } from "../../../src/engine/reconcile/converge.ts";
import { BlockedError, ConflictError, RetryableError } from "../../../src/errors.ts";
import type { InstanceFacts } from "../../../src/model/instances/instance.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES, withoutInstances } from "../../fakes/no-instances.ts";
import { desiredOf } from "../../support/builders.ts";
import { convergeDependencies } from "../../support/converge-dependencies.ts";

/** How old a reading of EC2 may be, and what makes it worthless. */
const REGION = "eu-west-1";
const WINDOW_MS = 120_000;
const DESIRED = desiredOf({
  instances: { region: REGION, selector: { matchTags: { app: "web" } }, onConflict: "Keep" },
});
const ASSOCIATION = ["CreateTags", "AssociateIamInstanceProfile"];

let iam: FakeIam;
let nowMs: number;
/** What EC2 shows. */
let instances: readonly InstanceFacts[];
let readings: number;
/** Waited for in each reading, after EC2 has looked. */
let reply: () => Promise<void>;
let snapshots: RegionSnapshots;
let recentWrites: RecentWrites;
const monotonicMs = (): number => nowMs;

const reader = {
  ...NO_INSTANCES,
  readRegion: async (): Promise<readonly InstanceFacts[]> => {
    readings += 1;
    const seen = instances;
    await reply();
    return seen;
  },
};

beforeEach(() => {
  iam = new FakeIam();
  nowMs = 1_000;
  instances = [];
  readings = 0;
  reply = async () => {};
  snapshots = new RegionSnapshots({ reader, monotonicMs, propagationWindowMs: WINDOW_MS });
  recentWrites = new RecentWrites({ windowMs: WINDOW_MS, monotonicMs });
});

function instance(instanceId: string): InstanceFacts {
  return { instanceId, region: REGION, state: "running", tags: { app: "web" }, association: undefined };
}

/** One reconcile; its writes and what stopped it. */
async function reconcile(
  isUserWaiting = false,
): Promise<{ readonly writes: readonly string[]; readonly error: unknown }> {
  const before = iam.writes.length;
  const claims = new ClaimIndex({ in: () => [] });
  const instances = { ...withoutInstances(), reader, snapshots, claims, isUserWaiting };
  const deps = convergeDependencies(iam, { recentWrites, instances });
  const { report, after } = await converge(DESIRED, deps, new AbortController().signal);
  const error = report.failed?.error ?? after.instances?.unreadable;
  return { writes: iam.writes.slice(before).map(({ kind }) => kind), error };
}

describe("a read of EC2", () => {
  test("serves a resync that writes nothing for the whole interval", async () => {
    await reconcile();
    nowMs += 59_000;
    await reconcile();
    expect(readings).toBe(1);
    nowMs += 2_000;
    await reconcile();
    expect(readings).toBe(2);
  });

  test("serves a reconcile that a user waits for at most two seconds", async () => {
    await reconcile();
    nowMs += 2_001;
    instances = [instance("i-1")];
    expect((await reconcile(true)).writes).toEqual(ASSOCIATION);
    expect(readings).toBe(2);
  });

  test("older than two seconds leads to no write: the instance may be terminated", async () => {
    instances = [instance("i-1")];
    iam.fate = ({ kind }) =>
      kind === "CreateTags" ? new RetryableError("no reply", { reason: "EndpointUnreachable" }) : "do";
    await reconcile();
    iam.fate = () => "do";
    await snapshots.get(REGION, 0, new AbortController().signal);
    nowMs += 2_001;
    instances = [];
    expect((await reconcile()).writes).toEqual([]);
  });

  test("that failed is not retried for five seconds, however many objects need it", async () => {
    await reconcile();
    nowMs += 60_001;
    reply = () => Promise.reject(new RetryableError("no reply from ec2", { reason: "EndpointUnreachable" }));
    for (let i = 0; i < 5; i += 1) expect((await reconcile()).error).toBeInstanceOf(RetryableError);
    expect(readings).toBe(2);
    reply = async () => {};
    nowMs += 5_000;
    expect((await reconcile()).error).toBeUndefined();
  });

  test("that began earlier does not replace a later one", async () => {
    const { signal } = new AbortController();
    const first = Promise.withResolvers<void>();
    reply = () => first.promise;
    const early = snapshots.get(REGION, 0, signal);
    nowMs += 1;
    instances = [instance("i-1")];
    reply = async () => {};
    await snapshots.get(REGION, 0, signal);
    first.resolve();
    await early;
    expect([...(snapshots.peek(REGION)?.instances.keys() ?? [])]).toEqual(["i-1"]);
  });
});

describe("a refused write to an instance", () => {
  async function refusedWith(error: Error): Promise<void> {
    instances = [instance("i-1")];
    await reconcile();
    instances = [instance("i-1"), instance("i-2")];
    nowMs += 60_001;
    iam.fate = ({ kind }) => {
      nowMs += 1;
      return kind === "AssociateIamInstanceProfile" ? error : "do";
    };
    await reconcile();
    iam.fate = () => "do";
  }

  test("because of a conflict makes the next reconcile read the region, however new the last read", async () => {
    await refusedWith(new ConflictError("the instance has an association", { reason: "IncorrectState" }));
    const before = readings;
    nowMs += 1;
    await reconcile(true);
    expect(readings).toBe(before + 1);
  });

  test("because access is denied does not", async () => {
    await refusedWith(new BlockedError("not authorized", { reason: "AccessDenied" }));
    const before = readings;
    nowMs += 1;
    await reconcile(true);
    expect(readings).toBe(before);
  });
});

describe("the controller's own writes to instances", () => {
  beforeEach(async () => {
    instances = [instance("i-1")];
    expect((await reconcile()).writes).toEqual(expect.arrayContaining(ASSOCIATION));
  });

  test("count at once, before EC2 is read again", async () => {
    expect((await reconcile(true)).writes).toEqual([]);
  });

  test("count while EC2 does not show them, until the propagation window ends", async () => {
    nowMs += WINDOW_MS - 1;
    expect((await reconcile(true)).writes).toEqual([]);
    nowMs += 2_001;
    expect((await reconcile(true)).writes).toEqual(ASSOCIATION);
  });

  test("count when they were sent during a read that takes longer than the propagation window", async () => {
    const { signal } = new AbortController();
    nowMs += 10_000;
    instances = [instance("i-1"), instance("i-2")];
    await snapshots.get(REGION, 0, signal);
    nowMs += 1_000;
    const later = Promise.withResolvers<void>();
    reply = () => later.promise;
    const long = snapshots.get(REGION, 0, signal);
    nowMs += 500;
    expect((await reconcile(true)).writes).toEqual(ASSOCIATION);
    nowMs += WINDOW_MS + 1;
    later.resolve();
    expect((await long).instances.get("i-2")?.association).toBeDefined();
  });
});
