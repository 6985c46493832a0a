import { describe, expect, test } from "vitest";
import { derivedRoleName } from "../../../src/model/naming.ts";

const PREFIX = { prefix: "{namespace}-", filled: "team-a-" };

describe("the role name of an object that names none", () => {
  test.each<[string, string, string, string]>([
    ["has namespace and name", "team-a", "app", "team-a--app"],
    ["tells a/b-c", "a", "b-c", "a--b-c"],
    ["from a-b/c", "a-b", "c", "a-b--c"],
    ["keeps the dots of a name", "a", "b.c", "a--b.c"],
    ["has a hash when the namespace has two dashes in a row", "a--b", "c", "_"],
  ])("%s", (_, namespace, name, expected) => {
    const derived = derivedRoleName({ namespace, name });
    if (!expected.includes("_")) expect(derived).toBe(expected);
    else expect(derived).toMatch(/^a--b--c_[0-9A-Za-z]{12}$/);
  });

  test("does not repeat the namespace after the prefix of its class", () => {
    expect(derivedRoleName({ namespace: "team-a", name: "app" }, PREFIX)).toBe("team-a--app");
    const fixed = { prefix: "prod-", filled: "prod-" };
    expect(derivedRoleName({ namespace: "team-a", name: "app" }, fixed)).toBe("prod-team-a--app");
  });

  test("is as long as IAM allows and no longer, and begins with the prefix", () => {
    const longest = "n".repeat(64 - "team-a--".length);
    expect(derivedRoleName({ namespace: "team-a", name: longest }, PREFIX)).toBe(`team-a--${longest}`);
    const tooLong = derivedRoleName({ namespace: "team-a", name: `${longest}n` }, PREFIX);
    expect(tooLong).toMatch(/^team-a--n+_[0-9A-Za-z]{12}$/);
    expect(tooLong).toHaveLength(64);
    const other = derivedRoleName({ namespace: "team-a", name: `${longest}m` }, PREFIX);
    expect(other).not.toBe(tooLong);
  });

  test("is the same in every release", () => {
    expect(derivedRoleName({ namespace: "a--b", name: "c" })).toMatchInlineSnapshot(`"a--b--c_ItNFf2muTLa4"`);
  });
});
