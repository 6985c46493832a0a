import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { KubeListWatch } from "../../../src/kube/list-watch.ts";
import { Transport } from "../../../src/kube/transport.ts";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { KeyedBackoff } from "../../../src/runtime/queue/backoff.ts";
import { WorkQueue } from "../../../src/runtime/queue/work-queue.ts";
import { Workers } from "../../../src/runtime/queue/workers.ts";
import { keyOf } from "../../../src/runtime/watch/list-watch.ts";
import { Reflector } from "../../../src/runtime/watch/reflector.ts";
import type { ReflectorTimings } from "../../../src/runtime/watch/reflector-options.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { errorEvent, replyStatus, ScriptedApiServer } from "../../support/scripted-api-server.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";

const instanceProfiles = {
  group: "iam.instanceprofile.dev",
  version: "v1beta1",
  plural: "instanceprofiles",
  kind: "InstanceProfile",
};

/** Everything happens a hundred times faster than in a cluster. */
const quick: ReflectorTimings = {
  minWatchSeconds: 300,
  maxSilenceMs: 180_000,
  watchGraceMs: 1_000,
  relistAfterMs: 1_800_000,
  shortWatchMs: 2,
  reconnect: { baseMs: 2, capMs: 20, resetAfterMs: 1_000 },
};

let server: ScriptedApiServer;
let proxy: TcpProxy;
let dir: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  server = await ScriptedApiServer.start();
  proxy = await TcpProxy.to(server.port);
  dir = await mkdtemp(join(tmpdir(), "reflector-"));
});

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
  await proxy.close();
  await server.close();
  await rm(dir, { recursive: true });
});

interface ControllerOptions {
  readonly user?: object;
  readonly requestTimeoutMs?: number;
  /** The reflector's own time, for what takes minutes. */
  readonly clock?: Clock;
}

/**
 * Reflector, queue and workers as the controller joins them. `seen` is what a reconcile found in the cache: a name with its
 * size, or a name that is gone.
 */
async function controller(options: ControllerOptions = {}) {
  const { user = {}, requestTimeoutMs = 5_000 } = options;
  const path = join(dir, "kubeconfig");
  await writeFile(path, kubeconfig(proxy.url, user));
  const clock = systemClock;
  const cluster = loadKubeConfig({ path, env: {}, clock });
  const transport = new Transport({ cluster, clock, version: "0.0.0-test", requestTimeoutMs });
  const queue = new WorkQueue({ clock, backoff: new KeyedBackoff(Math.random) });
  const ends: string[] = [];
  const faults: string[] = [];
  const events: string[] = [];
  const reflector = new Reflector({
    kind: "InstanceProfile",
    listWatch: new KubeListWatch({ exchange: transport.exchange, resource: instanceProfiles }),
    onChange: (change) => queue.add(keyOf(change.type === "deleted" ? change.old : change.new)),
    clock: options.clock ?? clock,
    random: Math.random,
    logger: silentLogger,
    timings: quick,
    observer: {
      watchEnded: (end) => ends.push(end),
      faulted: (kind) => faults.push(kind),
      eventReceived: (type) => events.push(type),
    },
  });
  const seen: string[] = [];
  const workers = new Workers({
    queue,
    reconcile: async (key) => {
      const object = reflector.cache.get(key);
      seen.push(object === undefined ? `${key} is gone` : `${key} has ${JSON.stringify(object["spec"] ?? null)}`);
      return { kind: "done" };
    },
    clock,
    logger: silentLogger,
    newReconcileId: randomUUID,
    concurrency: 2,
  });
  reflector.start();
  workers.start();
  cleanUp.push(async () => {
    await reflector.stop();
    await workers.stop(1_000);
    await transport.close();
  });
  return { reflector, seen, ends, faults, events };
}

function kubeconfig(url: string, user: object): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: url } }],
    users: [{ name: "test", user }],
  });
}

/** Until the claim holds: events cross real sockets here. */
function eventually(claim: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(claim, { timeout: 10_000, interval: 2 });
}

/** A controller that has seen `a` and watches. */
async function watching(options: ControllerOptions = {}) {
  server.objects.put("a");
  const all = await controller(options);
  await eventually(() => expect(server.objects.openWatches).toHaveLength(1));
  await eventually(() => expect(all.seen).toEqual(["default/a has null"]));
  all.seen.length = 0;
  return all;
}

