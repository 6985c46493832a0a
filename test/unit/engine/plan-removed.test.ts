import { describe, expect, test } from "vitest";
import { removedObjects } from "../../../src/engine/offline/plan-removed.ts";
import type { TaggedRole } from "../../../src/engine/ports.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";

function owned(roleName: string, namespace: string, name: string, clusterId = "cluster-1"): TaggedRole {
  const tags = { [TAG_KEYS.clusterId]: clusterId, [TAG_KEYS.namespace]: namespace, [TAG_KEYS.name]: name };
  return { roleName, tags, instanceProfileNames: [roleName] };
}

const ROLES: readonly TaggedRole[] = [
  owned("r-kept", "team-a", "kept"),
  owned("r-z", "team-a", "z"),
  owned("r-a", "team-b", "a"),
  owned("elsewhere", "team-a", "elsewhere", "cluster-2"),
  { roleName: "nobodys", tags: { team: "a" }, instanceProfileNames: [] },
  { roleName: "half", tags: { [TAG_KEYS.clusterId]: "cluster-1" }, instanceProfileNames: [] },
];
const kept = [{ namespace: "team-a", name: "kept" }];

const found = (namespaces: readonly string[]): readonly string[] =>
  removedObjects(ROLES, { clusterId: "cluster-1", namespaces, kept }).map(({ role }) => role.roleName);

describe("roles without a manifest", () => {
  test("are those that the cluster owns by all three tags, without the objects that have a manifest", () => {
    expect(found([])).toEqual(["r-z", "r-a"]);
  });

  test("can be narrowed to namespaces", () => {
    expect(found(["team-b"])).toEqual(["r-a"]);
    expect(found(["team-c"])).toEqual([]);
  });

  test("include an object whose name has a manifest in another namespace", () => {
    const other = [{ namespace: "team-b", name: "kept" }];
    expect(removedObjects(ROLES.slice(0, 1), { clusterId: "cluster-1", namespaces: [], kept: other })).toHaveLength(1);
  });
});
