import { describe, expect, test } from "vitest";
import { hintIn } from "../../../src/api/scalar-fields.ts";

const mismatch = (value: string, pattern: string): string =>
  `Invalid value: "${value}": spec.sid in body should match '${pattern}'`;

describe("the hint in a message of the API server", () => {
  test("takes the place of the pattern that ends with it", () => {
    expect(hintIn(mismatch("a b", "^[a-z]+$|$.write letters"))).toBe('Invalid value: "a b": write letters');
  });

  test("is that of the pattern, whatever the value says", () => {
    const value = "a in body should match 'x|$.lie'";
    expect(hintIn(mismatch(value, "^[a-z]+$|$.write letters"))).toBe(`Invalid value: "${value}": write letters`);
  });

  test.each([mismatch("1", "^[a-z]+$"), mismatch("x|$.", "^[a-z]+$"), "Required value", "|$.'", ""])(
    "is missing in %s, which stays as it is",
    (message) => {
      expect(hintIn(message)).toBe(message);
    },
  );

  test("is not searched for minutes beside a value of 500,000 characters", () => {
    for (const value of ["x".repeat(500_000), "x in body should match '|$.".repeat(20_000)]) {
      const message = `Unsupported value: "${value}"`;
      expect(hintIn(message) === message).toBe(true);
    }
  });
});
