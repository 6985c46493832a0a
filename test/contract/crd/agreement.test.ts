import fc from "fast-check";
import { expect, test } from "vitest";
import { oversizeIn, withBoundedPolicies } from "../../../src/api/bounded-object.ts";
import { nearManifest } from "../../laws/api/manifest-arbitrary.ts";
import { lawRuns } from "../../support/law-runs.ts";
import { sandboxAnswer } from "./api-answer.ts";
import { disagreement } from "./disagreement.ts";
import type { Manifest } from "./samples.ts";

/** In a policy that IAM takes in no account the parser looks for no faults; the API server does. */
function isJudged(manifest: Manifest): boolean {
  return oversizeIn(withBoundedPolicies(manifest)).length === 0;
}

test("the parser takes and refuses what the CRD takes and refuses, with the same defaults", () => {
  const outcomes = { stored: 0, refused: 0 };
  fc.assert(
    fc.property(nearManifest().filter(isJudged), (manifest) => {
      const answer = sandboxAnswer(manifest);
      outcomes[answer.outcome] += 1;
      expect(disagreement(manifest, answer)).toBeUndefined();
    }),
    { numRuns: lawRuns(500) },
  );
  // Otherwise half of the law would be empty.
  expect(outcomes.stored).toBeGreaterThan(lawRuns(25));
  expect(outcomes.refused).toBeGreaterThan(lawRuns(25));
});

test("a trust statement without actions is the same for both, although the CRD has no default in a list", () => {
  const manifest = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app" },
    spec: {
      roleName: "app",
      managedPolicyArns: ["arn:aws:iam::aws:policy/A"],
      trust: { services: [], statements: [{ effect: "Allow", principals: { aws: ["123456789012"] } }] },
    },
  };
  expect(disagreement(manifest, sandboxAnswer(manifest))).toBeUndefined();
});

test("a policy with neither statements nor document is refused by both, in words of their own", () => {
  const manifest = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app" },
    spec: { roleName: "app", inlinePolicies: [{}] },
  };
  const answer = sandboxAnswer(manifest);
  expect(answer).toHaveProperty("fields", expect.arrayContaining(["spec.inlinePolicies[0].statements"]));
  expect(disagreement(manifest, answer)).toBeUndefined();
});

test("a difference between parser and CRD is found", () => {
  const manifest = {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "app" },
    spec: { roleName: "app", managedPolicyArns: ["arn:aws:iam::aws:policy/A"] },
  };
  const answer = sandboxAnswer(manifest);
  expect(disagreement(manifest, answer)).toBeUndefined();
  expect(disagreement({ ...manifest, spec: { roleName: "" } }, answer)).toContain("the parser alone refuses it");
  expect(disagreement(manifest, { outcome: "refused", message: "no", fields: [] })).toContain("the API server alone");
  expect(disagreement(manifest, { outcome: "stored", stored: manifest })).toContain("different specs");
  expect(
    disagreement({ ...manifest, spec: { roleName: "" } }, { outcome: "refused", message: "", fields: ["spec.x"] }),
  ).toContain("does not name spec.x");
});
