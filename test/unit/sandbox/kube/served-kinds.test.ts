import { expect, test } from "vitest";
import { compileCrd } from "../../../../src/crd/compile-crd.ts";
import { servedKinds } from "../../../../src/sandbox/kube/served-kinds.ts";

test("serves the served versions of a CRD", () => {
  const schema = { openAPIV3Schema: { type: "object" } };
  const crd = compileCrd({
    metadata: { name: "things.test.example.com" },
    spec: {
      group: "test.example.com",
      scope: "Cluster",
      names: { kind: "Thing", plural: "things", shortNames: ["th"], categories: ["all"] },
      versions: [
        { name: "v1", served: true, storage: true, schema },
        { name: "v1alpha1", served: false, storage: false, schema },
      ],
    },
  });
  expect(servedKinds(crd)).toMatchObject([
    {
      group: "test.example.com",
      version: "v1",
      kind: "Thing",
      namespaced: false,
      shortNames: ["th"],
      categories: ["all"],
    },
  ]);
});
