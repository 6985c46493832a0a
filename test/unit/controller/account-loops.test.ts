import { beforeEach, describe, expect, test } from "vitest";
import type { InstanceProfileClass } from "../../../src/api/instance-profile-class.ts";
import { ClaimsByAccount } from "../../../src/controller/accounts/instance-claims.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { ScanCoverageByAccount } from "../../../src/controller/scan/scan-coverage.ts";
import { ScanSupervisor } from "../../../src/controller/scan/scan-supervisor.ts";
import { type AwsAccount, openAwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { UNKNOWN } from "../../../src/engine/observe/snapshot-index.ts";
import type { Part } from "../../../src/engine/observe/stale-observation.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { BlockedError } from "../../../src/errors.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";
import { aClass, CLUSTER_ID, PLACE } from "../../support/builders.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

const OTHER_ACCOUNT = "222222222222";

let clock: FakeClock;
let scans: ScanSupervisor;
let coverage: ScanCoverageByAccount;
/** The InstanceProfileClasses of the cluster. */
let classObjects: readonly KubeObject[];
/** The roles by which accounts were reached, or not. */
let tried: (string | undefined)[];
let isReachable: boolean;
/** The account of classes. */
let theirs: AwsAccount;
beforeEach(() => {
  classObjects = [];
  tried = [];
  isReachable = true;
  clock = new FakeClock();
  const monotonicMs = (): number => clock.monotonicMs();
  const iam = new FakeIam();
  const change = { reader: iam, writer: iam };
  const account = (): AwsAccount =>
    openAwsAccount({ change, instanceReader: NO_INSTANCES, propagationWindowMs: 0, monotonicMs });
  const own = account();
  theirs = account();
  const objects = (): [] => [];
  const classes = new ClassResolver({
    classes: () => classObjects,
    objects: objectsOfList(objects),
    clusterId: CLUSTER_ID,
  });
  coverage = new ScanCoverageByAccount(monotonicMs);
  const open = async ({ spec }: InstanceProfileClass): Promise<AwsAccount> => {
    tried.push(spec.account.roleArn);
    if (isReachable) return theirs;
    throw new BlockedError("not authorized to perform sts:AssumeRole", { reason: "AccessDenied" });
  };
  scans = new ScanSupervisor({
    accounts: {
      own,
      open,
      ownId: undefined,
      opened: [own],
      learnOwnId: async () => "123456789012",
      assertOwn: async () => {},
      ownPlace: async () => PLACE,
    },
    classes,
    objects,
    coverage,
    claims: new ClaimsByAccount({ objects, accountOf: (raw) => classes.accountOf(raw), clusterId: CLUSTER_ID }),
    queue: new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) }),
    enqueue: () => {},
    observerOf: undefined,
    clusterId: CLUSTER_ID,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    isDriftReported: true,
    settings: { scanIntervalMs: 600_000, intervals: DEFAULT_REQUEUE_INTERVALS },
  });
});

describe("the scans of all accounts", () => {
  test("repeat by timers until they are stopped", async () => {
    scans.work();
    await settle();
    expect(clock.timerCount).toBeGreaterThan(0);
    await scans.stop();
    expect(clock.timerCount).toBe(0);
  });

  test("leave nothing running when they are stopped as they start", async () => {
    scans.work();
    await scans.stop();
    await settle();
    expect(clock.timerCount).toBe(0);
  });

  test("do not start in a process that becomes the leader while it stops", async () => {
    await scans.stop();
    scans.work();
    await settle();
    expect(clock.timerCount).toBe(0);
  });
});

describe("the scan of a class's account", () => {
  const by = (role: string): readonly KubeObject[] => {
    const account = {
      id: OTHER_ACCOUNT,
      partition: "aws" as const,
      roleArn: `arn:aws:iam::${OTHER_ACCOUNT}:role/${role}`,
    };
    return [aClass({ account }) as unknown as KubeObject];
  };
  const isWaitedFor = (): boolean => coverage.of(OTHER_ACCOUNT).isFirstScanAhead;

  test("keeps no object waiting while the account is not accessible", async () => {
    classObjects = by("controller");
    isReachable = false;
    scans.work();
    await settle();
    expect(tried).toHaveLength(1);
    expect(isWaitedFor()).toBe(false);
    await clock.advance(30_000);
    await settle();
    expect(tried).toHaveLength(2);
    await scans.stop();
  });

  test("is waited for from its start, unless the account scan is not authorized", async () => {
    classObjects = by("controller");
    scans.work();
    expect(isWaitedFor()).toBe(true);
    await settle();
    expect(isWaitedFor()).toBe(false);
    await scans.stop();
  });

  test("keeps no object waiting once it is stopped", async () => {
    classObjects = by("controller");
    scans.work();
    await scans.stop();
    expect(isWaitedFor()).toBe(false);
  });

  test("restarts with another role when the class names one", async () => {
    classObjects = by("controller");
    scans.work();
    await settle();
    classObjects = by("renamed");
    scans.classesChanged();
    await clock.advance(1_000);
    await settle();
    expect(tried.map((arn) => arn?.split("/")[1])).toEqual(["controller", "renamed"]);
    await scans.stop();
  });

  test("goes on with the same role when only the event queues of the class change", async () => {
    classObjects = by("controller");
    scans.work();
    await settle();
    const [raw] = classObjects as [{ readonly spec: { readonly account: object } }];
    const eventQueueUrls = [`https://sqs.us-east-1.amazonaws.com/${OTHER_ACCOUNT}/drift`];
    classObjects = [{ ...raw, spec: { ...raw.spec, account: { ...raw.spec.account, eventQueueUrls } } } as KubeObject];
    scans.classesChanged();
    await clock.advance(1_000);
    await settle();
    expect(tried).toHaveLength(1);
    await scans.stop();
  });

  test("keeps what was observed, for the operator's events, and no longer than a class names the account", async () => {
    const key = "a/app";
    const identity = { uid: "1", generation: 1 };
    const isKept = (): boolean => {
      theirs.drift.recordState(key, identity, { role: ABSENT, instanceProfile: ABSENT });
      theirs.drift.touch(key, new Set<Part>(["role"]));
      return theirs.drift.startingPoint({ ...identity, key, isNew: false, isUserWaiting: false }, UNKNOWN) !== UNKNOWN;
    };
    classObjects = by("controller");
    scans.work();
    await settle();
    expect(isKept()).toBe(true);
    classObjects = [];
    scans.classesChanged();
    await clock.advance(1_000);
    await settle();
    expect(isKept()).toBe(false);
    await scans.stop();
  });
});
