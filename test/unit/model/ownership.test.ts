import { describe, expect, test } from "vitest";
import { isRetained, ownershipOf, TAG_KEYS } from "../../../src/model/ownership.ts";
import { CLUSTER_ID } from "../../support/builders.ts";

const OWNER = { clusterId: CLUSTER_ID, namespace: "team-a", name: "app", uid: "uid-1" };
const PROOF = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.namespace]: "team-a", [TAG_KEYS.name]: "app" };

describe("the ownership that tags prove", () => {
  test("needs all three deciding tags, and no uid", () => {
    expect(ownershipOf(PROOF, OWNER)).toEqual({ kind: "owned", adopted: false });
    for (const key of Object.keys(PROOF)) {
      const { [key]: _, ...others } = PROOF;
      expect(ownershipOf(others, OWNER).kind).toBe("ownedByAnother");
      expect(ownershipOf({ ...PROOF, [key]: "another" }, OWNER).kind).toBe("ownedByAnother");
    }
  });

  test("is of no object where none of the three tags is present", () => {
    expect(ownershipOf({ [TAG_KEYS.uid]: "uid-1", team: "a" }, OWNER)).toEqual({ kind: "unowned" });
  });

  test("is adopted only by the value true", () => {
    expect(ownershipOf({ ...PROOF, [TAG_KEYS.adopted]: "true" }, OWNER)).toEqual({ kind: "owned", adopted: true });
    for (const adopted of ["false", "TRUE", ""]) {
      expect(ownershipOf({ ...PROOF, [TAG_KEYS.adopted]: adopted }, OWNER)).toEqual({ kind: "owned", adopted: false });
    }
  });

  test("is case-sensitive, because names of objects and clusters are", () => {
    expect(ownershipOf({ ...PROOF, [TAG_KEYS.name]: "App" }, OWNER).kind).toBe("ownedByAnother");
  });

  test("is of another object when the tags name a cluster and the own cluster is not known", () => {
    expect(ownershipOf(PROOF, { ...OWNER, clusterId: "" }).kind).toBe("ownedByAnother");
  });
});

test("an entity counts as retained only for the object that wrote its owner tags", () => {
  const tags = { ...PROOF, [TAG_KEYS.uid]: "uid-1" };
  expect(isRetained({ ...tags, [TAG_KEYS.retained]: "uid-1" })).toBe(true);
  expect(isRetained({ ...tags, [TAG_KEYS.retained]: "uid-0" })).toBe(false);
  expect(isRetained(tags)).toBe(false);
  expect(isRetained({ [TAG_KEYS.uid]: "", [TAG_KEYS.retained]: "" })).toBe(false);
});
