import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { EventRecord, KubeObject, ObjectKey } from "../../../src/engine/ports.ts";
import { ConflictError, dispositionOf, TerminalError } from "../../../src/errors.ts";
import { readClusterId } from "../../../src/kube/cluster-id.ts";
import { EventRecorder } from "../../../src/kube/event-recorder.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { KubeListWatch } from "../../../src/kube/list-watch.ts";
import { KubeObjectClient } from "../../../src/kube/object-client.ts";
import { statusOf } from "../../../src/kube/status-error.ts";
import { Transport } from "../../../src/kube/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import type { WatchEvent } from "../../../src/runtime/watch/list-watch.ts";
import { Reflector } from "../../../src/runtime/watch/reflector.ts";
import { silentLogger } from "../../../src/telemetry.ts";

/** An API server that has the InstanceProfile CRD. */
export interface ServerUnderTest {
  /** Path of a kubeconfig of somebody who may do everything. */
  readonly kubeconfig: string;
  /** Makes the server forget every state but the present one. */
  compact(): Promise<void>;
  /** What becomes of the next page of a list once its snapshot is forgotten; newer servers still have it in a cache. */
  readonly pageAfterCompact: readonly ("expired" | "served")[];
  /** Whether a list can be streamed: older servers refuse. */
  readonly streamsLists: readonly ("streams" | "rejected")[];
  close(): Promise<void>;
}

const resource = {
  group: "iam.instanceprofile.dev",
  version: "v1beta1",
  plural: "instanceprofiles",
  kind: "InstanceProfile",
};
const { signal } = new AbortController();

function aProfile(name: string, more: { readonly labels?: object; readonly spec?: object } = {}): KubeObject {
  const statements = [{ effect: "Allow", actions: ["s3:Get*"], resources: ["*"] }];
  return {
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name, ...(more.labels && { labels: more.labels }) },
    spec: { roleName: name, statements, ...more.spec },
  };
}

function versionOf(object: KubeObject): string {
  return (object["metadata"] as { readonly resourceVersion: string }).resourceVersion;
}

