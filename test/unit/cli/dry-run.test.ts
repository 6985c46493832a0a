import { expect, test } from "vitest";
import { findingsOf, startDryRunSummary } from "../../../src/cli/controller/dry-run.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import type { WatchedObject } from "../../../src/runtime/watch/list-watch.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLogger } from "../../support/recording-logger.ts";

function anObject(
  conditions: Readonly<Record<string, string>>,
  { generation = 1, isDeleted = false } = {},
): KubeObject {
  return {
    metadata: { generation: 1, ...(isDeleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }) },
    status: {
      observedGeneration: generation,
      conditions: Object.entries(conditions).map(([type, text]) => {
        const [status, reason] = text.split(" ");
        return { type, status, reason };
      }),
    },
  } as unknown as KubeObject;
}

const PENDING = { DryRun: "True DryRun" };

test("the summary counts the objects by what their statuses say", () => {
  const findings = findingsOf([
    anObject(PENDING),
    anObject(PENDING, { isDeleted: true }),
    anObject({ Ready: "True InSync", DryRun: "True DryRun" }),
    anObject({ Ready: "False RoleExistsUnowned", Stalled: "True RoleExistsUnowned", DryRun: "True DryRun" }),
    anObject({ Ready: "False RoleExistsUnowned", Stalled: "True RoleExistsUnowned", DryRun: "True DryRun" }),
    anObject({ Ready: "False Throttled", Reconciling: "True ProgressingWithRetry", DryRun: "True DryRun" }),
    anObject({ Suspended: "True Suspended" }),
    anObject(PENDING, { generation: -1 }),
    { metadata: { generation: 1 } } as unknown as KubeObject,
  ]);
  expect(findings).toEqual({
    objects: 9,
    withPendingWrites: 1,
    inDeletion: 1,
    inSync: 1,
    suspended: 1,
    stalled: { RoleExistsUnowned: 2 },
    unfinished: 3,
  });
});

test("the summary is logged by the leader alone, and again only when it differs", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  let objects: readonly KubeObject[] = [anObject(PENDING)];
  let isLeading = false;
  const controller = { cache: { list: () => objects as readonly WatchedObject[] } };
  const stop = startDryRunSummary({ settings: { isDryRun: true }, controller, clock, logger }, () => isLeading);
  const summaries = () => logger.lines.filter(({ message }) => message.startsWith("dry run summary")).length;
  await clock.advance(60_000);
  expect(summaries()).toBe(0);
  isLeading = true;
  await clock.advance(120_000);
  expect(summaries()).toBe(1);
  objects = [];
  await clock.advance(60_000);
  expect(summaries()).toBe(2);
  await stop();
  objects = [anObject(PENDING)];
  await clock.advance(60_000);
  expect(summaries()).toBe(2);
});

test("without --dry-run there is no summary", async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  startDryRunSummary({ settings: {}, controller: { cache: { list: () => [] } }, clock, logger }, () => true);
  await clock.advance(60_000);
  expect(logger.lines).toEqual([]);
});
