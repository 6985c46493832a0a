import fc from "fast-check";
import { expect, test } from "vitest";
import { exportProfile } from "../../src/engine/offline/export-profile.ts";
import type { ObservedInstanceProfile, ObservedRole } from "../../src/model/observed-state.ts";
import { TAG_PREFIX, type Tags } from "../../src/model/ownership.ts";
import { diff } from "../../src/plan/diff.ts";
import { desiredOf, NOTHING, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";

const NAMES = { name: "app", namespace: "team-a" };

const statement = fc.record({
  effect: fc.constantFrom("Allow" as const, "Deny" as const),
  actions: fc.subarray(["s3:Get*", "s3:List*", "EC2:describe*"], { minLength: 1 }),
  resources: fc.subarray(["*", "arn:aws:s3:::a", "arn:aws:s3:::b/*"], { minLength: 1 }),
});
const trusted = fc.record({
  effect: fc.constant("Allow" as const),
  actions: fc.constantFrom(["sts:AssumeRole"], ["sts:AssumeRole", "sts:TagSession"]),
  principals: fc.constantFrom(
    { aws: ["123456789012"] },
    { services: ["ssm.amazonaws.com"] },
    { federated: ["arn:aws:iam::123456789012:oidc-provider/token.example.com"] },
  ),
  conditions: fc.constantFrom({ StringEquals: { "aws:a": ["b", "c"] } }, { Bool: { "aws:mfa": ["true"] } }),
});
const spec = fc.record({
  policyName: fc.constantFrom("app", "other"),
  instanceProfileName: fc.constantFrom("app", "App.Profile"),
  path: fc.constantFrom("/", "/team/"),
  statements: fc.array(statement, { minLength: 1, maxLength: 3 }),
  managedPolicyArns: fc.subarray(["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"]),
  description: fc.constantFrom("", "It's a: #description"),
  maxSessionDurationSeconds: fc.constantFrom(3600, 43_200),
  trust: fc.record({
    services: fc.subarray(["ec2.amazonaws.com", "ssm.amazonaws.com"], { minLength: 1 }),
    statements: fc.array(trusted, { maxLength: 2 }),
  }),
  tags: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "yes", "")),
  roleTags: fc.dictionary(fc.constantFrom("a", "r"), fc.constantFrom("1", "2")),
  instanceProfileTags: fc.dictionary(fc.constantFrom("b", "p"), fc.constantFrom("1", "2")),
});

/** What exists and nobody's controller has made. */
function unowned<T extends { readonly tags: Tags }>(entity: T): T {
  const tags = Object.entries(entity.tags).filter(([key]) => !key.startsWith(TAG_PREFIX));
  return { ...entity, tags: Object.fromEntries(tags) };
}

test("whatever a manifest can say is exported whole: planning the export changes nothing but owner tags", () => {
  fc.assert(
    fc.property(spec, (wanted) => {
      const made = stateAfter(NOTHING, diff(desiredOf(wanted), NOTHING).actions);
      const role = unowned(made.role as ObservedRole);
      const instanceProfile = unowned(made.instanceProfile as ObservedInstanceProfile);
      expect(exportProfile({ role, instanceProfile }, NAMES)).toMatchObject({ kind: "whole", notes: [] });
    }),
    { numRuns: lawRuns(300) },
  );
});
