import { expect, test } from "vitest";
import type { Access } from "../../../src/model/access/access.ts";
import { compileAccess } from "../../../src/model/access/evaluate/evaluate.ts";
import { seededRandom } from "../../../src/sandbox/aws/random.ts";
import { requestText } from "../../support/access/judge-comparison.ts";
import { allows, type PlainRequest, statementsOf } from "../../support/access/plain-iam.ts";
import { READINGS } from "../../support/access/plain-patterns.ts";
import { randomPair } from "../../support/access/random-pairs.ts";
import { pick } from "../../support/access/random-texts.ts";
import { requestSpace } from "../../support/access/request-space.ts";
import { actionsFor, REQUEST_PRINCIPALS } from "../../support/access/request-values.ts";
import { pairText } from "../../support/access/shrink-pair.ts";

const PAIRS = 120;
const REQUESTS = 20;

test("the evaluator and the plain one of these tests decide alike", { timeout: 120_000 }, () => {
  const seen = { allowed: 0, refused: 0 };
  for (let seed = 1; seed <= PAIRS; seed += 1) {
    const pair = randomPair(seed);
    const requests = requestsFor(pair.to, seed);
    for (const colons of READINGS) {
      const policies = compileAccess(pair.to, { colons });
      for (const request of requests) {
        const isAllowed = allows(pair.to, request, colons);
        seen[isAllowed ? "allowed" : "refused"] += 1;
        const text = `pair ${seed}, ${colons}: ${requestText(request)}\n${pairText(pair)}`;
        expect(policies.evaluate(request).isAllowed, text).toBe(isAllowed);
      }
    }
  }
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(PAIRS * REQUESTS * 0.2);
});

function requestsFor(access: Access, seed: number): readonly PlainRequest[] {
  const random = seededRandom(seed);
  const statements = statementsOf(access);
  const { contexts, resourcesIn } = requestSpace(statements);
  const actions = actionsFor(
    access.use,
    statements.flatMap(({ action }) => action.patterns),
  );
  return Array.from({ length: REQUESTS }, () => {
    const context = pick(random, contexts);
    const principal = access.use === "trust" ? pick(random, REQUEST_PRINCIPALS) : undefined;
    return { action: pick(random, actions), resource: pick(random, resourcesIn(context)), context, principal };
  });
}
