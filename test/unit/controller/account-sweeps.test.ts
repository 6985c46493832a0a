import { beforeEach, describe, expect, test } from "vitest";
import { ClaimsByAccount } from "../../../src/controller/accounts/claims-by-account.ts";
import { ClassDirectory } from "../../../src/controller/classes/class-resolver.ts";
import { ScanCoverageByAccount } from "../../../src/controller/scan/scan-coverage.ts";
import { AccountSweeps } from "../../../src/controller/scan/scan-supervisor.ts";
import { openAwsAccount } from "../../../src/engine/accounts/aws-account.ts";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../../src/status/requeue.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeIam } from "../../fakes/fake-iam.ts";
import { NO_INSTANCES } from "../../fakes/no-instances.ts";
import { CLUSTER_ID } from "../../support/builders.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { onlyAccount } from "../../support/no-classes.ts";

let clock: FakeClock;
let sweeps: AccountSweeps;
beforeEach(() => {
  clock = new FakeClock();
  const monotonicMs = (): number => clock.monotonicMs();
  const iam = new FakeIam();
  const change = { reader: iam, writer: iam };
  const own = openAwsAccount({ change, instanceReader: NO_INSTANCES, settleWindowMs: 0, monotonicMs });
  const objects = (): [] => [];
  const classes = new ClassDirectory({ classes: objects, objects, clusterId: CLUSTER_ID });
  sweeps = new AccountSweeps({
    accounts: onlyAccount(own),
    classes,
    objects,
    coverage: new ScanCoverageByAccount(monotonicMs),
    claims: new ClaimsByAccount({ objects, accountOf: (raw) => classes.accountOf(raw), clusterId: CLUSTER_ID }),
    queue: new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) }),
    wake: () => {},
    observerOf: undefined,
    clusterId: CLUSTER_ID,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    settings: { sweepIntervalMs: 600_000, intervals: DEFAULT_REQUEUE_INTERVALS },
  });
});

describe("the sweeps of all accounts", () => {
  test("go on by timers until they are stopped", async () => {
    sweeps.work();
    await settle();
    expect(clock.timerCount).toBeGreaterThan(0);
    await sweeps.stop();
    expect(clock.timerCount).toBe(0);
  });

  test("leave nothing running when they are stopped in the moment in which they begin", async () => {
    sweeps.work();
    await sweeps.stop();
    await settle();
    expect(clock.timerCount).toBe(0);
  });

  test("do not begin for a process that is elected while it stops", async () => {
    await sweeps.stop();
    sweeps.work();
    await settle();
    expect(clock.timerCount).toBe(0);
  });
});