test("brings what was there and what changes to the workers", async () => {
  const { seen } = await watching();
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/a has 1"]));
  server.objects.put("b");
  server.objects.remove("a");
  await eventually(() => expect(seen.slice(1).sort()).toEqual(["default/a is gone", "default/b has null"]));
  expect(server.watches[0]?.query.get("allowWatchBookmarks")).toBe("true");
  expect(server.lists[0]?.query.get("resourceVersion")).toBeNull();
  expect(server.lists[0]?.headers["user-agent"]).toBe("instance-profile-controller/0.0.0-test");
});

test.each([400, 404, 405, 422])(
  "lists in pages where the server refuses to stream with %i, and asks no second time",
  async (code) => {
    server.onStream = (response) => replyStatus(response, code, "Refused", "no streams here");
    const { seen } = await watching();
    for (const stream of server.streams) stream.end(errorEvent(410, "Expired", "too old resource version: 1 (2)"));
    server.objects.remove("a");
    await eventually(() => expect(seen).toEqual(["default/a is gone"]));
    expect(Object.fromEntries(server.refusedStreams[0]?.query ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "60",
    });
    expect([server.refusedStreams.length, server.lists.length]).toEqual([1, 2]);
  },
);

test("a fault in the middle of a watch: an error event of a server in trouble", async () => {
  const { seen } = await watching();
  for (const stream of server.streams) stream.end(errorEvent(500, "InternalError", "etcdserver: leader changed"));
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/a has 1"]));
  expect(server.lists).toHaveLength(2);
});

test("410 as an event of the watch", async () => {
  const { seen, faults } = await watching();
  for (const stream of server.streams) stream.end(errorEvent(410, "Expired", "too old resource version: 1 (2)"));
  server.objects.remove("a");
  await eventually(() => expect(seen).toEqual(["default/a is gone"]));
  expect(faults).toEqual(["expired"]);
});

test("410 as the answer to the watch", async () => {
  const { seen, faults } = await watching();
  server.onWatch.push((response) => replyStatus(response, 410, "Gone", "too old resource version"));
  for (const stream of server.streams) stream.destroy();
  server.objects.remove("a");
  await eventually(() => expect(seen).toEqual(["default/a is gone"]));
  expect(faults).toEqual(["unavailable", "expired"]);
});

test("503 on the list, several times", async () => {
  server.objects.put("a");
  for (let i = 0; i < 4; i++) {
    server.onList.push((response) => replyStatus(response, 503, "ServiceUnavailable", "apiserver not ready"));
  }
  const { seen } = await controller();
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
  expect(server.lists).toHaveLength(5);
});

test("503 and 429 on the watch", async () => {
  const { seen } = await watching();
  server.onWatch.push(
    (response) => replyStatus(response, 503, "ServiceUnavailable", "apiserver not ready"),
    (response) => replyStatus(response, 429, "TooManyRequests", "slow down", { headers: { "retry-after": "0" } }),
  );
  for (const stream of server.streams) stream.destroy();
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/a has 1"]));
  expect(server.lists).toHaveLength(1);
});

test("403 on the list until somebody grants the role", async () => {
  server.objects.put("a");
  for (let i = 0; i < 3; i++) {
    server.onList.push((response) => replyStatus(response, 403, "Forbidden", "instanceprofiles is forbidden"));
  }
  const { seen, faults } = await controller();
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
  expect(faults).toEqual(["forbidden", "forbidden", "forbidden"]);
});

test("404 on the list until the CRD is installed", async () => {
  server.onList.push(
    (response) => response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n"),
    (response) => replyStatus(response, 404, "NotFound", "the server could not find the requested resource"),
  );
  server.objects.put("a");
  const { seen, faults } = await controller();
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
  expect(faults).toEqual(["notFound", "notFound"]);
});

