import { describe, expect, test } from "vitest";
import type { SelectedRole } from "../../../src/engine/observe/account-snapshot.ts";
import { orphanOf, orphanOwner, type WatchedScope } from "../../../src/engine/orphans/orphans.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";

const SCOPE: WatchedScope = { clusterId: "cluster-1", namespaces: undefined };
const OWNER: Tags = {
  [TAG_KEYS.clusterId]: "cluster-1",
  [TAG_KEYS.namespace]: "team-a",
  [TAG_KEYS.name]: "app",
  [TAG_KEYS.uid]: "uid-1",
};
const ARN = "arn:aws:iam::123456789012:role/k8s/app";
const ROLE: SelectedRole = { roleName: "app", roleId: "AROA1", arn: ARN, tags: OWNER };

const object = (spec: object, status: object = {}): KubeObject => ({ metadata: { uid: "uid-2" }, spec, status });

describe("the owner that an orphan may have", () => {
  test("is taken from the tags", () => {
    expect(orphanOwner(OWNER, SCOPE)).toEqual({
      ...{ clusterId: "cluster-1", namespace: "team-a", name: "app", uid: "uid-1" },
    });
  });

  test.each<[string, Tags]>([
    ["another cluster's", { [TAG_KEYS.clusterId]: "cluster-2" }],
    ["adopted", { [TAG_KEYS.adopted]: "true" }],
    ["retained on purpose", { [TAG_KEYS.retained]: "uid-1" }],
    ["without a namespace", { [TAG_KEYS.namespace]: "" }],
    ["of a namespace that cannot be", { [TAG_KEYS.namespace]: "team-a/../team-b" }],
    ["of a name that cannot be", { [TAG_KEYS.name]: "App" }],
    ["of a name that is too long", { [TAG_KEYS.name]: "a".repeat(254) }],
  ])("is nobody for what is %s", (_, tags) => {
    expect(orphanOwner({ ...OWNER, ...tags }, SCOPE)).toBeUndefined();
  });

  test("is defined again when another object has written its uid since the retention", () => {
    expect(orphanOwner({ ...OWNER, [TAG_KEYS.retained]: "uid-0" }, SCOPE)).toBeDefined();
  });

  test("is undefined for a controller without a cluster id, whatever tags are missing", () => {
    expect(orphanOwner({ ...OWNER, [TAG_KEYS.clusterId]: "" }, { ...SCOPE, clusterId: "" })).toBeUndefined();
  });

  test("is limited to the watched namespace", () => {
    expect(orphanOwner(OWNER, { ...SCOPE, namespaces: ["team-c", "team-a"] })).toBeDefined();
    expect(orphanOwner(OWNER, { ...SCOPE, namespaces: ["team-b"] })).toBeUndefined();
  });
});

describe("a role with owner tags", () => {
  test.each<[string, KubeObject | undefined, string | undefined]>([
    ["no object of the name", undefined, "ObjectGone"],
    ["an object that names the role, of another uid", object({ roleName: "APP" }), undefined],
    ["an object whose status has this very role", object({ roleName: "other" }, { role: { arn: ARN } }), undefined],
    ["an object that names another role", object({ roleName: "other" }), "OtherRole"],
    [
      "an object that lives in another account",
      object({ roleName: "app" }, { accountId: "111122223333", role: { arn: "arn:aws:iam::111122223333:role/app" } }),
      "OtherAccount",
    ],
    ["an object in this account", object({ roleName: "app" }, { accountId: "123456789012" }), undefined],
  ])("with %s", (_, found, kind) => {
    expect(orphanOf(ROLE, found, SCOPE)?.kind).toBe(kind);
  });

  test("is no orphan before IAM returns its ARN", () => {
    expect(orphanOf({ ...ROLE, arn: "AROA1" }, undefined, SCOPE)).toBeUndefined();
  });
});
