import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { RetryableError, ThrottledError } from "../../../src/errors.ts";
import type { CredentialSource } from "../../../src/kube/credentials.ts";
import { LeaseClient } from "../../../src/kube/lease-client.ts";
import { Transport } from "../../../src/kube/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { LeaderElector } from "../../../src/runtime/election/leader-election.ts";
import { type KubeApi, type KubeApiOptions, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { settle } from "../../support/fake-clock.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { leaderElectionContract } from "./suite.ts";

leaderElectionContract("the sandbox's API server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "leader-election-"));
  const api = await startKubeApi();
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, api.kubeconfig());
  return {
    kubeconfig,
    admin: plainKubeApi(api.url),
    close: async () => {
      await api.close();
      await rm(folder, { recursive: true });
    },
  };
});

const anonymous: CredentialSource = { current: async () => ({ headers: {}, tls: {} }), invalidate: () => false };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function aServer(options: KubeApiOptions = {}): Promise<KubeApi> {
  const api = await startKubeApi(options);
  closers.push(() => api.close());
  return api;
}

async function aProxy(api: KubeApi): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(Number(new URL(api.url).port));
  closers.push(() => proxy.close());
  return proxy;
}

function aTransport(server: string): Transport {
  const cluster = { server, credentials: anonymous, namespace: "default", source: "test" };
  const transport = new Transport({ cluster, clock: systemClock, version: "test" });
  closers.push(() => transport.close());
  return transport;
}

function aLease(transport: Transport): LeaseClient {
  const key = { namespace: "default", name: "controller" };
  return new LeaseClient({ exchange: transport.exchange, key, fieldManager: "test" });
}

function anElector(lock: LeaseClient): LeaderElector {
  return new LeaderElector({
    lock,
    identity: "a",
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    timings: { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 50 },
  });
}

const { signal } = new AbortController();

test("keeps the lease over a connection that died without a word", async () => {
  const api = await aServer();
  const proxy = await aProxy(api);
  const elector = anElector(aLease(aTransport(proxy.url)));
  let end: unknown = "running";
  elector.run(signal).catch((error: unknown) => {
    end = error;
  });
  await elector.whenLeading();
  proxy.blackHole();
  await vi.waitFor(() => expect(proxy.accepted).toBe(2), { timeout: 5_000, interval: 10 });
  const written = api.revision();
  await vi.waitFor(() => expect(api.revision()).toBeGreaterThan(written + 1), { timeout: 5_000, interval: 10 });
  expect([elector.mayWrite(), end]).toEqual([true, "running"]);
  await elector.release();
});

test("does not wait behind other requests of the same process", async () => {
  const api = await aServer({
    onRequest: ({ path }) => (path.includes("/leases/") ? undefined : { kind: "delay", ms: 60_000 }),
  });
  const transport = aTransport(api.url);
  const others = new AbortController();
  const stuck = Array.from({ length: 20 }, () =>
    transport.exchange({ method: "GET", path: "/api/v1/namespaces", lane: "api", signal: others.signal }),
  );
  await expect(aLease(transport).read(signal)).resolves.toBeUndefined();
  others.abort();
  await Promise.allSettled(stuck);
});

test("gives a request up whose connection does not come about", { timeout: 5_000 }, async () => {
  // Accepts connections and never speaks, so that the TLS handshake goes on until its own limit, which is longer.
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  closers.push(async () => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const lease = aLease(aTransport(`https://127.0.0.1:${port}`));
  for (const attempt of [1, 2]) {
    const cut = new AbortController();
    const reading = lease.read(cut.signal);
    // The second attempt has a connection of its own.
    await vi.waitFor(() => expect(connectionsOf(silent)).resolves.toBe(attempt));
    cut.abort(new Error("cut"));
    await expect(reading).rejects.toThrow("cut");
  }
});

test("uses none of its kept connections again after a request was cut: they may all be dead", async () => {
  const api = await aServer();
  const proxy = await aProxy(api);
  const lease = aLease(aTransport(proxy.url));
  await Promise.all([lease.read(signal), lease.read(signal)]);
  expect(proxy.open).toBe(2);
  proxy.blackHole();
  const cut = new AbortController();
  const reading = lease.read(cut.signal);
  // Credentials first, then the wire.
  await settle();
  cut.abort(new Error("cut"));
  await expect(reading).rejects.toThrow("cut");
  await expect(lease.read(AbortSignal.timeout(1_000))).resolves.toBeUndefined();
});

test.for([
  [503, "{}", RetryableError],
  [429, '{"kind":"Status","code":429,"reason":"TooManyRequests"}', ThrottledError],
  [404, "not here", Error],
  [200, "<html>", Error],
  [200, '{"metadata":{}}', Error],
] as const)("an answer that says nothing about the lease is an error: %i %s", async ([status, body, type]) => {
  const api = await aServer({ onRequest: () => ({ kind: "reply", status, body }) });
  const lease = aLease(aTransport(api.url));
  const seen = { holderIdentity: "a", leaseDurationMs: 1_000, leaseTransitions: 0, version: "1" };
  const write = { holderIdentity: "a", leaseDurationMs: 1_000, renewTimeMs: 0 };
  for (const call of [lease.read(signal), lease.create(write, signal), lease.update(write, seen, signal)]) {
    await expect(call).rejects.toThrow(type);
  }
});

function connectionsOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