/** What src/kube relies on an API server to do. Each implementation of one is held to it: ours, and the real one. */
export function kubeAdapterContract(name: string, open: () => Promise<ServerUnderTest>): void {
  describe(`the Kubernetes adapter on ${name}`, () => {
    let server: ServerUnderTest;
    let transport: Transport;
    let client: KubeObjectClient;
    let namespace: string;
    const key = (objectName: string): ObjectKey => ({ namespace, name: objectName });

    beforeAll(async () => {
      server = await open();
      const cluster = loadKubeConfig({ path: server.kubeconfig, env: {}, clock: systemClock });
      transport = new Transport({ cluster, clock: systemClock, version: "test" });
      client = new KubeObjectClient({
        exchange: transport.exchange,
        resource,
        fieldManager: "instance-profile-controller",
      });
      namespace = `adapter-${randomUUID().slice(0, 8)}`;
      const namespaces = { group: "", version: "v1", plural: "namespaces", kind: "Namespace" };
      const { exchange } = transport;
      await new KubeObjectClient({ exchange, resource: namespaces, fieldManager: "test" }).create(
        undefined,
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        signal,
      );
    });

    afterAll(async () => {
      await transport?.close();
      await server?.close();
    });

    const listWatch = (labelSelector?: string): KubeListWatch =>
      new KubeListWatch({
        exchange: transport.exchange,
        resource,
        namespace,
        ...(labelSelector !== undefined && { labelSelector }),
      });

    test("takes the uid of kube-system for the cluster's id", async () => {
      expect(await readClusterId(transport.exchange, signal)).toMatch(/^[0-9a-f-]{36}$/);
    });

    test("creates, reads and patches an object, and notes who wrote what", async () => {
      const created = await client.create(namespace, aProfile("a"), signal);
      expect(await client.get(key("a"), signal)).toEqual(created);
      const patched = await client.patch(
        key("a"),
        [
          { op: "test", path: "/metadata/resourceVersion", value: versionOf(created) },
          { op: "add", path: "/metadata/finalizers", value: ["iam.instanceprofile.dev/cleanup"] },
        ],
        signal,
      );
      expect(patched).toMatchObject({ metadata: { finalizers: ["iam.instanceprofile.dev/cleanup"] } });
      const ready = { type: "Ready", status: "True", reason: "InSync", message: "", observedGeneration: 1 };
      const conditions = [{ ...ready, lastTransitionTime: "2026-01-01T00:00:00Z" }];
      const withStatus = await client.patchStatus(
        key("a"),
        [{ op: "add", path: "/status", value: { observedGeneration: 1, conditions } }],
        signal,
      );
      expect(withStatus).toMatchObject({ status: { observedGeneration: 1 }, metadata: { generation: 1 } });
      const { managedFields } = withStatus["metadata"] as {
        managedFields: { manager: string; subresource?: string }[];
      };
      expect(managedFields.map((entry) => `${entry.manager} ${entry.subresource ?? ""}`).sort()).toEqual([
        "instance-profile-controller ",
        "instance-profile-controller-status status",
      ]);
    });

    test("gives undefined for what is not there, and an error for a kind that is not", async () => {
      expect(await client.get(key("nothing"), signal)).toBeUndefined();
      const unknown = { ...resource, plural: "nosuchthings" };
      const other = new KubeObjectClient({ exchange: transport.exchange, resource: unknown, fieldManager: "x" });
      await expect(other.get(key("nothing"), signal)).rejects.toMatchObject({ reason: "Http404" });
    });

    test("calls it a conflict when the object moved, is gone, or is there already", async () => {
      const created = await client.create(namespace, aProfile("moves"), signal);
      const guarded = [
        { op: "test", path: "/metadata/resourceVersion", value: versionOf(created) },
        { op: "add", path: "/metadata/annotations", value: { x: "1" } },
      ] as const;
      await client.patch(key("moves"), guarded, signal);
      const moved: unknown = await client.patch(key("moves"), guarded, signal).catch((error: unknown) => error);
      expect(moved).toMatchObject({ disposition: "conflict", reason: "PatchTestFailed" });
      await expect(client.patch(key("gone"), guarded, signal)).rejects.toBeInstanceOf(ConflictError);
      await expect(client.patchStatus(key("gone"), guarded, signal)).rejects.toBeInstanceOf(ConflictError);
      await expect(client.create(namespace, aProfile("moves"), signal)).rejects.toMatchObject({
        disposition: "conflict",
        reason: "AlreadyExists",
      });
    });

    test("refuses a resourceVersion of the past written by a patch as a conflict", async () => {
      const created = await client.create(namespace, aProfile("stale"), signal);
      await client.patch(key("stale"), [{ op: "add", path: "/metadata/annotations", value: { x: "1" } }], signal);
      const stale = [
        { op: "replace", path: "/metadata/resourceVersion", value: versionOf(created) },
        { op: "add", path: "/metadata/annotations", value: { x: "2" } },
      ] as const;
      await expect(client.patch(key("stale"), stale, signal)).rejects.toMatchObject({
        disposition: "conflict",
        reason: "Conflict",
      });
    });

    test("calls it terminal when the object would be invalid, guarded or not, with the field", async () => {
      const created = await client.create(namespace, aProfile("valid"), signal);
      const operations = [
        { op: "test", path: "/metadata/resourceVersion", value: versionOf(created) },
        { op: "add", path: "/spec/maxSessionDurationSeconds", value: 1 },
      ] as const;
      const error: unknown = await client.patch(key("valid"), operations, signal).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TerminalError);
      expect(statusOf(error)?.causes.map((cause) => cause.field)).toContain("spec.maxSessionDurationSeconds");
    });

    test("is told about a field that the CRD does not know", async () => {
      await client.create(namespace, aProfile("strict"), signal);
      const operations = [{ op: "add", path: "/status", value: { noSuchField: 1 } }] as const;
      const error: unknown = await client.patchStatus(key("strict"), operations, signal).catch((caught) => caught);
      expect(dispositionOf(error)).toBe("terminal");
      expect((error as Error).message).toContain("noSuchField");
    });

    test("lists in pages of one snapshot and says so when the snapshot is gone", async () => {
      for (const each of ["p1", "p2", "p3"]) {
        await client.create(namespace, aProfile(each, { labels: { of: "pages" } }), signal);
      }
      const pages = listWatch("of=pages");
      const first = await pages.list({ limit: 2, continueToken: undefined, signal });
      expect(first.items.map((item) => item.metadata.name)).toEqual(["p1", "p2"]);
      await client.create(namespace, aProfile("p0", { labels: { of: "pages" } }), signal);
      const second = await pages.list({ limit: 2, continueToken: first.continueToken, signal });
      expect(second.items.map((item) => item.metadata.name)).toEqual(["p3"]);
      expect(second.continueToken).toBeUndefined();
      expect(second.resourceVersion).toBe(first.resourceVersion);
      await server.compact();
      const late = await pages.list({ limit: 2, continueToken: first.continueToken, signal }).then(
        (page) => (page.items.length === second.items.length ? "served" : "incomplete"),
        (error: unknown) => pages.faultOf(error).kind,
      );
      expect(server.pageAfterCompact).toContain(late);
    });

    test("watches from where a list ended, and is told of what it selected only", async () => {
      const watched = listWatch("of=watch");
      await client.create(namespace, aProfile("w1", { labels: { of: "watch" } }), signal);
      const { resourceVersion } = await watched.list({ limit: 500, continueToken: undefined, signal });
      await client.create(namespace, aProfile("other"), signal);
      await client.create(namespace, aProfile("w2", { labels: { of: "watch" } }), signal);
      await client.patch(key("w1"), [{ op: "remove", path: "/metadata/labels" }], signal);
      const seen: string[] = [];
      const events: WatchEvent[] = [];
      for await (const event of watched.watch({ resourceVersion, timeoutSeconds: 10, signal })) {
        events.push(event);
        if (event.type !== "BOOKMARK") seen.push(`${event.type} ${event.object.metadata.name}`);
        if (seen.length === 2) break;
      }
      expect(seen).toEqual(["ADDED w2", "DELETED w1"]);
    });

    test("ends a watch by itself when its time is over", async () => {
      const { resourceVersion } = await listWatch().list({ limit: 500, continueToken: undefined, signal });
      const request = { resourceVersion, timeoutSeconds: 1, signal };
      for await (const event of listWatch().watch(request)) expect(event.type).toBe("BOOKMARK");
    });

    test("says that it no longer knows a state of long ago", async () => {
      await server.compact();
      const watched = listWatch();
      const read = async (): Promise<void> => {
        for await (const _ of watched.watch({ resourceVersion: "1", timeoutSeconds: 10, signal }));
      };
      const error: unknown = await read().catch((caught: unknown) => caught);
      expect(watched.faultOf(error)).toEqual({ kind: "expired" });
    });

    test("knows a kind that is not installed from one that has no objects", async () => {
      const unknown = { ...resource, plural: "nosuchthings" };
      const missing = new KubeListWatch({ exchange: transport.exchange, resource: unknown });
      const error: unknown = await missing
        .list({ limit: 500, continueToken: undefined, signal })
        .catch((caught: unknown) => caught);
      expect(missing.faultOf(error)).toEqual({ kind: "notFound" });
    });

    test("streams a list with what its selector chooses, or refuses to", async () => {
      await client.create(namespace, aProfile("s1", { labels: { of: "stream" } }), signal);
      await client.create(namespace, aProfile("s2", { labels: { of: "stream" } }), signal);
      await client.create(namespace, aProfile("s3"), signal);
      const watched = listWatch("of=stream");
      const streamed = await untilEnd(watched).catch((error: unknown) => watched.faultOf(error).kind);
      expect(server.streamsLists).toContain(Array.isArray(streamed) ? "streams" : streamed);
      if (!Array.isArray(streamed)) return;
      const resourceVersion = String(streamed.pop());
      expect(streamed.sort()).toEqual(["ADDED s1", "ADDED s2"]);
      await client.create(namespace, aProfile("s4", { labels: { of: "stream" } }), signal);
      for await (const event of watched.watch({ resourceVersion, timeoutSeconds: 10, signal })) {
        expect(event).toMatchObject({ type: "ADDED", object: { metadata: { name: "s4" } } });
        break;
      }
    });

    test("keeps a cache in step", async () => {
      const reflector = new Reflector({
        kind: "InstanceProfile",
        listWatch: listWatch("of=cache"),
        onChange: () => {},
        clock: systemClock,
        random: Math.random,
        logger: silentLogger,
      });
      await client.create(namespace, aProfile("c1", { labels: { of: "cache" } }), signal);
      reflector.start();
      await reflector.whenSynced(10_000);
      expect(reflector.cache.keys()).toEqual([`${namespace}/c1`]);
      await client.create(namespace, aProfile("c2", { labels: { of: "cache" } }), signal);
      await client.patch(key("c1"), [{ op: "remove", path: "/metadata/labels" }], signal);
      await vi.waitFor(() => expect(reflector.cache.keys()).toEqual([`${namespace}/c2`]), { timeout: 10_000 });
      expect(reflector.cache.get(`${namespace}/c2`)?.metadata).not.toHaveProperty("managedFields");
      await reflector.stop();
    });

    test("publishes events that the server accepts", async () => {
      const lines: string[] = [];
      const recorder = new EventRecorder({
        exchange: transport.exchange,
        clock: systemClock,
        logger: { ...silentLogger, warn: (message, fields) => lines.push(`${message} ${String(fields?.["err"])}`) },
        reporter: { controller: "iam.instanceprofile.dev/controller", instance: "controller-0" },
      });
      const regarding = { ...resource, namespace, name: "a", uid: randomUUID(), resourceVersion: "1" };
      const event: EventRecord = {
        type: "Warning",
        reason: "Blocked",
        action: "Plan",
        note: "ü".repeat(2_000),
        regarding: {
          apiVersion: "iam.instanceprofile.dev/v1beta1",
          kind: regarding.kind,
          namespace,
          name: "a",
          uid: regarding.uid,
          resourceVersion: "1",
        },
      };
      recorder.emit(event);
      recorder.emit({ ...event, note: "second" });
      await recorder.flush(AbortSignal.timeout(10_000));
      expect(lines).toEqual([]);
      const ours = await eventsAbout<{ readonly note: string }>("events.k8s.io/v1", regarding.uid);
      expect(ours.map((item) => item.note.slice(-6)).sort()).toEqual(["second", "üüüüü…"]);
    });

    test("makes one series of an event that comes again, in both versions of events", async () => {
      const lines: string[] = [];
      const recorder = new EventRecorder({
        exchange: transport.exchange,
        clock: systemClock,
        logger: { ...silentLogger, warn: (message, fields) => lines.push(`${message} ${String(fields?.["err"])}`) },
        reporter: { controller: "iam.instanceprofile.dev/controller", instance: "controller-0" },
      });
      const uid = randomUUID();
      const { kind } = resource;
      const apiVersion = "iam.instanceprofile.dev/v1beta1";
      const regarding = { apiVersion, kind, namespace, name: "again", uid, resourceVersion: "1" };
      for (const occurrences of [1, 1, 3]) {
        for (let i = 0; i < occurrences; i++) {
          recorder.emit({ type: "Normal", reason: "Updated", action: "Update", note: "again", regarding });
        }
        await recorder.flush(AbortSignal.timeout(10_000));
      }
      expect(lines).toEqual([]);
      const asNew = await eventsAbout<{ readonly series: object }>("events.k8s.io/v1", uid);
      expect(asNew.map(({ series }) => series)).toEqual([{ count: 5, lastObservedTime: expect.any(String) }]);
      const asOld = await eventsAbout<{ readonly series: object; readonly message: string }>("v1", uid);
      expect(asOld).toMatchObject([{ message: "again", series: { count: 5 } }]);
    });

    /** What the stream sent, then the version at its end. */
    async function untilEnd(watched: KubeListWatch): Promise<string[]> {
      const lines: string[] = [];
      for await (const event of watched.stream({ timeoutSeconds: 10, signal })) {
        if (event.type === "END") return [...lines, event.resourceVersion];
        lines.push(`${event.type} ${event.object.metadata.name}`);
      }
      throw new Error("The stream closed before its end");
    }

    async function eventsAbout<Shape>(version: "v1" | "events.k8s.io/v1", uid: string) {
      interface AnEvent {
        readonly metadata: { readonly name: string };
        readonly regarding?: { readonly uid: string };
        readonly involvedObject?: { readonly uid: string };
      }
      const root = version === "v1" ? "/api/v1" : `/apis/${version}`;
      const path = `${root}/namespaces/${namespace}/events`;
      const list = await transport.exchange({ method: "GET", path, lane: "api", signal });
      const { items } = (list.kind === "json" ? list.body : {}) as { readonly items: readonly (AnEvent & Shape)[] };
      return items.filter((item) => (item.regarding ?? item.involvedObject)?.uid === uid);
    }
  });
}
