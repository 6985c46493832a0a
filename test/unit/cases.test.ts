import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { InstanceProfile } from "../../src/api/instance-profile.ts";
import { compareAccess } from "../../src/model/access/compare-access.ts";
import { desiredState } from "../../src/model/desired-state.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { plannedAccess } from "../../src/plan/access/planned-access.ts";
import { diff } from "../../src/plan/diff.ts";
import { type PlanFormat, renderPlans } from "../../src/plan/render.ts";
import { DEFAULT_REQUEUE_INTERVALS } from "../../src/status/requeue.ts";
import { plainLine } from "../../src/text/line.ts";
import { CLUSTER_ID, PLACE, stateAfter } from "../support/builders.ts";
import { GOLDEN_CASES, goldenCase } from "../support/golden-cases.ts";
import { summaryAfter } from "../support/results.ts";

/**
 * Each folder of test/cases is a case: `object.yaml` is what is asked for, `before.yaml` (if there) the object that was
 * converged before, `drift.json` (if there) a JSON patch of what others then did in AWS. Expected are the plan as text,
 * Markdown and JSON, and the status and Events after it. `npm run golden` rewrites them; review the difference.
 */

const GRANTS = { allowsAdoption: true, adoptsFrom: ["cluster-2"], place: PLACE };

describe("golden cases", () => {
  for (const name of GOLDEN_CASES) {
    test(name, async () => {
      const { folder, object, observed } = goldenCase(name);
      const desired = desiredState(object, CLUSTER_ID, GRANTS);
      const plan = diff(desired, observed);
      const { namespace, name: objectName } = object.metadata;
      const isWrite = plan.actions.length > 0 && plan.blockers.length === 0;
      const access = isWrite ? plannedAccess(observed, plan.actions, new Map(), compareAccess) : undefined;
      const planned = [{ namespace, name: objectName, ...(access && { access }), plan }];
      const shown = (format: PlanFormat): string => `${renderPlans(planned, format).map(plainLine).join("\n")}\n`;
      await expect(shown("text")).toMatchFileSnapshot(join(folder, "plan.txt"));
      await expect(shown("markdown")).toMatchFileSnapshot(join(folder, "plan.md"));
      await expect(shown("json")).toMatchFileSnapshot(join(folder, "plan.json"));
      await expect(stringify(seenBy(object, observed), { lineWidth: 0 })).toMatchFileSnapshot(
        join(folder, "status.yaml"),
      );
    });
  }
});

function seenBy(object: InstanceProfile, observed: ObservedState): unknown {
  const plan = diff(desiredState(object, CLUSTER_ID, GRANTS), observed);
  const mayWrite = plan.blockers.length === 0;
  const { status, events, requeue } = summaryAfter(
    object,
    {
      kind: "converged",
      plan,
      applied: mayWrite ? plan.actions : [],
      failed: undefined,
      ...(mayWrite && { before: observed }),
      after: mayWrite ? stateAfter(observed, plan.actions) : observed,
      visibleInMs: 0,
    },
    { now: "2026-01-01T00:00:00Z", random: 0.5, intervals: DEFAULT_REQUEUE_INTERVALS, failures: 1 },
  );
  // Who goes first is the queue's business.
  return { status, events, requeue: requeue.kind === "after" ? { kind: "after", delayMs: requeue.delayMs } : requeue };
}
