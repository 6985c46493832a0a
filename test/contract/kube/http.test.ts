import { request } from "node:http";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Interceptor } from "../../../src/sandbox/kube/http/request-log.ts";
import { type KubeApi, type KubeApiOptions, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { Client } from "./client.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
let intercept: Interceptor | undefined;

afterEach(() => {
  intercept = undefined;
});

async function start(options: KubeApiOptions = {}): Promise<{ readonly api: KubeApi; readonly client: Client }> {
  const api = await startKubeApi({ onRequest: (request) => intercept?.(request), ...options });
  onTestFinished(() => api.close());
  const fetchPath = (path: string, init: RequestInit) => fetch(`${api.url}${path}`, init);
  return { api, client: new Client({ fetch: fetchPath, close: () => api.close() }) };
}

test("listens on the loopback interface alone", async () => {
  const { api } = await start();
  expect(api.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("writes a kubeconfig that leads to it and holds no credentials", async () => {
  const { api } = await start();
  expect(api.kubeconfig()).toContain(`server: ${api.url}`);
  expect(api.kubeconfig()).toContain("user: {}");
});

test("turns away web pages, by their Origin and by the name that they came by", async () => {
  const { api } = await start();
  const page = await fetch(`${api.url}/version`, { headers: { origin: "https://evil.example" } });
  expect(page.status).toBe(403);
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { host: "evil.example" };
    request(`${api.url}/version`, { headers }, (response) => resolve(response.resume().statusCode))
      .on("error", reject)
      .end();
  });
  expect(rebound).toBe(403);
});

test("counts requests by verb and resource", async () => {
  const { api, client } = await start();
  api.resetRequestCounts();
  await client.post(configMaps, { metadata: { name: "a" } });
  await client.patch(`${configMaps}/a`, { data: { x: "y" } });
  await client.patch(`${configMaps}/a`, { data: { x: "z" } });
  await client.get(configMaps);
  await client.patch("/api/v1/namespaces/default/status", {});
  await client.get("/version");
  expect(api.requestCounts()).toEqual({
    "create configmaps": 1,
    "list configmaps": 1,
    "patch configmaps": 2,
    "patch namespaces/status": 1,
  });
});

test("lets a test answer in its place", async () => {
  const { client } = await start();
  intercept = ({ what }) =>
    what === "list configmaps"
      ? { kind: "reply", status: 503, headers: { "retry-after": "1" }, body: "{}" }
      : undefined;
  expect((await client.get(configMaps)).status).toBe(503);
  expect((await client.get(`${configMaps}/none`)).status).toBe(404);
});

test("drops a connection without carrying the request out", async () => {
  const { client } = await start();
  intercept = () => ({ kind: "cut" });
  await expect(client.post(configMaps, { metadata: { name: "cut" } })).rejects.toThrow("fetch failed");
  intercept = undefined;
  expect((await client.get(`${configMaps}/cut`)).status).toBe(404);
});

test("carries a request out and loses the reply", async () => {
  const { client } = await start();
  intercept = ({ method }) => (method === "POST" ? { kind: "lose-reply" } : undefined);
  await expect(client.post(configMaps, { metadata: { name: "lost" } })).rejects.toThrow("fetch failed");
  expect((await client.get(`${configMaps}/lost`)).status).toBe(200);
});

test("delays a request for as long as the clock says", async () => {
  const clock = new FakeClock();
  const { client } = await start({ clock });
  let isDelayed: () => void = () => {};
  const delayed = new Promise<void>((resolve) => {
    isDelayed = resolve;
  });
  intercept = () => {
    isDelayed();
    return { kind: "delay", ms: 5_000 };
  };
  let isAnswered = false;
  const answer = client.get("/version").then(({ status }) => {
    isAnswered = true;
    return status;
  });
  await delayed;
  await clock.advance(4_999);
  expect(isAnswered).toBe(false);
  await clock.advance(1);
  expect(await answer).toBe(200);
});

test("cuts open watches on demand and takes new connections", async () => {
  const { api, client } = await start();
  const stream = await client.watch(`${configMaps}?watch=true`);
  api.dropConnections();
  await expect(stream.next()).rejects.toThrow();
  expect((await client.get("/version")).status).toBe(200);
});

test("ends open watches in order when it closes", async () => {
  const api = await startKubeApi();
  const client = new Client({ fetch: (path, init) => fetch(`${api.url}${path}`, init), close: () => api.close() });
  const stream = await client.watch(`${configMaps}?watch=true&resourceVersion=${api.revision()}`);
  await api.close();
  expect(await stream.next()).toBeUndefined();
});

test("remembers only as much history as it is told to", async () => {
  const { api, client } = await start({ historyLimit: 1 });
  const before = api.revision();
  await client.post(configMaps, { metadata: { name: "a" } });
  await client.post(configMaps, { metadata: { name: "b" } });
  const stream = await client.watch(`${configMaps}?watch=true&resourceVersion=${before}`);
  expect(await stream.next()).toMatchObject({ type: "ERROR", object: { code: 410 } });
});

test("gives a continue token that is too old an answer to go on with", async () => {
  const { api, client } = await start();
  for (const name of ["a", "b", "c"]) await client.post(configMaps, { metadata: { name } });
  const first = await client.get(`${configMaps}?limit=1`);
  await client.post(configMaps, { metadata: { name: "d" } });
  api.compact();
  const token = encodeURIComponent(first.body.metadata.continue);
  const expired = await client.get(`${configMaps}?limit=1&continue=${token}`);
  expect(expired).toMatchObject({ status: 410, body: { reason: "Expired", code: 410 } });
  const inconsistent = encodeURIComponent(expired.body.metadata.continue);
  const rest = await client.get(`${configMaps}?continue=${inconsistent}`);
  expect(rest.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["b", "c", "d"]);
});

test("refuses a body over three mebibytes", async () => {
  const { client } = await start();
  const answer = await client.post(configMaps, { metadata: { name: "big" }, data: { a: "x".repeat(3 * 1024 * 1024) } });
  expect(answer).toMatchObject({ status: 413, body: { reason: "RequestEntityTooLarge" } });
});

test("rejects when its port is taken", async () => {
  const { api } = await start();
  await expect(startKubeApi({ port: Number(new URL(api.url).port) })).rejects.toThrow("EADDRINUSE");
});

test("does not start with a CRD that no API server would take", async () => {
  const broken = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "x" },
    spec: {},
  };
  await expect(startKubeApi({ definitions: [broken] })).rejects.toThrow(
    'CustomResourceDefinition.apiextensions.k8s.io "x" is invalid',
  );
});
