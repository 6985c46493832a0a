import type { PolicyDocuments } from "../../engine/offline/plan-access.ts";
import type { CommandIo } from "../io.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { located } from "../manifests/places-of.ts";
import { findingLines } from "../manifests/validate-report.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { judgeTests, testedObject } from "./judge-tests.ts";

/**
 * Runs the policy tests of a plan, with the managed policies as they are in AWS, and prints what they find. Returns true when all are met.
 *
 * Errors: those of reading the policies.
 */
export async function areTestsMet(
  tests: readonly Manifest[],
  subjects: readonly Subject[],
  policies: Pick<PolicyDocuments, "managed">,
  io: Pick<CommandIo, "err" | "stop">,
): Promise<boolean> {
  if (tests.length === 0) return true;
  const arns = subjects.flatMap(({ object: { spec } }) => [...spec.managedPolicyArns, spec.permissionsBoundaryArn]);
  const known = [...new Set(arns.filter((arn) => arn !== undefined))].sort();
  const managed = await policies.managed(known, io.stop);
  const objects = subjects.map(({ object }) => testedObject(object, managed));
  const failed = (await judgeTests(tests, objects, "error")).filter(({ findings }) => findings.length > 0);
  if (failed.length === 0) return true;
  io.err([...(await located(failed)).flatMap(findingLines), `${failed.length} of ${tests.length} policy tests failed`]);
  return false;
}
