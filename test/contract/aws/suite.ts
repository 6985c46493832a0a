import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { associationCases } from "./association-cases.ts";
import { ec2Cases } from "./ec2-cases.ts";
import { Bench, type Case } from "./harness.ts";
import { instanceProfileCases } from "./instance-profile-cases.ts";
import { launchTemplateCases } from "./launch-template-cases.ts";
import { managedPolicyCases } from "./managed-policy-cases.ts";
import { protocolCases } from "./protocol-cases.ts";
import { reportCases } from "./report-cases.ts";
import { roleCases } from "./role-cases.ts";
import { rolePolicyCases } from "./role-policy-cases.ts";

/** An endpoint that claims to be AWS. */
export interface ContractSubject {
  readonly name: string;
  readonly open: () => Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }>;
  /**
   * Where the subject is known to differ from AWS. These tests are run all the same and must fail: a difference that is gone
   * has to leave the list.
   */
  readonly differences?: readonly { readonly test: string; readonly reason: string }[];
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  roles: roleCases,
  "role policies": rolePolicyCases,
  "managed policies": managedPolicyCases,
  "instance profiles": instanceProfileCases,
  reports: reportCases,
  ec2: ec2Cases,
  associations: associationCases,
  "launch templates": launchTemplateCases,
  protocol: protocolCases,
};

/**
 * What the controller and its tests rely on in IAM, STS and EC2, asked of one endpoint with the AWS SDK. It leaves
 * nothing behind.
 */
export function iamContract({ name, open, differences = [] }: ContractSubject): void {
  const all = Object.values(groups).flat();
  for (const { test: difference } of differences) {
    if (!all.some((candidate) => candidate.test === difference)) {
      throw new Error(`${name} lists a difference in a test that is not there: "${difference}"`);
    }
  }
  describe(name, () => {
    let bench: Bench;
    let close: () => Promise<void>;
    beforeAll(async () => {
      const subject = await open();
      close = subject.close;
      bench = new Bench(subject.endpoint);
    });
    afterEach(() => bench.clear());
    afterAll(() => close());

    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const { test: title, run } of cases) {
          const difference = differences.find((candidate) => candidate.test === title);
          if (difference === undefined) {
            test(title, () => run(bench));
          } else {
            test.fails(`${title} [differs: ${difference.reason}]`, () => run(bench));
          }
        }
      });
    }
  });
}
