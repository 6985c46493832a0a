import { describe, expect, test } from "vitest";
import { KubeCrdReader } from "../../../src/kube/crd-reader.ts";
import type { KubeRequest } from "../../../src/kube/exchange.ts";

const RESOURCE = {
  group: "iam.instanceprofile.dev",
  version: "v1beta1",
  plural: "instanceprofiles",
  kind: "InstanceProfile",
};
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/instanceprofiles.iam.instanceprofile.dev";
const DISCOVERY = "/apis/iam.instanceprofile.dev/v1beta1";
const FORBIDDEN = { statusCode: 403, body: { reason: "Forbidden", message: "no" } };
const verbs = (...names: readonly string[]) => ({
  statusCode: 200,
  body: {
    resources: [
      { name: "instanceprofileclasses", verbs: ["create", "get"] },
      { name: "instanceprofiles", verbs: names },
      { name: "instanceprofiles/status", verbs: ["get", "patch"] },
    ],
  },
});

/** What a server that gives these answers lets the reader know. */
async function read(answers: Readonly<Record<string, { readonly statusCode: number; readonly body: unknown }>>) {
  const asked: KubeRequest[] = [];
  const reader = new KubeCrdReader(async (request) => {
    asked.push(request);
    const answer = answers[request.path];
    if (answer === undefined) throw new Error(`not asked for: ${request.path}`);
    return { kind: "json", retryAfterMs: undefined, ...answer };
  }, RESOURCE);
  return { asked, reader, state: reader.read(new AbortController().signal) };
}

describe("a CRD that may be read", () => {
  test.each([
    ["is there", { statusCode: 200, body: { metadata: {} } }, false],
    ["is being deleted", { statusCode: 200, body: { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } } }, true],
    ["is gone", { statusCode: 404, body: { reason: "NotFound" } }, true],
  ])("%s", async (_, answer, isBeingDeleted) => {
    const { asked, state } = await read({ [CRD]: answer });
    expect(await state).toEqual({ isBeingDeleted, isConfirmed: true });
    expect(asked[0]?.accept).toContain("PartialObjectMetadata");
  });

  test("is not judged by an answer that is not about it", async () => {
    const { state } = await read({ [CRD]: { statusCode: 500, body: { reason: "InternalError", message: "etcd" } } });
    await expect(state).rejects.toMatchObject({ disposition: "retryable" });
  });
});

describe("a CRD that must not be read", () => {
  test.each([
    ["is there when its objects can be created", verbs("create", "get", "patch"), false],
    ["is being deleted when they cannot be", verbs("delete", "get", "list", "watch"), true],
    ["is gone with the version", { statusCode: 404, body: "404 page not found" }, true],
    ["is gone from the version", { statusCode: 200, body: { resources: [] } }, true],
  ])("%s", async (_, answer, isBeingDeleted) => {
    const { state } = await read({ [CRD]: FORBIDDEN, [DISCOVERY]: answer });
    expect(await state).toEqual({ isBeingDeleted, isConfirmed: false });
  });

  test("is not judged when discovery fails too", async () => {
    const { state } = await read({ [CRD]: FORBIDDEN, [DISCOVERY]: FORBIDDEN });
    await expect(state).rejects.toMatchObject({ disposition: "blocked", message: expect.stringContaining("discover") });
  });
});
