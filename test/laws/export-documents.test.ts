import fc from "fast-check";
import { expect, test } from "vitest";
import { parseInstanceProfile } from "../../src/api/parse-instance-profile.ts";
import { type DesiredPresent, desiredState } from "../../src/model/desired-state.ts";
import type { ObservedRole } from "../../src/model/observed-state.ts";
import { readPolicy, samePolicy } from "../../src/model/policy/policy-document.ts";
import type { JsonValue } from "../../src/model/policy/policy-json.ts";
import { diff } from "../../src/plan/diff.ts";
import { exportedManifest } from "../../src/plan/exported-manifest.ts";
import { isRefusedByIam, lint } from "../../src/plan/lint/lint.ts";
import { checkIdentityPolicy } from "../../src/sandbox/aws/policy/identity-grammar.ts";
import { CLUSTER_ID, createdState, NOTHING, stateAfter } from "../support/builders.ts";
import { lawRuns } from "../support/law-runs.ts";
import { isAccepted, randomRoles } from "../support/random-roles.ts";

test("every role that IAM takes is exported whole: its adoption writes tags alone, and a new one reads back the same", () => {
  const base = createdState();
  fc.assert(
    fc.property(randomRoles, ({ inlinePolicyDocuments, trustPolicy }) => {
      const names = Object.keys(inlinePolicyDocuments).sort();
      const role = { ...base.role, tags: {}, inlinePolicyNames: names, inlinePolicyDocuments, trustPolicy };
      const instanceProfile = { ...base.instanceProfile, tags: {} };
      const { manifest, notes } = exportedManifest(role, instanceProfile, { name: "app", namespace: "team-a" });
      expect(notes).toEqual([]);
      const object = parseInstanceProfile(JSON.parse(JSON.stringify(manifest)));
      expect(lint(object).filter(isRefusedByIam)).toEqual([]);
      const desired = desiredState(object, CLUSTER_ID, { allowsAdoption: true }) as DesiredPresent;
      const { actions: writes, blockers } = diff(desired, { role, instanceProfile });
      expect([blockers, [...new Set(writes.map(({ kind }) => kind))].sort()]).toEqual([
        [],
        ["TagInstanceProfile", "TagRole"],
      ]);
      const made = stateAfter(NOTHING, diff(desired, NOTHING).actions).role as ObservedRole;
      const isSame = (one: string | undefined, other: string, use: "permissions" | "trust"): boolean =>
        samePolicy(readPolicy(one ?? "", use), readPolicy(other, use));
      expect(isSame(made.trustPolicy, trustPolicy, "trust")).toBe(true);
      for (const name of names) {
        expect(isSame(made.inlinePolicyDocuments[name], inlinePolicyDocuments[name] ?? "", "permissions")).toBe(true);
      }
    }),
    { numRuns: lawRuns(120) },
  );
});

test("a document that IAM refuses is refused by the parser, or by what validate finds", () => {
  const wrong: readonly JsonValue[] = [
    { Statement: [] },
    { Statement: [{ Effect: "allow", Action: "*", Resource: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "a:b:c", Resource: "*" }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "bucket" }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Condition: { Odd: { a: "b" } } }] },
    { Statement: [{ Effect: "Allow", Action: "*", Resource: "*", Principal: "*" }] },
    { Version: "2013-01-01", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
  ];
  for (const document of wrong) {
    const spec = { roleName: "app", inlinePolicies: [{ name: "p", document }] };
    const manifest = {
      apiVersion: "iam.instanceprofile.dev/v1beta1",
      kind: "InstanceProfile",
      metadata: { name: "app" },
      spec,
    };
    expect(
      isAccepted(JSON.stringify(document), (text) =>
        checkIdentityPolicy(text, { partition: "aws", requiresCurrentVersion: false }),
      ),
    ).toBe(false);
    const found = (): number => lint(parseInstanceProfile(manifest)).filter(isRefusedByIam).length;
    expect(
      (() => {
        try {
          return found();
        } catch {
          return 1;
        }
      })(),
    ).toBeGreaterThan(0);
  }
});
