import fc from "fast-check";
import { expect, test } from "vitest";
import { derivedRoleName } from "../../src/model/naming.ts";
import { lawRuns } from "../support/law-runs.ts";

test("the derived role name of an object is never that of another object", () => {
  const label = fc
    .array(fc.constantFrom("a", "b", "-", "--"), { minLength: 1, maxLength: 40 })
    .map((parts) => `x${parts.join("")}y`.slice(-63).replace(/^-+/, "x"));
  const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
  const object = fc.record({ namespace: label, name });
  const prefix = fc.constantFrom(
    ["", ""],
    ["p-", "p-"],
    ["{namespace}-", undefined],
    ["x_{namespace}-", undefined],
    ["{namespace}", undefined],
  );
  fc.assert(
    fc.property(object, object, prefix, (one, other, [raw = ""]) => {
      const nameOf = (it: typeof one): string =>
        derivedRoleName(it, { prefix: raw, filled: raw.replace("{namespace}", it.namespace) });
      expect(nameOf(one)).toMatch(/^[\w+=,.@-]{1,64}$/);
      expect(nameOf(one) === nameOf(other)).toBe(one.namespace === other.namespace && one.name === other.name);
    }),
    { numRuns: lawRuns(2000) },
  );
});
