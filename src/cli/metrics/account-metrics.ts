import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { OrphanObserver } from "../../controller/orphans/orphan-options.ts";
import type { ScanObserver, ScanResult } from "../../controller/scan/iam-scan.ts";
import type { AccountQuotas, Usage } from "../../model/account-quotas.ts";

const SCAN_PREFIX = "instance_profile_controller_account_scan";
const SCAN_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const RESULTS: readonly ScanResult[] = ["ok", "denied", "failed"];

/** The observed quotas of an account; undefined before its first scan. */
type Quotas = () => AccountQuotas | undefined;

/**
 * Registers gauges of IAM quotas and their usage. Returns a function that adds an account connection, and returns the function that
 * removes it. If an account has several connections, one that has been scanned is reported.
 */
export function quotaMetrics(registry: Registry): (account: string, quotas: Quotas) => () => void {
  const waysInto = new Map<string, readonly Quotas[]>();
  const labelNames = ["account", "resource"];
  const usages = (ways: readonly Quotas[]): readonly (readonly [string, Usage | undefined])[] => {
    const { roles, instanceProfiles } = ways.map((quotas) => quotas()).findLast((known) => known !== undefined) ?? {};
    return [
      ["roles", roles],
      ["instance_profiles", instanceProfiles],
    ];
  };
  const show = (name: string, help: string, part: keyof Usage): void =>
    void new Gauge({
      name: `instance_profile_controller_aws_quota_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect(): void {
        // Drops accounts that are no longer scanned.
        this.reset();
        for (const [account, ways] of waysInto)
          for (const [resource, usage] of usages(ways))
            if (usage !== undefined) this.set({ account, resource }, usage[part]);
      },
    });
  show(
    "used",
    "How many roles and instance_profiles the AWS account has in total, as of the last account scan.",
    "used",
  );
  show(
    "limit",
    "How many roles and instance_profiles IAM allows in the AWS account; absent before the first account scan.",
    "quota",
  );
  return (account, quotas) => {
    waysInto.set(account, [...(waysInto.get(account) ?? []), quotas]);
    return () => {
      const left = (waysInto.get(account) ?? []).filter((one) => one !== quotas);
      if (left.length > 0) waysInto.set(account, left);
      else waysInto.delete(account);
    };
  };
}

/**
 * Registers the metrics of account scans. The label `account` is an account id, or `own` for an account that no class names.
 * The result `denied` means that objects are read individually.
 */
export function scanMetrics(registry: Registry): (account: string) => ScanObserver {
  const registers = [registry];
  const labelNames = ["account"];
  const scans = new Counter({
    name: `${SCAN_PREFIX}s_total`,
    help: "Account scans by result: ok, failed, or denied, when objects are read individually instead.",
    labelNames: ["account", "result"],
    registers,
  });
  const available = new Gauge({
    name: `${SCAN_PREFIX}_available`,
    help: "0 while the controller is not authorized to scan the account and reads objects individually.",
    labelNames,
    registers,
  });
  const durations = new Histogram({
    name: `${SCAN_PREFIX}_duration_seconds`,
    help: "How long scans took, of all accounts.",
    labelNames: [],
    buckets: SCAN_SECONDS,
    registers,
  });
  const objects = new Gauge({
    name: `${SCAN_PREFIX}_objects`,
    help: "Objects that the last account scan compared.",
    labelNames,
    registers,
  });
  const differences = new Counter({
    name: `${SCAN_PREFIX}_differences_total`,
    help: "Objects whose observed state differed from their status in an account scan.",
    labelNames,
    registers,
  });
  return (account) => {
    for (const result of RESULTS) scans.inc({ account, result }, 0);
    available.set({ account }, 1);
    differences.inc({ account }, 0);
    return {
      ended(result, { durationMs, compared, different }) {
        scans.inc({ account, result });
        if (result !== "failed") available.set({ account }, result === "ok" ? 1 : 0);
        durations.observe(durationMs / 1_000);
        if (result === "ok") objects.set({ account }, compared);
        differences.inc({ account }, different);
      },
      left() {
        for (const result of RESULTS) scans.remove({ account, result });
        differences.remove({ account });
        available.remove({ account });
        objects.remove({ account });
      },
    };
  };
}

const ORPHANS_PREFIX = "instance_profile_controller_orphans";

/** Registers the metrics of orphans. The label `account` is an account id, or `own` for an account that no class names. */
export function orphanMetrics(registry: Registry): (account: string) => OrphanObserver {
  const options = { labelNames: ["account"], registers: [registry] };
  const found = new Gauge({
    ...options,
    name: ORPHANS_PREFIX,
    help: "Roles with this cluster's owner tags and no InstanceProfile, as of the last account scan.",
  });
  const deleted = new Counter({
    ...options,
    name: `${ORPHANS_PREFIX}_deleted_total`,
    help: "Orphans that the controller has deleted (--orphan-policy=Delete).",
  });
  return (account) => {
    deleted.inc({ account }, 0);
    return {
      counted: (orphans) => found.set({ account }, orphans),
      deleted: () => deleted.inc({ account }),
      left: () => found.remove({ account }),
    };
  };
}