test("a proxy that answers the list in HTML", async () => {
  server.onList.push((response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
  );
  server.objects.put("a");
  const { seen, faults } = await controller();
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
  expect(faults).toEqual(["malformed"]);
});

test("a connection that is dropped in the middle of a watch", async () => {
  const { seen, faults } = await watching();
  // Something heard proves that the answer has begun: a request that is cut before is simply sent again.
  server.objects.put("before", { spec: 0 });
  await eventually(() => expect(seen).toEqual(["default/before has 0"]));
  proxy.reset();
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/before has 0", "default/a has 1"]));
  expect(faults).toEqual(["unavailable"]);
  expect(server.lists).toHaveLength(1);
});

test("a connection that is dropped in the middle of a line", async () => {
  const { seen, faults } = await watching();
  for (const stream of server.streams) {
    stream.write('{"type":"MODIFIED","object":{"metadata":{"name":"a"');
    stream.end();
  }
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/a has 1"]));
  expect(faults).toEqual(["unavailable"]);
  expect(server.lists).toHaveLength(1);
});

test("an API server that is away for a while", async () => {
  const { seen } = await watching();
  const { port } = server;
  await server.close();
  proxy.reset();
  await eventually(() => expect(proxy.accepted).toBeGreaterThan(4));
  const objects = server.objects;
  server = await ScriptedApiServer.start(port, objects);
  objects.put("a", { spec: 1 });
  await eventually(() => expect(seen).toEqual(["default/a has 1"]));
});

test("a connection that is dead without knowing it: a watch that has gone silent", async () => {
  const clock = new FakeClock();
  const { seen, ends } = await watching({ clock, requestTimeoutMs: 300 });
  proxy.blackHole();
  server.objects.put("a", { spec: 1 });
  await clock.advance(180_000);
  await eventually(async () => {
    await clock.advance(100);
    expect(seen).toEqual(["default/a has 1"]);
  });
  expect(ends[0]).toBe("silent");
});

test("a connection that is dead without knowing it: a list that is never answered", async () => {
  server.objects.put("a");
  server.onList.push(() => {});
  const { seen, faults } = await controller({ requestTimeoutMs: 300 });
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
  // A slow machine may need a further try; what matters is that each was cut, and that the last came through.
  expect([...new Set(faults)]).toEqual(["unavailable"]);
});

test("a quiet watch that bookmarks keep alive", async () => {
  const clock = new FakeClock();
  const { ends, events } = await watching({ clock });
  for (let minute = 1; minute <= 5; minute++) {
    await clock.advance(59_000);
    server.objects.bookmark();
    await eventually(() => expect(events).toHaveLength(minute));
  }
  expect(ends).toEqual([]);
  expect(server.watches).toHaveLength(1);
});

test("a watch that resumes from a bookmark", async () => {
  await watching();
  server.objects.put("a", { spec: 1 });
  server.objects.bookmark();
  await eventually(() => expect(server.objects.version).toBe("3"));
  for (const stream of server.streams)
    stream.end('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"77"}}}\n');
  await eventually(() => expect(server.watches.length).toBeGreaterThanOrEqual(2));
  expect(server.watches[1]?.query.get("resourceVersion")).toBe("77");
});

/** Well-formed but for one byte in the name, which a lenient decoder would turn into the name of another object. */
const damaged =
  '{"type":"ADDED","object":{"metadata":{"namespace":"default","name":"\xff","uid":"u","resourceVersion":"9"}}}\n';

for (const [what, line] of [
  ["no JSON", "{oops\n"],
  ["no object", "42\n"],
  ["an unknown type", '{"type":"SURPRISE","object":{}}\n'],
  ["an object without a name", '{"type":"ADDED","object":{"metadata":{}}}\n'],
  ["of bytes that are no UTF-8", Buffer.from(damaged, "latin1")],
] as const) {
  test(`a line of the watch that is ${what}`, async () => {
    const { seen, faults } = await watching();
    for (const stream of server.streams) stream.write(line);
    await eventually(() => expect(faults).toEqual(["malformed"]));
    server.objects.put("a", { spec: 1 });
    await eventually(() => expect(seen).toEqual(["default/a has 1"]));
    expect(server.lists).toHaveLength(2);
  });
}

test("a line that never ends", async () => {
  const { faults } = await watching();
  const megabyte = Buffer.alloc(1024 * 1024, "x");
  for (const stream of server.streams) for (let i = 0; i < 9; i++) stream.write(megabyte);
  await eventually(() => expect(faults).toEqual(["malformed"]));
  await eventually(() => expect(server.lists).toHaveLength(2));
});

test("a line with U+2028 and U+2029 in it", async () => {
  const { seen, faults } = await watching();
  server.objects.put("a", { spec: "one\u2028two\u2029three" });
  await eventually(() => expect(seen).toEqual([`default/a has ${JSON.stringify("one\u2028two\u2029three")}`]));
  expect(faults).toEqual([]);
});

test("a line that arrives in small pieces, split within a character", async () => {
  const { seen } = await watching();
  const object = { ...server.objects.put("b", { spec: "grüße" }) };
  await eventually(() => expect(seen).toHaveLength(1));
  const metadata = { ...object.metadata, resourceVersion: "99" };
  const bytes = Buffer.from(`${JSON.stringify({ type: "MODIFIED", object: { ...object, metadata, spec: "köln" } })}\n`);
  for (const stream of server.streams) for (const byte of bytes) stream.write(Buffer.from([byte]));
  await eventually(() => expect(seen[1]).toBe('default/b has "köln"'));
});

test("a paged list with deletes in between", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) server.objects.put(name);
  server.objects.pageLimit = 2;
  server.objects.beforePage = () => {
    if (server.objects.lists.length === 2) server.objects.remove("e");
  };
  const { reflector } = await controller();
  await eventually(() => expect(reflector.cache.keys()).toEqual(["default/a", "default/b", "default/c", "default/d"]));
  expect(server.lists.map((list) => list.query.get("continue") !== null)).toEqual([false, true, true]);
});

