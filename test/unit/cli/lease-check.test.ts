import { beforeEach, describe, expect, test } from "vitest";
import { INSTANCE_PROFILES } from "../../../src/cli/controller/resources.ts";
import { LeaseCheck } from "../../../src/cli/release/lease-check.ts";
import { type HeldObject, releaseAll } from "../../../src/cli/release/release-objects.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { Exchange } from "../../../src/kube/exchange.ts";
import type { ObservedLease } from "../../../src/runtime/election/leader-election-lock.ts";
import { type OutputLine, plainLine } from "../../../src/text/line.ts";

const { signal } = new AbortController();
const LEASE = "instance-profile-system/instance-profile-controller";

let lease: ObservedLease | undefined;
let slept: number[];
let err: string[];
/** What other clients do while the check waits, one for each wait. */
let meanwhile: (() => void)[];
let check: LeaseCheck;
beforeEach(() => {
  [lease, slept, err, meanwhile] = [undefined, [], [], []];
  check = new LeaseCheck({
    lease: { name: LEASE, read: async () => lease },
    clock: {
      sleep: async (ms) => {
        slept.push(ms);
        meanwhile.shift()?.();
      },
    },
    say: (lines) => err.push(...[lines].flat().map(plainLine)),
  });
});

/** A controller acquires or renews the Lease; an empty name releases it. */
function writes(holderIdentity: string): void {
  const version = String(Number(lease?.version ?? 0) + 1);
  const leaseDurationMs = holderIdentity === "" ? 1_000 : 30_000;
  lease = { holderIdentity, leaseDurationMs, leaseTransitions: 0, version };
}

describe("release waits", () => {
  test("for the duration of a Lease with a holder, and goes on when the holder does not renew it", async () => {
    writes("pod-1");
    await check.start(signal);
    expect([slept, err]).toEqual([[30_000], [`Lease ${LEASE} names pod-1 as its holder: waiting 30 s for a renewal`]]);
  });

  test("for a Lease without a holder too, as long as a replica takes to acquire it", async () => {
    writes("");
    await check.start(signal);
    expect([slept, err]).toEqual([
      [15_000],
      [`Lease ${LEASE} has no holder: waiting 15 s for a controller to acquire it`],
    ]);
  });

  test("once more when the holder released the Lease meanwhile", async () => {
    writes("pod-1");
    meanwhile = [() => writes("")];
    await check.start(signal);
    expect(slept).toEqual([30_000, 15_000]);
  });
});

describe("release refuses", () => {
  test.each(["pod-1", ""])(
    "when a replica acquires or renews the Lease of holder '%s' during the wait",
    async (holder) => {
      writes(holder);
      meanwhile = [() => writes("pod-1")];
      await expect(check.start(signal)).rejects.toThrow(
        `a controller runs: pod-1 has acquired or renewed Lease ${LEASE}.`,
      );
    },
  );
});

test("release warns when the Lease does not exist, and names the flags that select another one", async () => {
  await check.start(signal);
  expect([slept, err]).toEqual([
    [],
    [
      expect.stringMatching(
        /^Warning: Lease .* does not exist.*--leader-elect-namespace and --leader-elect-name.*without --leader-elect/,
      ),
    ],
  ]);
});

describe("between the batches of a release", () => {
  const metadata = (i: number) => ({ namespace: "team-a", name: `app-${i}`, uid: `uid-${i}`, finalizers: [FINALIZER] });
  const objects = Array.from({ length: 25 }, (_, i) => ({
    metadata: metadata(i),
    resource: INSTANCE_PROFILES,
    title: `app-${i}`,
  }));
  let patched: number;
  let out: string[];

  /** Releases 25 objects; `started` is what other clients do once the first is released. */
  function run(started: () => void, { isForced = false } = {}): Promise<boolean> {
    [patched, out] = [0, []];
    const exchange: Exchange = async () => {
      patched += 1;
      if (patched === 1) started();
      return { kind: "json", statusCode: 200, body: { metadata: { name: "app" } }, retryAfterMs: undefined };
    };
    const io = {
      out: (lines: OutputLine | readonly OutputLine[]) => void out.push(...[lines].flat().map(plainLine)),
      err: () => {},
      stop: signal,
    };
    return releaseAll(
      objects as unknown as readonly HeldObject[],
      { exchange, check: isForced ? undefined : check },
      io,
    );
  }

  test("a controller that has started stops it, and it says how many objects it has released", async () => {
    await check.start(signal);
    await expect(run(() => writes("pod-2"))).rejects.toThrow("a controller runs: pod-2");
    expect([patched, out]).toEqual([10, ["Released 10 objects. Nothing was changed in AWS."]]);
  });

  test("a Lease that changed and has no holder makes it wait again", async () => {
    writes("");
    await check.start(signal);
    expect(await run(() => writes(""))).toBe(true);
    expect([slept, patched]).toEqual([[15_000, 15_000], 25]);
  });

  test("nothing stops it with --force, or while the Lease stays as it is", async () => {
    expect(await run(() => writes("pod-2"), { isForced: true })).toBe(true);
    await check.start(signal);
    expect(await run(() => {})).toBe(true);
    expect(patched).toBe(25);
  });
});
