import { afterEach, describe, expect, test } from "vitest";
import type { Fate } from "../support/faults/fault-proxy.ts";
import { Organisation, TEAMS } from "../support/simulation/organisation.ts";
import { Play, SETTLE_MS, type Trace } from "../support/simulation/play.ts";
import type { WireCall } from "../support/simulation/simulated-wire.ts";
import { STORIES, type Story } from "./stories.ts";

/** It verifies often, so that it rests soon. */
const REPLICA = { hasClasses: true, resyncMs: 60_000 };
/** In which all is done that was asked for. */
const JOB_MS = 8_000;
const STS = ["GetCallerIdentity", "AssumeRole"];
/** Every call of every story is tried with SCENARIOS=all; else those of the way into the account, and crashes of a creation. */
const isThorough = process.env["SCENARIOS"] === "all";
const PATIENCE = { timeout: isThorough ? 300_000 : 60_000 };

/** The calls to strike at. */
function struck(calls: readonly WireCall[]): readonly WireCall[] {
  return isThorough ? calls : calls.filter(({ what }) => STS.includes(what));
}

let organisation: Organisation;
afterEach(() => organisation.close());

async function staged(story: Story): Promise<Play> {
  organisation = await Organisation.open();
  const { sim } = organisation;
  await organisation.applyClass(
    "a",
    { allowedActions: ["*"], allowedManagedPolicies: ["arn:aws:iam::aws:policy/*"] },
    { isDefault: true },
  );
  sim.accountId = TEAMS.a;
  return Play.stage(story, [REPLICA], sim);
}

/** The controller starts anew as the user asks: it has yet to find its way into the account. */
async function restarted(story: Story): Promise<Play> {
  const play = await staged(story);
  play.leader.kill();
  await play.ask();
  return play;
}

function callsSince(play: Play, replica: number): readonly WireCall[] {
  return play.sim.replicas[replica]?.wire.calls ?? [];
}

interface Reference extends Trace {
  readonly calls: readonly WireCall[];
}

async function referenceOf(story: Story): Promise<Reference> {
  const play = await restarted(story);
  play.sim.start(REPLICA);
  await play.sim.run(SETTLE_MS);
  const all = callsSince(play, 1);
  const from = all[0]?.sentAtMs ?? 0;
  return { ...(await play.trace()), calls: all.filter(({ sentAtMs }) => sentAtMs < from + JOB_MS) };
}

const REFUSALS: Readonly<Record<string, Fate>> = {
  "403": refusal(403, "AccessDenied"),
  "429": refusal(429, "Throttling"),
  "500": refusal(500, "InternalFailure"),
  "503": refusal(503, "ServiceUnavailable"),
};

function refusal(status: number, code: string): Fate {
  const body = `<ErrorResponse><Error><Code>${code}</Code><Message>not now</Message></Error></ErrorResponse>`;
  return { kind: "answer", status, headers: {}, body };
}

describe.each(isThorough ? STORIES : STORIES.slice(0, 1))(
  "in the account of another team, a crash during $name",
  (story) => {
    test.each(["before call", "with the reply lost of call"])(
      "%s i, for every i, of the way into the account too: the next controller reaches the same end and writes nothing twice",
      PATIENCE,
      async (ending) => {
        const reference = await referenceOf(story);
        expect(reference.calls.map(({ what }) => what)).toEqual(expect.arrayContaining(STS));
        for (const { number: at } of struck(reference.calls)) {
          const play = await restarted(story);
          const dying = play.sim.start(REPLICA);
          dying.disturb = ({ number }) => {
            if (number < at) return undefined;
            if (number === at && ending !== "before call") return { kind: "hang-reply" };
            return { kind: "hang" };
          };
          await play.sim.run(JOB_MS);
          dying.kill();
          play.sim.start(REPLICA);
          await play.sim.run(SETTLE_MS);
          const trace = await play.trace();
          const what = `${ending} ${at}: ${reference.calls[at - 1]?.what}`;
          expect(trace.end, what).toEqual(reference.end);
          expect(trace.awsWrites.toSorted(), what).toEqual(reference.awsWrites.toSorted());
        }
      },
    );
  },
);

describe.each(STORIES)("in the account of another team, during $name,", (story) => {
  test.each(Object.keys(REFUSALS))(
    "STS or AWS refuses any one call with %s: the same end by the same writes",
    PATIENCE,
    async (name) => {
      const reference = await referenceOf(story);
      const calls = struck(reference.calls).filter(({ server }) => server === "aws");
      const numbers = calls.map(({ number }) => number);
      expect(numbers.length).toBeGreaterThan(1);
      for (const at of numbers) {
        const play = await restarted(story);
        const replica = play.sim.start(REPLICA);
        replica.disturb = ({ number }) => (number === at ? REFUSALS[name] : undefined);
        await play.sim.run(SETTLE_MS);
        const trace = await play.trace();
        const what = `${name}: ${at}, ${reference.calls[at - 1]?.what}`;
        expect(trace.end, what).toEqual(reference.end);
        expect(trace.awsWrites.toSorted(), what).toEqual(reference.awsWrites.toSorted());
      }
    },
  );
});
