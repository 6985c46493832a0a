import type { Bench, Case } from "../contract/aws/harness.ts";
import type { AccountWorld } from "./account-world.ts";

/** Where a check belongs in the report. */
export type Section = "assumption" | "scenario" | "contract";

/** What a check costs or must be allowed, beside IAM: `instance` starts instances, for money. */
export type Need = "ec2" | "instance";

/** What a check may use. */
export interface CheckContext {
  readonly bench: Bench;
  readonly accountId: string;
  /** Does what comes before a measurement, with the waits after writes that the run makes elsewhere. */
  prepare<T>(work: () => Promise<T>): Promise<T>;
  /** A controller and an API server in memory for the scenarios; new for each check. */
  world(): AccountWorld;
}

/** One expectation of AWS, by name. */
export interface Check {
  /** Stays the same from version to version. */
  readonly id: string;
  readonly section: Section;
  /** In one sentence. */
  readonly assumption: string;
  /** The place in the code that relies on it. */
  readonly matters: string;
  readonly steps: string;
  readonly expected: string;
  readonly needs?: Need | undefined;
  /** Reads right after it writes, however long the run waits elsewhere: it measures what the wait would hide. */
  readonly readsAtOnce?: boolean | undefined;
  /** Returns what was observed. Errors: AWS does otherwise. */
  run(context: CheckContext): Promise<string>;
}

/** An expectation that says nothing here: the account, the partition or the permissions do not have what it is about. */
export class NotApplicable extends Error {
  override readonly name = "NotApplicable";
}

/** Where the code relies on a group of the contract. */
const GROUPS: Readonly<Record<string, string>> = {
  roles: "src/aws/iam/iam-reader.ts, src/aws/iam/iam-commands.ts",
  "role policies": "src/aws/iam/iam-reader.ts, src/model/policy/policy-size.ts",
  "managed policies": "src/aws/iam/own-policy-reader.ts, src/plan/role/diff-managed-policies.ts",
  "instance profiles": "src/aws/iam/iam-reader.ts, src/aws/errors/aws-errors.ts",
  reports: "src/aws/iam/account-reader.ts",
  ec2: "src/aws/ec2/ec2-reader.ts",
  associations: "src/plan/instances",
  "launch templates": "src/engine/observe/profile-users.ts",
  protocol: "src/aws/client/iam-client.ts",
};

/** The id of a case of the contract. */
export const caseId = (title: string): string => `contract-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;

/** The cases of the AWS contract as checks: what holds for the sandbox and moto, asked of AWS. */
export function contractChecks(groups: Readonly<Record<string, readonly Case[]>>): readonly Check[] {
  return Object.entries(groups).flatMap(([group, cases]) =>
    cases.map(({ test, needs, run }): Check => {
      const isOfEc2 = ["ec2", "associations", "launch templates"].includes(group);
      return {
        id: caseId(test),
        section: "contract",
        assumption: `AWS ${test}.`,
        matters: GROUPS[group] ?? "src/aws",
        steps: `the case of this name in test/contract/aws, group "${group}"`,
        expected: "the case passes",
        needs: needs ?? (isOfEc2 ? "ec2" : undefined),
        run: async ({ bench }) => {
          await run(bench);
          return "";
        },
      };
    }),
  );
}
