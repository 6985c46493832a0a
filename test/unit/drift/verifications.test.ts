import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Verifications, type VerificationsOptions } from "../../../src/controller/drift/verifications.ts";
import { type ChangeEvent, readChangeEvent } from "../../../src/engine/drift/change-event.ts";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import { RecentWrites } from "../../../src/engine/observe/recent-writes.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const EVENT: ChangeEvent = {
  ...{ accountId: "123456789012", region: "us-east-1", action: "TagRole", principal: "eve" },
  ...{ time: "2026-01-01T00:00:00Z", requestId: "theirs", touched: [], instanceIds: [] },
};
const touched = { entity: "123456789012 role app", parts: new Set(["role" as const]), values: [] };

type Account = ReturnType<VerificationsOptions["accountOf"]>;

/** The keys that are verified, by the account that their name begins with. */
function verifying(clock: FakeClock): { readonly verifications: Verifications; readonly verified: string[] } {
  const account = (): Account => ({
    drift: new DriftMemory(),
    recentWrites: new RecentWrites({ windowMs: 0, monotonicMs: () => 0 }),
  });
  const accounts: Readonly<Record<string, Account>> = { a: account(), b: account() };
  const verified: string[] = [];
  const verifications = new Verifications({
    queue: { add: (key) => void verified.push(key), isRunning: () => false, isWaiting: () => false },
    accountOf: (key) => accounts[key.slice(0, 1)],
    isOwn: () => false,
    clock,
    recheckMs: 0,
  });
  return { verifications, verified };
}

test("changes of every object of an account at once leave half of the reads for what users wait for", async () => {
  const clock = new FakeClock();
  const { verifications, verified } = verifying(clock);
  for (let i = 0; i < 2_000; i += 1) verifications.add(`a/app-${i}`, { event: EVENT, touched });
  await clock.advance(2_000);
  expect(verified.length).toBeLessThanOrEqual(202);
  verifications.add("b/app", { event: EVENT, touched });
  await clock.advance(2_000);
  expect(verified).toContain("b/app");
  await clock.advance(60_000);
  expect(verified.length).toBeGreaterThan(250);
  expect(verified.length).toBeLessThan(270);
  await clock.advance(3_600_000);
  expect(verified).toHaveLength(501);
  expect(clock.timerCount).toBe(0);
});

test("a message is not kept as a whole for the part of it that waits", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const { verifications } = verifying(new FakeClock());
  const huge = "x".repeat(100_000);
  const before = used();
  for (let i = 0; i < 100; i += 1) {
    const detail = {
      eventSource: "iam.amazonaws.com",
      eventName: "DeleteRole",
      eventTime: EVENT.time,
      requestID: `${i}${huge}`,
      requestParameters: { roleName: "app" },
    };
    const envelope = { "detail-type": "AWS API Call via CloudTrail", source: "aws.iam", account: EVENT.accountId };
    const reading = readChangeEvent(JSON.stringify({ ...envelope, detail }));
    if (reading.kind !== "change") throw new Error(reading.kind);
    verifications.add(`a/app-${i}`, { event: reading.event, touched });
  }
  expect(used() - before).toBeLessThan(2_000_000);
  verifications.stop();
});
