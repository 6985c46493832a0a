import { expect, vi } from "vitest";
import type { Declare } from "./suite.ts";
import { group } from "./world.ts";

/** What a client finds out before it asks for anything. */
export function discovery(promise: Declare): void {
  promise("is healthy and says its version", async ({ client }) => {
    for (const probe of ["/healthz", "/livez", "/readyz"]) {
      expect(await client.get(probe)).toMatchObject({ status: 200, body: "ok" });
    }
    expect((await client.get("/version")).body).toMatchObject({
      major: "1",
      gitVersion: expect.stringMatching(/^v1\./),
    });
  });

  promise("lists the core group and the named groups", async ({ client }) => {
    expect((await client.get("/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const { body } = await client.get("/apis");
    expect(body.kind).toBe("APIGroupList");
    expect(body.groups).toContainEqual({
      name: group,
      versions: [{ groupVersion: `${group}/v1`, version: "v1" }],
      preferredVersion: { groupVersion: `${group}/v1`, version: "v1" },
    });
  });

  promise("lists the resources of a group-version with their names and verbs", async ({ client }) => {
    const { body } = await client.get(`/apis/${group}/v1`);
    expect(body).toMatchObject({ kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/v1` });
    expect(body.resources[0]).toMatchObject({
      name: "widgets",
      singularName: "widget",
      namespaced: true,
      kind: "Widget",
      shortNames: ["wd"],
      categories: ["toys"],
    });
    expect([...body.resources[0].verbs].sort()).toEqual([
      "create",
      "delete",
      "deletecollection",
      "get",
      "list",
      "patch",
      "update",
      "watch",
    ]);
    expect(body.resources[1]).toMatchObject({ name: "widgets/status", verbs: ["get", "patch", "update"] });
  });

  promise(
    "offers an OpenAPI v3 document per group-version that tells clients of fieldValidation",
    async ({ client }) => {
      // The real server describes a new CRD some time after it serves it.
      const index = await vi.waitUntil(
        async () => {
          const answer = await client.get("/openapi/v3");
          return answer.body.paths[`apis/${group}/v1`] === undefined ? undefined : answer;
        },
        { timeout: 10_000, interval: 100 },
      );
      const path = index.body.paths[`apis/${group}/v1`].serverRelativeURL;
      const document = (await client.get(path)).body;
      const item = document.paths[`/apis/${group}/v1/namespaces/{namespace}/widgets/{name}`];
      expect(item.patch["x-kubernetes-group-version-kind"]).toEqual({ group, version: "v1", kind: "Widget" });
      expect(item.patch.parameters.map((entry: { name: string }) => entry.name)).toContain("fieldValidation");
      expect(index.body.paths["api/v1"]).toBeDefined();
    },
  );

  promise("answers 404 in plain text for what it does not serve", async ({ client, namespace }) => {
    const paths = [
      "/nope",
      "/apis/nope.dev/v1/things",
      `/apis/${group}/v9/widgets`,
      `/apis/${group}/v1/namespaces/${namespace}/gadgets`,
    ];
    for (const path of paths)
      expect(await client.get(path)).toMatchObject({ status: 404, body: "404 page not found\n" });
  });
}
