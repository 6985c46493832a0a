import { expect, test } from "vitest";
import { type AwsCaller, createAwsCaller } from "../../src/aws/call/aws-call.ts";
import { type CallKind, CallLimiter } from "../../src/aws/call/call-limiter.ts";
import { MutationCache } from "../../src/controller/reconcile/mutation-cache.ts";
import { Reconciler } from "../../src/controller/reconcile/reconciler.ts";
import { StatusWriter } from "../../src/controller/reconcile/status-writer.ts";
import { ScanCoverageByAccount } from "../../src/controller/scan/scan-coverage.ts";
import { queueRequeue } from "../../src/controller/urgency.ts";
import { openAwsAccount } from "../../src/engine/accounts/aws-account.ts";
import { ClaimIndex } from "../../src/engine/observe/instance-claims.ts";
import type { IamAccess } from "../../src/engine/ports.ts";
import { ThrottledError } from "../../src/errors.ts";
import { KeyedBackoff } from "../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../src/runtime/queue/work-queue.ts";
import { Workers } from "../../src/runtime/queue/workers.ts";
import { TokenBuckets } from "../../src/sandbox/aws/throttle.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { crdDeletionOf } from "../fakes/fake-crd.ts";
import { FakeIam } from "../fakes/fake-iam.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { NO_INSTANCES } from "../fakes/no-instances.ts";
import { ownStatusOf } from "../fakes/own-status-of.ts";
import { CLUSTER_ID } from "../support/builders.ts";
import { type Manifest, type ObjectView, readyOf } from "../support/cluster-user.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { onlyAccount } from "../support/no-classes.ts";
import { listScenarioClasses, scenarioClasses } from "../support/scenario-class.ts";

const OBJECTS = 1_000;
const WRITES_EACH = 4;
const READS_EACH = 2;
/** What the account allows of reads, and of writes. */
const ALLOWED = { ratePerSecond: 10, burst: 10 };
/** More than the account allows, so that its throttling alone is the limit. */
const ASKED = { readsPerSecond: 50, writesPerSecond: 50 };

/** IAM in memory, behind the adapter's own way of calling and the sandbox's throttle. */
function throttled(iam: FakeIam, call: AwsCaller, allows: (kind: CallKind) => boolean): IamAccess {
  const through = <T>(operation: string, kind: CallKind, work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const send = async (): Promise<T> => {
      if (allows(kind)) return work();
      throw new ThrottledError("Throttling: Rate exceeded", { reason: "Throttled" });
    };
    return call({ service: "IAM", operation, entity: "something", isRead: kind === "read", send }, signal);
  };
  const absent = async (): Promise<never> => {
    throw new Error("what is not there has no policies to read");
  };
  return {
    reader: {
      getRole: (name, signal) => through("GetRole", "read", () => iam.getRole(name), signal),
      getInstanceProfile: (name, signal) =>
        through("GetInstanceProfile", "read", () => iam.getInstanceProfile(name), signal),
      listRolePolicies: absent,
      getRolePolicy: absent,
      listAttachedRolePolicies: absent,
      listInstanceProfilesForRole: absent,
      policyExists: absent,
      getPolicy: absent,
      getPolicyVersion: absent,
      listPolicyVersions: absent,
      listEntitiesForPolicy: absent,
    },
    writer: { perform: (action, signal) => through(action.kind, "write", () => iam.perform(action), signal) },
  };
}

test("a thousand objects made at once under a throttle: none fails, none is stuck, four fifths of what is allowed are used", {
  timeout: 60_000,
}, async () => {
  const [clock, kube, iam] = [new FakeClock(), new FakeKube(), new FakeIam()];
  const monotonicMs = (): number => clock.monotonicMs();
  const buckets = new TokenBuckets(monotonicMs);
  let refused = 0;
  const allows = (kind: CallKind): boolean => {
    const isAllowed = buckets.take(kind, ALLOWED);
    if (!isAllowed) refused += 1;
    return isAllowed;
  };
  const call = createAwsCaller({ clock, limiter: new CallLimiter(clock, ASKED) }, "change");
  const change = throttled(iam, call, allows);
  const account = openAwsAccount({ change, instanceReader: NO_INSTANCES, propagationWindowMs: 120_000, monotonicMs });
  const mutationCache = new MutationCache(monotonicMs);
  const nowMs = (): number => clock.nowMs();
  const reconciler = new Reconciler({
    objects: kube,
    cache: { get: (key) => kube.read({ namespace: "default", name: key.slice("default/".length) }) },
    mutationCache,
    accounts: onlyAccount(account),
    classes: scenarioClasses(),
    listClasses: listScenarioClasses,
    nowMs,
    coverage: new ScanCoverageByAccount(monotonicMs),
    claims: { of: () => ({ index: new ClaimIndex({ in: () => [] }) }) },
    monotonicMs,
    ownStatus: ownStatusOf(monotonicMs),
    statusWriter: new StatusWriter({
      ...{
        objects: kube,
        events: kube,
        mutationCache,
        intervals: DEFAULT_REQUEUE_INTERVALS,
        nowMs,
        monotonicMs,
        random: () => 0.5,
      },
    }),
    crdDeletion: crdDeletionOf(),
    clusterId: CLUSTER_ID,
  });
  const queue = new WorkQueue({ clock, backoff: new KeyedBackoff(() => 0) });
  const workers = new Workers({
    ...{ queue, clock, logger: silentLogger, newReconcileId: () => "run", concurrency: 10 },
    reconcile: async (key, signal, { logger }) =>
      queueRequeue(await reconciler.reconcile(key, signal, { logger, urgency: "change" })),
  });
  const keys = Array.from({ length: OBJECTS }, (_, i) => ({ namespace: "default", name: `app-${i}` }));
  for (const key of keys) {
    kube.apply({ ...s3ReadOnly(key) } as Manifest & Record<string, unknown>);
    queue.add(`default/${key.name}`);
  }

  workers.start();
  await clock.advance(((OBJECTS * WRITES_EACH) / ALLOWED.ratePerSecond / 0.8) * 1_000);

  const ready = keys.map((key) => readyOf(kube.read(key) as unknown as ObjectView | undefined));
  expect(ready.filter((it) => it === "True InSync")).toHaveLength(OBJECTS);
  expect(iam.writes).toHaveLength(OBJECTS * WRITES_EACH);
  expect(kube.events.filter(({ type }) => type === "Warning")).toEqual([]);
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(0.1 * OBJECTS * (WRITES_EACH + READS_EACH));
  await workers.stop(0);
});
