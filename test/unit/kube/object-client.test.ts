import { expect, test } from "vitest";
import { ConflictError, TerminalError } from "../../../src/errors.ts";
import type { KubeRequest } from "../../../src/kube/exchange.ts";
import { KubeObjectClient } from "../../../src/kube/object-client.ts";
import { statusOf } from "../../../src/kube/status-error.ts";

const key = { namespace: "team-a", name: "reader" };
const { signal } = new AbortController();

function answering(statusCode: number, body: unknown) {
  const requests: KubeRequest[] = [];
  const client = new KubeObjectClient({
    exchange: async (request) => {
      requests.push(request);
      return { kind: "json", statusCode, body, retryAfterMs: undefined };
    },
    resource: {
      group: "iam.instanceprofile.dev",
      version: "v1beta1",
      plural: "instanceprofiles",
      kind: "InstanceProfile",
    },
    fieldManager: "instance-profile-controller",
  });
  return { client, requests };
}

const guarded = [
  { op: "test", path: "/metadata/resourceVersion", value: "7" },
  { op: "remove", path: "/metadata/finalizers/0" },
] as const;

test("reads an object with all its fields, known or not", async () => {
  const object = { kind: "InstanceProfile", metadata: { name: "reader" }, brandNewField: 1 };
  const { client, requests } = answering(200, object);
  expect(await client.get(key, signal)).toEqual(object);
  expect(requests[0]).toMatchObject({
    method: "GET",
    path: "/apis/iam.instanceprofile.dev/v1beta1/namespaces/team-a/instanceprofiles/reader",
  });
});

test("gives undefined for an object that does not exist", async () => {
  const { client } = answering(404, { kind: "Status", code: 404, reason: "NotFound", message: "not found" });
  expect(await client.get(key, signal)).toBeUndefined();
});

test("does not take a missing CRD for a missing object", async () => {
  const { client } = answering(404, "404 page not found\n");
  await expect(client.get(key, signal)).rejects.toThrow("404 page not found");
});

test("does not take forbidden for missing", async () => {
  const { client } = answering(403, { code: 403, reason: "Forbidden", message: "no" });
  await expect(client.get(key, signal)).rejects.toMatchObject({ disposition: "blocked", reason: "Forbidden" });
});

test("patches spec and metadata under one field manager, status under another", async () => {
  const { client, requests } = answering(200, {});
  await client.patch(key, guarded, signal);
  await client.patchStatus(key, guarded, signal);
  expect(requests).toMatchObject([
    {
      path: "/apis/iam.instanceprofile.dev/v1beta1/namespaces/team-a/instanceprofiles/reader",
      contentType: "application/json-patch+json",
      query: { fieldManager: "instance-profile-controller", fieldValidation: "Strict" },
      body: guarded,
    },
    {
      path: "/apis/iam.instanceprofile.dev/v1beta1/namespaces/team-a/instanceprofiles/reader/status",
      query: { fieldManager: "instance-profile-controller-status" },
    },
  ]);
});

test("calls a patch whose test failed a conflict", async () => {
  const { client } = answering(422, { code: 422, reason: "Invalid", message: "the server rejected our request" });
  const error: unknown = await client.patch(key, guarded, signal).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConflictError);
  expect(error).toMatchObject({ reason: "PatchTestFailed" });
  expect(statusOf(error)?.httpCode).toBe(422);
});

test("calls a patch that makes the object invalid terminal, guarded or not", async () => {
  const causes = [{ reason: "FieldValueInvalid", message: "too long", field: "status.x" }];
  const { client } = answering(422, { code: 422, reason: "Invalid", message: "invalid", details: { causes } });
  await expect(client.patch(key, guarded, signal)).rejects.toThrow(TerminalError);
});

test("calls a patch of an object that is gone a conflict", async () => {
  const { client } = answering(404, { code: 404, reason: "NotFound", message: "not found" });
  await expect(client.patchStatus(key, guarded, signal)).rejects.toThrow(ConflictError);
});

test("keeps a name that would leave its place in the path where it is", async () => {
  const { client, requests } = answering(200, {});
  await client.get({ namespace: "a/../b", name: "c?d=e" }, signal);
  expect(requests[0]?.path).toBe(
    "/apis/iam.instanceprofile.dev/v1beta1/namespaces/a%2F..%2Fb/instanceprofiles/c%3Fd%3De",
  );
});

test("does not take a proxy's page for an object", async () => {
  const { client } = answering(200, "<html>Sign in</html>");
  await expect(client.get(key, signal)).rejects.toMatchObject({ disposition: "retryable" });
});
