import { beforeAll, describe, expect, test } from "vitest";
import { caseId } from "../conformance/check.ts";
import { allChecks } from "../conformance/checks.ts";
import { Conformance, type ConformanceRun } from "../conformance/conformance.ts";
import { MOTO_CASES, MOTO_CHECKS } from "../conformance/moto-differences.ts";
import { expectExportsWhole } from "../contract/aws/export-law.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { TEST_CREDENTIALS } from "../support/e2e-site.ts";

const { awsEndpoint } = e2eEnvironment();

/** Whether the endpoint is a moto: only then are moto's differences expected of it. */
async function isMoto(endpoint: string): Promise<boolean> {
  return await fetch(`${endpoint}/moto-api/data.json`).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** Drift is repaired on the sandbox in every way (test/scenario/drift.test.ts); here, where each call takes long, in one. */
const CHECKS = allChecks.filter(
  ({ id }) => !id.startsWith("scenario-drift-") || id === "scenario-drift-the-inline-policy-is-edited",
);

/** Away from the controllers that share the endpoint: see test/contract/aws/harness.ts. */
const REGION = "us-west-2";

/** moto deletes a policy that is attached, and then cannot detach it. */
const LEFT_ON_MOTO = /^role conf-[0-9a-f]{8}-\d+-Role-1: NoSuchEntityException: Policy \S+ was not found\.$/;

if (awsEndpoint === undefined) {
  describe.skip("an AWS endpoint", () => {
    test("meets the contract", () => expect.unreachable());
  });
} else {
  const moto = await isMoto(awsEndpoint);
  const byCase = Object.entries(MOTO_CASES).map(([title, reason]) => [caseId(title), reason]);
  const differences = new Map<string, string>(
    moto ? ([...Object.entries(MOTO_CHECKS), ...byCase] as [string, string][]) : [],
  );

  describe(`the checks of a conformance run on ${moto ? "moto" : awsEndpoint}`, () => {
    let run: ConformanceRun;
    beforeAll(async () => {
      const conformance = new Conformance({
        accountId: "123456789012",
        prefix: "conf",
        region: REGION,
        endpoint: awsEndpoint,
        credentials: TEST_CREDENTIALS,
        launchable: { imageId: "ami-03cf127a", instanceType: "t3.micro" },
        requestsPerSecond: 10_000,
        maxRequests: 10_000,
        maxMinutes: 5,
        visibleWithinMs: 0,
        afterWriteMs: [0],
      });
      run = await conformance.run(CHECKS, new AbortController().signal);
    }, 300_000);

    test("lists no difference of a check that is not there", () => {
      const ids = new Set(CHECKS.map(({ id }) => id));
      expect([...differences.keys()].filter((id) => !ids.has(id))).toEqual([]);
    });

    test.each(CHECKS.map(({ id }) => [id, differences.get(id)] as const))("%s [differs: %s]", (id, difference) => {
      const result = run.results.find(({ check }) => check.id === id);
      const expected = difference === undefined ? "passed" : "failed";
      expect(result?.verdict, result?.observed).toBe(expected);
    });

    test("leaves nothing of the run", () => {
      expect(run.cleanedAfter.left.filter((left) => !moto || !LEFT_ON_MOTO.test(left))).toEqual([]);
    });
  });
}

test.skipIf(awsEndpoint === undefined)(
  "every random role that the endpoint takes is exported whole, adopted by tags alone, and created anew the same",
  async () => {
    await expectExportsWhole(awsEndpoint ?? "", { roles: 20 });
  },
  240_000,
);
