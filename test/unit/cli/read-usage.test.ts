import { expect, test } from "vitest";
import type { AwsConnection } from "../../../src/aws/aws-connection.ts";
import { reachAccounts } from "../../../src/cli/report/accounts.ts";
import { readUsage } from "../../../src/cli/report/read-usage.ts";
import { BlockedError } from "../../../src/errors.ts";
import type { WatchedObject } from "../../../src/runtime/watch/list-watch.ts";
import { settle } from "../../support/fake-clock.ts";

const OWN = "100000000000";
const OTHERS = Array.from({ length: 20 }, (_, i) => String(200_000_000_000 + i));
const { signal } = new AbortController();

/** The connections of the report, which are denied everything, and how many were read at once. */
function denied(): { readonly aws: AwsConnection; readonly most: () => number; readonly reads: () => number } {
  let [running, most, reads] = [0, 0, 0];
  const deny = async (): Promise<never> => {
    running += 1;
    reads += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
    throw new BlockedError("not authorized", { reason: "AccessDenied" });
  };
  // Lists of the account are read page by page.
  const pages = () => ({ [Symbol.asyncIterator]: () => ({ next: deny }) });
  const aws = {
    accountReader: new Proxy({}, { get: () => pages }),
    instanceReader: new Proxy({}, { get: () => deny }),
    region: async () => "us-east-1",
  };
  return { aws: aws as unknown as AwsConnection, most: () => most, reads: () => reads };
}

test("a report reads eight accounts at a time, and says of each what it may not read", async () => {
  const { aws, most, reads } = denied();
  const objects = OTHERS.map((accountId, i) => {
    const role = { name: `app-${i}`, arn: `arn:aws:iam::${accountId}:role/app-${i}` };
    return { metadata: { namespace: "a", name: `app-${i}` }, spec: {}, status: { accountId, role } };
  }) as unknown as WatchedObject[];
  const accounts = [OWN, ...OTHERS].map((accountId) => ({ accountId, aws }));
  const options = { nowMs: 0, unusedForMs: 1_000, regions: ["us-east-1"] };
  const { objects: uses, notRead } = await readUsage(objects, accounts, options, signal);
  expect([uses.length, most()]).toEqual([20, 8]);
  expect(reads()).toBeGreaterThanOrEqual(20);
  for (const accountId of OTHERS) expect(notRead.join("\n")).toContain(`account ${accountId}`);
});

test("a report on the user's own account alone reads no class", async () => {
  const own = { accountIdentity: { accountId: async () => OWN } } as unknown as AwsConnection;
  const readClasses = async (): Promise<never> => {
    throw new Error("the classes were read");
  };
  const reached = await reachAccounts(new Set([OWN]), { own, rates: {} as never, readClasses }, signal);
  expect(reached.map(({ accountId }) => accountId)).toEqual([OWN]);
});
