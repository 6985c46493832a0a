import { beforeAll, describe, expect, test } from "vitest";
import type { Fate } from "../../support/faults/fault-proxy.ts";
import { Play, referenceOf, SETTLE_MS, type Trace } from "../../support/simulation/play.ts";
import type { WireCall } from "../../support/simulation/simulated-wire.ts";
import { STORIES, type Story } from "../stories.ts";

/** It verifies often, so that it rests soon. */
const ALONE = [{ resyncMs: 60_000 }];
/** In which all is done that was asked for; what comes later are looks. */
const JOB_MS = 5_000;
/** Of a machine that does other things besides. */
const PATIENCE = { timeout: 300_000 };

/** How a server refuses for the moment what it would else have done: in the words of either. */
interface Refusal {
  readonly status: number;
  readonly retryAfterS?: number;
  /** Reason of the API server. */
  readonly reason: string;
  /** Code of AWS. */
  readonly code: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "409": { status: 409, reason: "Conflict", code: "ConcurrentModification" },
  "429": { status: 429, reason: "TooManyRequests", code: "Throttling" },
  "429 with Retry-After": { status: 429, retryAfterS: 3, reason: "TooManyRequests", code: "TooManyRequestsException" },
  "500": { status: 500, reason: "InternalError", code: "ServiceFailure" },
  "503": { status: 503, reason: "ServiceUnavailable", code: "ServiceUnavailable" },
};
const NAMES = Object.keys(REFUSALS);

function refusalOf(call: WireCall, { status, retryAfterS, reason, code }: Refusal): Fate {
  const message = "not now";
  const headers = retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) };
  const body =
    call.server === "kube"
      ? JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason, code: status, message })
      : `<ErrorResponse><Error><Type>Receiver</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
  return { kind: "answer", status, headers, body };
}

/** Plays the story with a server that refuses the i-th call, once; 0 for none. All calls since the user asked. */
async function playRefused(story: Story, i: number, refusal?: Refusal) {
  const play = await Play.stage(story, ALONE);
  const { leader, sim } = play;
  const before = leader.wire.calls.length;
  leader.disturb = (call) => {
    return refusal !== undefined && call.number === before + i ? refusalOf(call, refusal) : undefined;
  };
  await play.ask();
  await sim.run(SETTLE_MS);
  return { play, calls: leader.wire.calls.slice(before) };
}

/**
 * Whichever single call a server refuses, and however it does, the controller comes to the same end by the same writes.
 *
 * @param options.isThorough each call is refused in every way; else each in one, by turns
 */
export function refusedStories({ isThorough }: { readonly isThorough: boolean }): void {
  describe.each(STORIES)("of $name the API server or AWS refuses any one call:", (story) => {
    let reference: Trace;
    let count: number;
    beforeAll(async () => {
      reference = await referenceOf(story, ALONE);
      const { calls } = await playRefused(story, 0);
      count = calls.filter(({ sentAtMs }) => sentAtMs < (calls[0]?.sentAtMs ?? 0) + JOB_MS).length;
      expect(count).toBeGreaterThan(5);
    });

    test.each(NAMES)("with %s", PATIENCE, async (name) => {
      const turn = NAMES.indexOf(name);
      const all = Array.from({ length: count }, (_, call) => call + 1);
      for (const i of isThorough ? all : all.filter((call) => call % NAMES.length === turn)) {
        const { play, calls } = await playRefused(story, i, REFUSALS[name]);
        await play.expectLike(reference, { what: `${name}: ${i}, ${calls[i - 1]?.what}` });
      }
    });
  });
}
