import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Exchange } from "../../../src/kube/exchange.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { LeaseClient } from "../../../src/kube/lease-client.ts";
import { Transport } from "../../../src/kube/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { LeaderElector } from "../../../src/runtime/election/leader-election.ts";
import type { LeaseWrite } from "../../../src/runtime/election/leader-election-lock.ts";
import type { ElectionTimings } from "../../../src/runtime/election/leader-election-options.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import type { KubeApi, KubeJson } from "../../support/kube-api.ts";

/** An API server on which leases can be had. */
export interface ServerUnderTest {
  /** Path of a kubeconfig of somebody who may do everything. */
  readonly kubeconfig: string;
  /** The same server, for looking and meddling. */
  readonly admin: KubeApi;
  close(): Promise<void>;
}

/** Fast, yet with room for a busy machine between the deadline and the duration. */
const TIMINGS: ElectionTimings = { leaseDurationMs: 2_000, renewDeadlineMs: 1_400, retryPeriodMs: 100 };
const PATIENCE = { timeout: 15_000, interval: 10 };
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const { signal } = new AbortController();

const aWrite = (more: Partial<LeaseWrite> = {}): LeaseWrite => ({
  holderIdentity: "a",
  leaseDurationMs: 15_000,
  renewTimeMs: NOW_MS,
  acquireTimeMs: NOW_MS,
  leaseTransitions: 0,
  ...more,
});

/** A process that wants to lead, and whose network can be taken away. */
class Candidate {
  readonly elector: LeaderElector;
  readonly changes: boolean[] = [];
  end: "running" | "stopped" | Error = "running";
  isCutOff = false;
  readonly #transport: Transport;
  readonly #stop = new AbortController();

