import type { PolicyDocuments } from "../../engine/offline/plan-manifest.ts";
import type { TestResult } from "../../plan/render.ts";
import type { CommandIo } from "../io.ts";
import { invalid } from "../manifests/judge-manifest.ts";
import type { Manifest } from "../manifests/manifests.ts";
import { type LocatedFinding, located } from "../manifests/places-of.ts";
import { type JudgedManifest, nameOf } from "../manifests/validate-report.ts";
import type { Subject } from "../plan/plan-subjects.ts";
import { judgeTests, testedNameOf, testedObject } from "./judge-tests.ts";

/**
 * Runs the policy tests of a plan, with the managed policies as they are in AWS.
 *
 * Errors: those of reading the policies.
 */
export async function runPlannedTests(
  tests: readonly Manifest[],
  subjects: readonly Subject[],
  policies: Pick<PolicyDocuments, "managed">,
  signal: AbortSignal,
): Promise<readonly TestResult[]> {
  if (tests.length === 0) return [];
  const arns = subjects.flatMap(({ object: { spec } }) => [...spec.managedPolicyArns, spec.permissionsBoundaryArn]);
  const known = [...new Set(arns.filter((arn) => arn !== undefined))].sort();
  const managed = await policies.managed(known, signal);
  const objects = subjects.map(({ object }) => testedObject(object, managed));
  const judged = await judgeTests(tests, objects, "error");
  // The first one is for the place of the test.
  const named = judged.map(({ manifest, findings }) => ({
    manifest,
    findings: [invalid("metadata.name", ""), ...findings],
  }));
  return (await located(named)).map(resultOf);
}

function resultOf({ manifest, findings: [first, ...findings] }: JudgedManifest): TestResult {
  const placeOf = ({ line, column }: LocatedFinding): string => `${manifest.source}:${line}:${column}`;
  return {
    test: nameOf(manifest),
    object: testedNameOf(manifest),
    place: first === undefined ? manifest.source : placeOf(first),
    verdict: findings.length === 0 ? "passed" : "failed",
    failures: findings.map((finding) => ({
      place: placeOf(finding),
      message: `${finding.path}: ${finding.message}`,
    })),
  };
}

/** Prints the tests that failed. Returns true when none did. */
export function reportTests(results: readonly TestResult[], io: Pick<CommandIo, "err">): boolean {
  const failed = results.filter(({ verdict }) => verdict === "failed");
  if (failed.length === 0) return true;
  io.err([
    ...failed.flatMap(({ failures }) => failures.map(({ place, message }) => `${place}: error: ${message}`)),
    `${failed.length} of ${results.length} policy tests failed`,
  ]);
  return false;
}
