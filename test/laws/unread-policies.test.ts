import fc from "fast-check";
import { expect, test } from "vitest";
import { compareAccess } from "../../src/model/access/compare-access.ts";
import type { JsonValue } from "../../src/model/policy/policy-json.ts";
import { accessReport } from "../../src/plan/access/access-report.ts";
import { compareRoles } from "../../src/plan/access/compare-roles.ts";
import { NO_ROLE, type RoleAccess } from "../../src/plan/access/role-access.ts";
import { lawRuns } from "../support/law-runs.ts";

const statement = fc.record({
  Effect: fc.constantFrom("Allow", "Deny"),
  Action: fc.subarray(["a:x", "a:y", "b:x", "a:*", "*"], { minLength: 1, maxLength: 2 }),
  Resource: fc.constantFrom(["*"], ["arn:aws:s3:::one"]),
});
const document = fc
  .array(statement, { maxLength: 2 })
  .map((statements): JsonValue => ({ Version: "2012-10-17", Statement: statements }));

/** The managed policies of an account, of which some are not read. */
const account = fc.record({ one: document, two: document, three: document });
type Account = Readonly<Record<string, JsonValue>>;

const role = fc.record({
  inline: document,
  managed: fc.subarray(["one", "two", "three"]),
  boundary: fc.option(fc.constantFrom("one", "two"), { nil: undefined }),
});
type Role = typeof role extends fc.Arbitrary<infer T> ? T : never;

function accessOf({ inline, managed, boundary }: Role, policies: Account, read: readonly string[]): RoleAccess {
  const documentOf = (name: string): JsonValue | undefined => (read.includes(name) ? policies[name] : undefined);
  return {
    ...NO_ROLE,
    permissions: [
      { name: "inline policy app", document: inline },
      ...managed.map((name) => ({ name: `managed policy ${name}`, document: documentOf(name) })),
    ],
    boundary: boundary && { name: `permissions boundary ${boundary}`, document: documentOf(boundary) },
  };
}

test("no new access is true for every text of the policies that were not read", () => {
  let proofs = 0;
  fc.assert(
    fc.property(role, role, account, fc.subarray(["one", "two", "three"]), (from, to, policies, read) => {
      const verdict = (known: readonly string[]) => {
        const [before, after] = [accessOf(from, policies, known), accessOf(to, policies, known)];
        return accessReport(compareRoles(before, after, compareAccess)).verdict;
      };
      if (verdict(read) !== "no-new-access") return;
      proofs += 1;
      expect(verdict(Object.keys(policies))).toBe("no-new-access");
    }),
    { numRuns: lawRuns(1_000) },
  );
  // The law says something only about those.
  expect(proofs).toBeGreaterThan(lawRuns(50));
});
