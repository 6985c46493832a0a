import { expect, test } from "vitest";
import { compileCrd } from "../../../../../src/crd/compile-crd.ts";
import { customEndpoints } from "../../../../../src/sandbox/kube/custom-endpoints.ts";
import type { Endpoint } from "../../../../../src/sandbox/kube/endpoint.ts";
import { listQuery } from "../../../../../src/sandbox/kube/query/list-query.ts";
import { representation } from "../../../../../src/sandbox/kube/query/media-type.ts";
import { ObjectStore } from "../../../../../src/sandbox/kube/storage/object-store.ts";
import { WatchHub, type WatchSink } from "../../../../../src/sandbox/kube/storage/watch-hub.ts";
import { widgetDefinition } from "../../../../contract/kube/world.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";

const [endpoint] = customEndpoints(compileCrd(widgetDefinition)) as readonly [Endpoint];

class Recorder implements WatchSink {
  readonly events: { readonly type: string; readonly object: { readonly metadata: Record<string, unknown> } }[] = [];
  isEnded = false;
  backlog = 0;
  #close: () => void = () => {};

  write(line: string): void {
    this.events.push(JSON.parse(line));
  }

  end(): void {
    this.isEnded = true;
  }

  backlogBytes(): number {
    return this.backlog;
  }

  onClose(callback: () => void): void {
    this.#close = callback;
  }

  /** The client hangs up. */
  hangUp(): void {
    this.#close();
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }
}

function world(bookmarkIntervalMs = 60_000) {
  const clock = new FakeClock();
  const store = new ObjectStore(100);
  const hub = new WatchHub(store, clock, bookmarkIntervalMs);
  const put = (name: string) =>
    store.put(endpoint.storage, `ns/${name}`, { kind: "Widget", metadata: { name, namespace: "ns" } });
  const watch = (query: string): Recorder => {
    const sink = new Recorder();
    const parameters = new URLSearchParams(`watch=true&${query}`);
    const as = representation(undefined, parameters);
    hub.start({ endpoint, namespace: "", query: listQuery(endpoint, parameters), as }, sink);
    return sink;
  };
  return { clock, store, hub, put, watch };
}

test("sends a bookmark with the newest resourceVersion at each interval, if asked", async () => {
  const { clock, put, watch } = world();
  const [asked, unasked] = [watch("allowWatchBookmarks=true&timeoutSeconds=600"), watch("timeoutSeconds=600")];
  await clock.advance(59_999);
  expect(asked.events).toEqual([]);
  await clock.advance(1);
  put("a");
  await clock.advance(60_000);
  expect(asked.types()).toEqual(["BOOKMARK", "ADDED", "BOOKMARK"]);
  expect(asked.events[2]?.object.metadata).toEqual({ resourceVersion: "2" });
  expect(unasked.types()).toEqual(["ADDED"]);
});

test("sends a last bookmark and ends in order when the time is over", async () => {
  const { clock, hub, watch } = world();
  const sink = watch("allowWatchBookmarks=true&timeoutSeconds=30");
  await clock.advance(29_999);
  expect(sink.isEnded).toBe(false);
  await clock.advance(1);
  expect(sink.types()).toEqual(["BOOKMARK"]);
  expect(sink.isEnded).toBe(true);
  expect([hub.size, clock.timerCount]).toEqual([0, 0]);
});

test("ends a watch without a timeout within the hour", async () => {
  const { clock, watch } = world();
  const sinks = [watch(""), watch("timeoutSeconds=0")];
  await clock.advance(30 * 60_000);
  expect(sinks.map(({ isEnded }) => isEnded)).toEqual([false, false]);
  await clock.advance(30 * 60_000);
  expect(sinks.map(({ isEnded }) => isEnded)).toEqual([true, true]);
});

test("leaves nothing behind when the client hangs up", () => {
  const { clock, hub, put, watch } = world();
  const sink = watch("allowWatchBookmarks=true");
  expect(hub.size).toBe(1);
  sink.hangUp();
  put("a");
  expect(sink.events).toEqual([]);
  expect([hub.size, clock.timerCount]).toEqual([0, 0]);
});

test("cuts off a client that does not read", () => {
  const { hub, put, watch } = world();
  const sink = watch("");
  sink.backlog = 9 * 1024 * 1024;
  put("a");
  expect(sink.isEnded).toBe(true);
  expect(hub.size).toBe(0);
});

test("says 410 and ends when the resourceVersion is forgotten", () => {
  const { put, store, watch } = world();
  put("a");
  put("b");
  store.compact();
  const sink = watch("resourceVersion=2");
  expect(sink.events).toMatchObject([
    { type: "ERROR", object: { code: 410, reason: "Expired", message: "too old resource version: 2 (3)" } },
  ]);
  expect(sink.isEnded).toBe(true);
  expect(watch("resourceVersion=3").isEnded).toBe(false);
});

test("ends the watches of a collection that is no more", () => {
  const { hub, watch } = world();
  const sink = watch("");
  hub.endStorage("example.dev/others");
  expect(sink.isEnded).toBe(false);
  hub.endStorage(endpoint.storage);
  expect(sink.isEnded).toBe(true);
});
