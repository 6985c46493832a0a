import { describe, expect, test } from "vitest";
import {
  adoptedFromTag,
  handOverOf,
  isAdoptedFrom,
  isHandedOverTo,
  otherClusterOf,
  tagsAfterHandOver,
} from "../../../src/model/hand-over.ts";
import { ownershipOf, ownerTags, TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";
import { anInstanceProfile } from "../../support/builders.ts";

const owner = { clusterId: "b", namespace: "team-a", name: "app", uid: "uid-b" };
const OF_A = ownerTags({ ...owner, clusterId: "a", uid: "uid-a" }, true);

describe("another cluster owns an entity", () => {
  test.each<[string, Tags, string | undefined]>([
    ["by the tags of the same namespace and name", OF_A, "a"],
    ["not when they are of this cluster", ownerTags(owner, false), undefined],
    ["not as an object of another name", { ...OF_A, [TAG_KEYS.name]: "other" }, undefined],
    ["not as an object of another namespace", { ...OF_A, [TAG_KEYS.namespace]: "other" }, undefined],
    ["not without owner tags", {}, undefined],
  ])("%s", (_, tags, expected) => {
    expect(otherClusterOf(tags, owner)).toBe(expected);
  });
});

describe("an object adopts", () => {
  const adopter = { owner, handOver: { from: "a" } };

  test("what the cluster that it names owns, and leaves all other tags as they are", () => {
    expect(isHandedOverTo(adopter, OF_A)).toBe(true);
    const after = tagsAfterHandOver(adopter, { ...OF_A, team: "red" });
    expect(ownershipOf(after, owner)).toEqual({ kind: "owned", adopted: true });
    expect(after).toMatchObject({ team: "red", [TAG_KEYS.uid]: "uid-b" });
  });

  test("nothing without the field, from another cluster, or what was adopted from its own cluster", () => {
    expect(isHandedOverTo({ owner }, OF_A)).toBe(false);
    expect(isHandedOverTo({ owner, handOver: { from: "c" } }, OF_A)).toBe(false);
    expect(isHandedOverTo({ owner, handOver: { denied: "a" } }, OF_A)).toBe(false);
    expect(isHandedOverTo(adopter, { ...OF_A, ...adoptedFromTag({}, { from: "b" }) })).toBe(false);
  });

  test("only from a cluster that is allowed, and not from its own", () => {
    const object = anInstanceProfile({ spec: { adoptFrom: { clusterId: "a" } } });
    expect(handOverOf(object, "b", ["a"])).toEqual({ handOver: { from: "a" } });
    expect(handOverOf(object, "b", "any")).toEqual({ handOver: { from: "a" } });
    expect(handOverOf(object, "b")).toEqual({ handOver: { denied: "a" } });
    expect(handOverOf(object, "a", ["a"])).toEqual({});
  });
});

describe("the tag with the clusters that a role was adopted from", () => {
  test("has each of them once, and fits into a tag value", () => {
    let tags: Tags = {};
    const ids = Array.from({ length: 60 }, (_, i) => `cluster-${i}`);
    for (const id of [...ids, "cluster-58"]) tags = adoptedFromTag(tags, { from: id });
    expect(tags[TAG_KEYS.adoptedFrom]?.length).toBeLessThanOrEqual(256);
    expect(ids.filter((id) => isAdoptedFrom(tags, id))).toEqual(ids.slice(-36));
    expect(isAdoptedFrom({}, "cluster-58")).toBe(false);
  });
});