test("410 between two pages of a list", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) server.objects.put(name);
  server.objects.pageLimit = 2;
  server.objects.beforePage = () => {
    if (server.objects.lists.length === 2) server.objects.compact();
  };
  const { reflector, faults } = await controller();
  await eventually(() => expect(reflector.cache.size).toBe(5));
  expect(server.lists.map((list) => list.query.get("limit"))).toEqual(["500", "500", null]);
  expect(faults).toEqual([]);
});

test("an unreadable token file, until it can be read", async () => {
  server.objects.put("a");
  server.requiredToken = "secret";
  const tokenFile = join(dir, "token");
  const { seen, faults } = await controller({ user: { tokenFile } });
  await eventually(() => expect(faults.length).toBeGreaterThan(2));
  expect(new Set(faults)).toEqual(new Set(["unavailable"]));
  expect(server.seen).toEqual([]);
  await writeFile(tokenFile, "secret\n");
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
});

test("a token that the server no longer accepts, until the file has a new one", async () => {
  server.objects.put("a");
  server.requiredToken = "first";
  const tokenFile = join(dir, "token");
  await writeFile(tokenFile, "first\n");
  const { seen } = await controller({ user: { tokenFile } });
  await eventually(() => expect(seen).toHaveLength(1));
  server.requiredToken = "second";
  await writeFile(tokenFile, "second\n");
  await chmod(tokenFile, 0o400);
  proxy.reset();
  server.objects.put("a", { spec: 1 });
  await eventually(() => expect(seen.at(-1)).toBe("default/a has 1"));
  expect(server.lists).toHaveLength(1);
});

test("an exec plugin that fails, until it does not", async () => {
  server.objects.put("a");
  server.requiredToken = "from-plugin";
  const path = join(dir, "credential.json");
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "cat", args: [path] };
  const { seen, faults } = await controller({ user: { exec } });
  await eventually(() => expect(faults.length).toBeGreaterThan(1));
  await writeFile(path, JSON.stringify({ kind: "ExecCredential", status: { token: "from-plugin" } }));
  await eventually(() => expect(seen).toEqual(["default/a has null"]));
});

test("a stop during the list opens no watch afterwards", async () => {
  server.objects.put("a");
  const held = Promise.withResolvers<void>();
  server.objects.beforePage = () => held.promise;
  const { reflector, seen } = await controller();
  await eventually(() => expect(server.lists).toHaveLength(1));
  const stopped = reflector.stop();
  held.resolve();
  await stopped;
  // Whatever was sent before this request has arrived before its answer.
  await fetch(server.url);
  expect(server.watches).toEqual([]);
  expect(seen).toEqual([]);
});

test("a stop during a watch closes its connection", async () => {
  const { reflector } = await watching();
  await reflector.stop();
  await eventually(() => expect(server.streams.size).toBe(0));
});