  constructor(kubeconfig: string, lease: { readonly namespace: string; readonly name: string }, identity: string) {
    const cluster = loadKubeConfig({ path: kubeconfig, env: {}, clock: systemClock });
    const intercept = (next: Exchange): Exchange => {
      return (request) => (this.isCutOff ? untilAborted(request.signal) : next(request));
    };
    this.#transport = new Transport({ cluster, clock: systemClock, version: "test", intercept });
    this.elector = new LeaderElector({
      lock: new LeaseClient({ exchange: this.#transport.exchange, key: lease, fieldManager: identity }),
      identity,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      timings: TIMINGS,
      observer: { leading: (isLeading) => this.changes.push(isLeading) },
    });
    this.elector.run(this.#stop.signal).then(
      () => {
        this.end = "stopped";
      },
      (error: Error) => {
        this.end = error;
      },
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#transport.close();
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** What an election relies on an API server to do. Each implementation of one is held to it: ours, and the real one. */
export function leaderElectionContract(name: string, open: () => Promise<ServerUnderTest>): void {
  describe(`leader election on ${name}`, () => {
    let server: ServerUnderTest;
    let transport: Transport;
    const namespace = `election-${randomUUID().slice(0, 8)}`;
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const candidates: Candidate[] = [];

    const stored = (lease: string): Promise<KubeJson> =>
      server.admin.expectOk({ method: "GET", path: `${leases}/${lease}` });
    const clientOf = (lease: string, of: string = namespace): LeaseClient =>
      new LeaseClient({
        exchange: transport.exchange,
        key: { namespace: of, name: lease },
        fieldManager: "instance-profile-controller",
      });
    const candidate = (lease: string, identity: string): Candidate => {
      const made = new Candidate(server.kubeconfig, { namespace, name: lease }, identity);
      candidates.push(made);
      return made;
    };

    beforeAll(async () => {
      server = await open();
      const cluster = loadKubeConfig({ path: server.kubeconfig, env: {}, clock: systemClock });
      transport = new Transport({ cluster, clock: systemClock, version: "test" });
      const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      await server.admin.expectOk({ method: "POST", path: "/api/v1/namespaces", body });
    });
    afterEach(async () => {
      await Promise.all(candidates.splice(0).map((each) => each.close()));
    });
    afterAll(async () => {
      await transport?.close();
      await server?.close();
    });

    test("a lease is created once and read back, its times with six digits", async () => {
      const client = clientOf("created");
      expect(await client.read(signal)).toBeUndefined();
      const created = await client.create(aWrite(), signal);
      expect(created).toMatchObject({ holderIdentity: "a", leaseDurationMs: 15_000, leaseTransitions: 0 });
      expect(await client.create(aWrite({ holderIdentity: "b" }), signal)).toBeUndefined();
      expect(await client.read(signal)).toEqual(created);
      expect((await stored("created"))["spec"]).toEqual({
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        leaseTransitions: 0,
        acquireTime: "2026-01-02T03:04:05.006000Z",
        renewTime: "2026-01-02T03:04:05.006000Z",
      });
    });

    test("an update changes what it names, and nothing of what others wrote", async () => {
      const client = clientOf("updated");
      await client.create(aWrite(), signal);
      const body = { metadata: { labels: { team: "a" }, annotations: { note: "b" } } };
      const contentType = "application/merge-patch+json";
      await server.admin.expectOk({ method: "PATCH", path: `${leases}/updated`, body, contentType });
      const found = await client.read(signal);
      if (found === undefined) throw new Error("the lease is gone");
      const { holderIdentity, leaseDurationMs, renewTimeMs } = aWrite({ renewTimeMs: NOW_MS + 1_000 });
      const renewed = await client.update({ holderIdentity, leaseDurationMs, renewTimeMs }, found, signal);
      expect(renewed?.version).not.toBe(found.version);
      expect(await stored("updated")).toMatchObject({
        metadata: body.metadata,
        spec: { acquireTime: "2026-01-02T03:04:05.006000Z", renewTime: "2026-01-02T03:04:06.006000Z" },
      });
    });

    test("of two updates of one version the second is refused", async () => {
      const client = clientOf("contested");
      const seen = await client.create(aWrite({ holderIdentity: "" }), signal);
      if (seen === undefined) throw new Error("the lease was not created");
      const answers = await Promise.all(
        ["a", "b"].map((holderIdentity) => client.update(aWrite({ holderIdentity }), seen, signal)),
      );
      expect(answers.filter((answer) => answer === undefined).length).toBe(1);
      const winner = answers.find((answer) => answer !== undefined);
      expect(await client.read(signal)).toEqual(winner);
    });

    test("a lease that is gone is not made anew by an update", async () => {
      const client = clientOf("deleted");
      const seen = await client.create(aWrite(), signal);
      if (seen === undefined) throw new Error("the lease was not created");
      await server.admin.expectOk({ method: "DELETE", path: `${leases}/deleted` });
      expect(await client.update(aWrite(), seen, signal)).toBeUndefined();
      await client.create(aWrite({ holderIdentity: "b" }), signal);
      expect(await client.update(aWrite(), seen, signal)).toBeUndefined();
      expect(await client.read(signal)).toMatchObject({ holderIdentity: "b" });
    });

    test("a lease that somebody made without a word in it is free, and can be taken", async () => {
      const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "empty" } };
      await server.admin.expectOk({ method: "POST", path: leases, body });
      const client = clientOf("empty");
      const seen = await client.read(signal);
      expect(seen).toMatchObject({ holderIdentity: "", leaseDurationMs: undefined, leaseTransitions: 0 });
      if (seen === undefined) throw new Error("the lease is gone");
      expect(await client.update(aWrite(), seen, signal)).toMatchObject({ holderIdentity: "a" });
    });

    test("a namespace that does not exist is an error that names the lease", async () => {
      const creation = clientOf("lease", "nowhere").create(aWrite(), signal);
      await expect(creation).rejects.toThrow(/create Lease nowhere\/lease \(404\).*nowhere/);
    });

    test("one of two leads; when it gives the lease up, the other leads at once", async () => {
      const a = candidate("handed-over", "a");
      await a.elector.whenLeading();
      const b = candidate("handed-over", "b");
      expect([a.elector.mayWrite(), b.elector.mayWrite()]).toEqual([true, false]);
      const startMs = systemClock.monotonicMs();
      expect(await a.elector.release()).toBe(true);
      await b.elector.whenLeading();
      expect(systemClock.monotonicMs() - startMs).toBeLessThan(TIMINGS.leaseDurationMs);
      expect([a.end, a.elector.mayWrite(), b.elector.mayWrite()]).toEqual(["stopped", false, true]);
      expect((await stored("handed-over"))["spec"]).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    });

    test("a leader without a network ends; the other leads, and never do both", async () => {
      const a = candidate("cut-off", "a");
      await a.elector.whenLeading();
      const b = candidate("cut-off", "b");
      let both = 0;
      const watch = setInterval(() => {
        if (a.elector.mayWrite() && b.elector.mayWrite()) both += 1;
      }, 1);
      a.isCutOff = true;
      await vi.waitFor(() => expect(a.end).toMatchObject({ name: "LeadershipLostError" }), PATIENCE);
      await b.elector.whenLeading();
      clearInterval(watch);
      expect([a.elector.mayWrite(), b.elector.mayWrite(), both]).toEqual([false, true, 0]);
      expect([a.changes, b.changes]).toEqual([
        [false, true, false],
        [false, true],
      ]);
    });

    test("a leader whose lease is taken by hand ends at its next renewal", async () => {
      const a = candidate("taken", "a");
      await a.elector.whenLeading();
      const body = { spec: { holderIdentity: "kubectl" } };
      const contentType = "application/merge-patch+json";
      await server.admin.expectOk({ method: "PATCH", path: `${leases}/taken`, body, contentType });
      await vi.waitFor(() => {
        expect(a.end).toMatchObject({ message: `Leadership lost: ${namespace}/taken is held by kubectl` });
      }, PATIENCE);
      expect((await stored("taken"))["spec"]).toMatchObject({ holderIdentity: "kubectl" });
    });

    test("of five that start together one leads", async () => {
      const all = Array.from({ length: 5 }, (_, index) => candidate("crowded", `candidate-${index}`));
      await Promise.race(all.map(({ elector }) => elector.whenLeading()));
      // Each has had several turns by now.
      const version = async () => (await clientOf("crowded").read(signal))?.version;
      const first = await version();
      await vi.waitFor(async () => expect(await version()).not.toBe(first), PATIENCE);
      expect(all.filter(({ elector }) => elector.mayWrite()).length).toBe(1);
      expect((await stored("crowded"))["spec"]).toMatchObject({ leaseTransitions: 0 });
    });
  });
}
