import { expect, test } from "vitest";
import { ClaimsByAccount } from "../../../src/controller/accounts/instance-claims.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { compareClaims } from "../../../src/model/instances/instance-claim.ts";
import { aClass, anInstanceProfile, asStored, CLUSTER_ID } from "../../support/builders.ts";

function asking(name: string, className: string, second: number): KubeObject {
  const instances = { region: "eu-west-1", onConflict: "Replace" as const, selector: { matchTags: { app: "web" } } };
  const metadata = { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` };
  return asStored(anInstanceProfile({ metadata, spec: { className, instances } }));
}

function classOf(name: string, id: string): KubeObject {
  const account = { id, partition: "aws" as const };
  return aClass({ account, allowedInstanceRegions: ["*"] }, { metadata: { name } }) as unknown as KubeObject;
}

test("objects of all classes of an account compete for its instances, the older one first; objects of another account do not", () => {
  const objects = [asking("young", "a", 3), asking("old", "b", 1), asking("elsewhere", "c", 0)];
  const classes = [classOf("a", "111122223333"), classOf("b", "111122223333"), classOf("c", "444455556666")];
  const directory = new ClassResolver({
    classes: () => classes,
    objects: objectsOfList(() => objects),
    clusterId: CLUSTER_ID,
  });
  const accountOf = (raw: KubeObject): string | undefined => directory.accountOf(raw);
  const claims = new ClaimsByAccount({ objects: () => objects, accountOf, clusterId: CLUSTER_ID });
  const keysIn = (account: string): readonly string[] =>
    claims
      .of(account)
      .claims.in("eu-west-1")
      .toSorted(compareClaims)
      .map(({ key }) => key.slice(key.indexOf("/") + 1));
  expect(keysIn("111122223333")).toEqual(["old", "young"]);
  expect(keysIn("444455556666")).toEqual(["elsewhere"]);
  expect(keysIn("own")).toEqual([]);
});
