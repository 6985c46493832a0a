import { describe, expect, test } from "vitest";
import { CallLimiter } from "../../../src/aws/call/call-limiter.ts";
import { type OpenAccounts, openAccounts } from "../../../src/cli/controller/open-accounts.ts";
import { orphanMetrics, scanMetrics } from "../../../src/cli/metrics/account-metrics.ts";
import { ProductMetrics } from "../../../src/cli/metrics/product-metrics.ts";
import type { AccountQuotas, Usage } from "../../../src/model/account-quotas.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordingHandler } from "../../support/recording-handler.ts";

const [TEAMS, OTHERS] = ["222233334444", "333344445555"];
const { signal } = new AbortController();

const clock = new FakeClock();
const newMetrics = (): ProductMetrics => new ProductMetrics(clock, "0.0.0");
const limiterOf = (perSecond: number): CallLimiter =>
  new CallLimiter(clock, { readsPerSecond: perSecond, writesPerSecond: perSecond });
const quotasOf = (roles: Usage): AccountQuotas => ({
  ...{ roles, instanceProfiles: undefined },
  ...{
    policies: undefined,
    managedPolicyChars: undefined,
    inlinePoliciesChars: undefined,
    trustPolicyChars: undefined,
    managedPoliciesPerRole: undefined,
  },
});

/** The values of a metric by account, of IAM's reads or of roles. */
async function shown(metrics: ProductMetrics, name: string): Promise<Readonly<Record<string, number>>> {
  const metric = await metrics.registry.getSingleMetric(`instance_profile_controller_${name}`)?.get();
  const ofReads = (metric?.values ?? []).filter(
    ({ labels }) => labels["kind"] !== "write" && labels["service"] !== "EC2",
  );
  return Object.fromEntries(ofReads.map(({ labels, value }) => [labels["account"], value]));
}

describe("each account", () => {
  test("has a rate and a line of its own", async () => {
    const metrics = newMetrics();
    const [calm, busy] = [limiterOf(9), limiterOf(1)];
    metrics.watchAws("own", calm);
    metrics.watchAws(TEAMS, busy);
    const read = { service: "IAM", kind: "read" } as const;
    for (let call = 0; call < 4; call += 1) void busy.acquire(read, "change", 60_000, signal);
    await calm.acquire(read, "change", 60_000, signal);
    expect(await shown(metrics, "aws_limiter_rate")).toEqual({ own: 9, [TEAMS]: 1 });
    expect(await shown(metrics, "aws_limiter_waiting")).toMatchObject({
      own: 0,
      [TEAMS]: expect.toSatisfy((n) => n > 0),
    });
  });

  test("has quotas of its own, and none before its first scan", async () => {
    const metrics = newMetrics();
    let scanned: AccountQuotas | undefined;
    metrics.watchQuotas("own", () => quotasOf({ used: 10, quota: 1_000 }));
    metrics.watchQuotas(TEAMS, () => scanned);
    metrics.watchQuotas(OTHERS, () => undefined);
    expect(await shown(metrics, "aws_quota_used")).toEqual({ own: 10 });
    scanned = quotasOf({ used: 999, quota: 2_000 });
    expect(await shown(metrics, "aws_quota_used")).toEqual({ own: 10, [TEAMS]: 999 });
    expect(await shown(metrics, "aws_quota_limit")).toEqual({ own: 1_000, [TEAMS]: 2_000 });
  });
});

test("of several ways into one account, the one that was scanned tells its quotas", async () => {
  const metrics = newMetrics();
  metrics.watchQuotas(TEAMS, () => quotasOf({ used: 3, quota: 1_000 }));
  metrics.watchQuotas(TEAMS, () => undefined);
  expect(await shown(metrics, "aws_quota_used")).toEqual({ [TEAMS]: 3 });
});

test("the connections of shards without the controller's own account neither hide nor end its gauges", async () => {
  const metrics = newMetrics();
  const { handler } = recordingHandler({ ListRolePolicies: "<PolicyNames/><IsTruncated>false</IsTruncated>" });
  const credentials = { accessKeyId: "AKIAOWN", secretAccessKey: "s" };
  const aws = { region: "us-east-1", requestHandler: handler, credentials };
  const process = { aws, settings: { propagationWindowMs: 0 }, logger: silentLogger };
  const open = async (hasAccount: boolean): Promise<OpenAccounts> => {
    const opened = openAccounts(
      process,
      metrics,
      () => {},
      () => hasAccount,
    );
    await opened.accounts.own.iam.routine.reader.listRolePolicies("app", signal);
    return opened;
  };
  const [own, other] = [await open(true), await open(false)];
  const ways = async (): Promise<readonly string[]> => Object.keys(await shown(metrics, "aws_limiter_rate"));
  expect(await ways()).toEqual(["own"]);
  other.close();
  expect(await ways()).toEqual(["own"]);
  own.close();
  expect(await ways()).toEqual([]);
});

test("an account that is scanned no longer shows nothing of its last scan, and the others go on", async () => {
  const metrics = newMetrics();
  const [orphansOf, sweepsOf] = [orphanMetrics(metrics.registry), scanMetrics(metrics.registry)];
  let quotas: AccountQuotas | undefined = quotasOf({ used: 3, quota: 1_000 });
  for (const account of [TEAMS, OTHERS]) {
    orphansOf(account).counted(2);
    sweepsOf(account).ended("ok", { durationMs: 1, compared: 5, different: 0 });
    metrics.watchQuotas(account, () => (account === TEAMS ? quotas : quotasOf({ used: 4, quota: 1_000 })));
  }
  const gauges = [
    ...["orphans", "account_scan_objects", "account_scan_available", "aws_quota_used", "aws_quota_limit"],
    ...["account_scans_total", "account_scan_differences_total"],
  ];
  for (const gauge of gauges) expect(Object.keys(await shown(metrics, gauge))).toEqual([TEAMS, OTHERS]);
  orphansOf(TEAMS).left();
  sweepsOf(TEAMS).left();
  quotas = undefined;
  for (const gauge of gauges) expect(Object.keys(await shown(metrics, gauge)), gauge).toEqual([OTHERS]);
});

test("a hundred accounts that have used every kind of request are at most 25 lines each, and no histograms", async () => {
  const metrics = newMetrics();
  const [orphansOf, scansOf] = [orphanMetrics(metrics.registry), scanMetrics(metrics.registry)];
  const kinds = (["IAM", "STS", "EC2"] as const).flatMap((service) =>
    (["read", "write"] as const).map((kind) => ({ service, kind })),
  );
  const before = (await metrics.registry.metrics()).split("\n").length;
  for (let i = 0; i < 100; i += 1) {
    const account = String(100_000_000_000 + i);
    const limiter = limiterOf(1_000);
    const { onLimiterWait } = metrics.watchAws(account, limiter);
    for (const of of kinds) {
      await limiter.acquire(of, "change", 60_000, signal);
      for (const urgency of ["narrowing", "change", "bulk", "routine"] as const)
        onLimiterWait?.({ ...of, urgency, waitedMs: 1 });
    }
    orphansOf(account).counted(1);
    scansOf(account).ended("ok", { durationMs: 1, compared: 5, different: 1 });
    metrics.watchQuotas(account, () => quotasOf({ used: 3, quota: 1_000 }));
  }
  const text = await metrics.registry.metrics();
  expect(text.split("\n").length - before).toBeLessThan(100 * 25 + 500);
  expect(text).not.toMatch(/_bucket\{[^}]*account=/);
  expect(text.length).toBeLessThan(400_000);
});
