import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ScanObserver, ScanResult } from "../../controller/scan/iam-scan.ts";
import type { AccountQuotas, Usage } from "../../model/account-quotas.ts";

const PREFIX = "instance_profile_controller_account_scan";
const SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const RESULTS: readonly ScanResult[] = ["ok", "denied", "failed"];

/** What is known of an account's quotas; undefined before its first scan. */
type Quotas = () => AccountQuotas | undefined;

/**
 * Shows at each scrape what IAM allows each account, and how much of it is used. Returns what makes an account known; where there are
 * several ways into it, one that has been scanned tells.
 */
export function quotaMetrics(registry: Registry): (account: string, quotas: Quotas) => void {
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
        // An account that is scanned no longer has no quotas that are known.
        this.reset();
        for (const [account, ways] of waysInto)
          for (const [resource, usage] of usages(ways))
            if (usage !== undefined) this.set({ account, resource }, usage[part]);
      },
    });
  show("used", "How many of them the AWS account has, whoever they belong to, at the last scan.", "used");
  show("limit", "How many of them IAM allows the AWS account.", "quota");
  return (account, quotas) => {
    waysInto.set(account, [...(waysInto.get(account) ?? []), quotas]);
  };
}

/**
 * Hears of the scans over each account, by its id or as `own`, where no class names it. `denied`: every object is read by itself.
 */
export function scanMetrics(registry: Registry): (account: string) => ScanObserver {
  const registers = [registry];
  const labelNames = ["account"];
  const scans = new Counter({
    name: `${PREFIX}s_total`,
    help: "Looks at a whole account, by how they ended; denied: the objects are read one by one instead.",
    labelNames: ["account", "result"],
    registers,
  });
  const available = new Gauge({
    name: `${PREFIX}_available`,
    help: "0 while the controller may not read the account as a whole and reads every object by itself.",
    labelNames,
    registers,
  });
  const durations = new Histogram({
    name: `${PREFIX}_duration_seconds`,
    help: "How long a look at the whole account took.",
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const objects = new Gauge({
    name: `${PREFIX}_objects`,
    help: "Objects that the last scan compared.",
    labelNames,
    registers,
  });
  const differences = new Counter({
    name: `${PREFIX}_differences_total`,
    help: "Objects that a scan found to be other than their status says.",
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
        durations.observe({ account }, durationMs / 1_000);
        if (result === "ok") objects.set({ account }, compared);
        differences.inc({ account }, different);
      },
      left() {
        available.remove({ account });
        objects.remove({ account });
      },
    };
  };
}
