import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { established } from "../contract/controller/stories.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type E2eSite, openE2eSite, whyNoSite } from "../support/e2e-site.ts";
import { ALLOW_ALL } from "../support/outsider.ts";
import { RealRig } from "../support/real-rig.ts";

const { auditLog } = e2eEnvironment();
const why = whyNoSite() ?? (auditLog === undefined ? "no audit log" : undefined);
const NAME = "app";

/** What another client does 5 s after the creation, and how soon after `reconcile-at` it is repaired. */
const DRIFTS = [
  { what: "overwrites the policy", action: "PutRolePolicy", more: { PolicyDocument: ALLOW_ALL }, withinMs: 10_000 },
  { what: "deletes the policy, as it was before the creation", action: "DeleteRolePolicy", more: {}, withinMs: 30_000 },
] as const;

describe.skipIf(why !== undefined)(
  `drift within the propagation window, default settings${why ? ` (${why})` : ""}:`,
  () => {
    let site: E2eSite;
    beforeAll(async () => {
      site = await openE2eSite();
    });
    afterAll(() => site?.close());

    test.each(DRIFTS)("another client $what: repaired in time, and never reported as verified", async (drift) => {
      const rig = await RealRig.open(site, auditLog ?? "");
      try {
        const key = rig.key(NAME);
        await rig.start();
        await established(rig, NAME);
        await delay(5_000);
        const before = await rig.awsState(key.name);
        const verified = (await rig.user.read(key))?.status?.lastVerifiedTime;
        await rig.outsider(drift.action, { RoleName: key.name, PolicyName: key.name, ...drift.more });
        const sinceMs = performance.now();
        await rig.user.annotate(key, { "iam.instanceprofile.dev/reconcile-at": "now" });
        for (;;) {
          // The status first: if AWS still differs afterwards, it did when the status was read.
          const { status } = (await rig.user.read(key)) ?? {};
          if (JSON.stringify(await rig.awsState(key.name)) === JSON.stringify(before)) break;
          expect([status?.lastHandledReconcileAt, status?.lastVerifiedTime]).toEqual([undefined, verified]);
          if (performance.now() - sinceMs > 3_000) {
            const reconciling = status?.conditions?.find(({ type }) => type === "Reconciling");
            expect(reconciling?.message).toContain("IAM shows the state before the writes + inline policy");
          }
          expect(performance.now() - sinceMs).toBeLessThan(drift.withinMs);
          await delay(200);
        }
        await expect
          .poll(async () => (await rig.user.read(key))?.status?.lastHandledReconcileAt, { timeout: 5_000 })
          .toBe("now");
      } finally {
        await rig.close();
      }
    });
  },
);
