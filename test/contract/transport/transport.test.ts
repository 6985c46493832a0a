import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RetryableError } from "../../../src/errors.ts";
import type { CredentialSource } from "../../../src/kube/credentials.ts";
import type { KubeRequest, KubeResponse } from "../../../src/kube/exchange.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { Transport, type TransportOptions } from "../../../src/kube/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { reply, replyStatus, ScriptedApiServer } from "../../support/scripted-api-server.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";

let server: ScriptedApiServer;
let proxy: TcpProxy;
let dir: string;
const transports: Transport[] = [];

beforeEach(async () => {
  server = await ScriptedApiServer.start();
  server.onOther = (response, seen) => reply(response, 200, { path: seen.path });
  proxy = await TcpProxy.to(server.port);
  dir = await mkdtemp(join(tmpdir(), "transport-"));
});

afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close();
  await proxy.close();
  await server.close();
  await rm(dir, { recursive: true });
});

const anonymous: CredentialSource = {
  current: async () => ({ headers: {}, tls: {} }),
  invalidate: () => true,
};

function aTransport(
  options: Partial<TransportOptions> & {
    readonly credentials?: CredentialSource;
    readonly url?: string;
    readonly proxyUrl?: string;
  } = {},
): Transport {
  const cluster = {
    server: options.url ?? proxy.url,
    credentials: options.credentials ?? anonymous,
    namespace: "default",
    source: "test",
    ...(options.proxyUrl !== undefined && { proxyUrl: options.proxyUrl }),
  };
  const transport = new Transport({ cluster, clock: systemClock, version: "1.2.3", ...options });
  transports.push(transport);
  return transport;
}

function aRequest(more: Partial<KubeRequest> = {}): KubeRequest {
  return { method: "GET", path: "/x", lane: "api", signal: new AbortController().signal, ...more };
}

/** What a caller sees of an exchange: its status code, or the reason of its failure. */
async function outcomeOf(exchange: Promise<KubeResponse>): Promise<number | string> {
  try {
    return (await exchange).statusCode;
  } catch (error) {
    if (error instanceof RetryableError) return error.reason;
    throw error;
  }
}

test("says who it is and what it wants, and gives the answer whatever its code", async () => {
  server.onOther = (response) => replyStatus(response, 418, "Teapot", "no", { headers: { "retry-after": "3" } });
  const answer = await aTransport().exchange(aRequest({ method: "POST", query: { a: "1 2" }, body: { b: "ü" } }));
  expect(answer).toMatchObject({ kind: "json", statusCode: 418, retryAfterMs: 3_000, body: { reason: "Teapot" } });
  expect(server.seen[0]).toMatchObject({ method: "POST", path: "/x", body: '{"b":"ü"}' });
  expect(server.seen[0]?.query.get("a")).toBe("1 2");
  expect(server.seen[0]?.headers).toMatchObject({
    "user-agent": "instance-profile-controller/1.2.3",
    "content-type": "application/json",
    accept: "application/json",
  });
});

test("keeps the path that a server behind a gateway has of its own", async () => {
  await aTransport({ url: `${proxy.url}/k8s/clusters/c-1/` }).exchange(aRequest());
  expect(server.seen[0]?.path).toBe("/k8s/clusters/c-1/x");
});

test("uses its connections again: fifty requests, two connections at most", async () => {
  const transport = aTransport();
  for (let i = 0; i < 50; i++) await transport.exchange(aRequest());
  // undici may see the second request before it has put the first one's connection back.
  expect(proxy.accepted).toBeLessThanOrEqual(2);
});

test("opens no more than sixteen connections for many requests at once", async () => {
  const transport = aTransport();
  await Promise.all(Array.from({ length: 100 }, () => transport.exchange(aRequest())));
  expect(server.seen).toHaveLength(100);
  expect(proxy.accepted).toBeLessThanOrEqual(16);
});

test("does not let watches hold up requests", async () => {
  const transport = aTransport();
  const abort = new AbortController();
  server.onOther = (response, seen) => {
    if (seen.path === "/watch") response.writeHead(200).flushHeaders();
    else reply(response, 200, {});
  };
  const watches = Array.from({ length: 20 }, () =>
    transport.exchange(aRequest({ path: "/watch", lane: "watch", signal: abort.signal })),
  );
  expect((await Promise.all(watches)).every((watch) => watch.kind === "stream")).toBe(true);
  expect((await transport.exchange(aRequest())).statusCode).toBe(200);
  abort.abort();
});

test("gives up a connection that is dead without knowing it, and all of its kind", async () => {
  const transport = aTransport({ requestTimeoutMs: 100 });
  // Six idle connections, all of them about to die.
  await Promise.all(Array.from({ length: 6 }, () => transport.exchange(aRequest())));
  const before = proxy.accepted;
  expect(before).toBeGreaterThan(1);
  proxy.blackHole();
  const outcomes: (number | string)[] = [];
  for (let i = 0; i < 6; i++) outcomes.push(await outcomeOf(transport.exchange(aRequest())));
  expect(outcomes).toEqual(["Timeout", 200, 200, 200, 200, 200]);
  expect(proxy.accepted).toBeLessThanOrEqual(before + 2);
});

test("gives up when the headers do not come, and when the body does not end", async () => {
  const transport = aTransport({ requestTimeoutMs: 50 });
  server.onOther = (response, seen) => {
    if (seen.path === "/half") response.writeHead(200).write('{"a":');
  };
  expect(await outcomeOf(transport.exchange(aRequest({ path: "/never" })))).toBe("Timeout");
  expect(await outcomeOf(transport.exchange(aRequest({ path: "/half" })))).toBe("Timeout");
  expect(await outcomeOf(transport.exchange(aRequest({ path: "/never", lane: "watch" })))).toBe("Timeout");
});

test("leaves a watch alone that has begun, however long it lasts", async () => {
  const clock = new FakeClock();
  const transport = aTransport({ clock });
  const ends = Promise.withResolvers<ServerResponse>();
  server.onOther = (response) => {
    response.writeHead(200).flushHeaders();
    ends.resolve(response);
  };
  const answer = await transport.exchange(aRequest({ lane: "watch" }));
  await clock.advance(600_000);
  (await ends.promise).end("late\n");
  const received: string[] = [];
  if (answer.kind === "stream") for await (const chunk of answer.chunks) received.push(Buffer.from(chunk).toString());
  expect(received).toEqual(["late\n"]);
  expect(clock.timerCount).toBe(0);
});

test("gives up when nobody answers the connection", async () => {
  const transport = aTransport();
  await proxy.close();
  const unanswered = await outcomeOf(transport.exchange(aRequest()));
  proxy = await TcpProxy.to(server.port);
  expect(unanswered).toBe("Unreachable");
});

test("asks once more when a kept connection was closed under a read, never under a write", async () => {
  const transport = aTransport();
  await transport.exchange(aRequest());
  server.onOther = (response, seen) => {
    if (seen.query.get("nth") === "1") response.destroy();
    else reply(response, 200, {});
  };
  let nth = 0;
  const counted = (more: Partial<KubeRequest>): KubeRequest => ({
    ...aRequest(more),
    get query() {
      nth += 1;
      return { nth: String(nth) };
    },
  });
  expect(await outcomeOf(transport.exchange(counted({})))).toBe(200);
  nth = 0;
  expect(await outcomeOf(transport.exchange(counted({ method: "PATCH", body: [] })))).toBe("Unreachable");
  expect(server.seen.filter((seen) => seen.method === "PATCH")).toHaveLength(1);
});

test("ends at once when its caller no longer wants the answer, with the caller's reason", async () => {
  const transport = aTransport();
  server.onOther = () => {};
  const abort = new AbortController();
  const answer = transport.exchange(aRequest({ signal: abort.signal }));
  const aborted = expect(answer).rejects.toThrow("not wanted");
  await vi.waitFor(() => expect(server.seen).toHaveLength(1));
  abort.abort(new Error("not wanted"));
  await aborted;
  await expect(transport.exchange(aRequest({ signal: abort.signal }))).rejects.toThrow("not wanted");
  expect(server.seen).toHaveLength(1);
});

test("reads the credentials anew when they are refused, once", async () => {
  server.requiredToken = "new";
  let token = "old";
  let refusals = 0;
  const transport = aTransport({
    credentials: {
      current: async () => ({ headers: { Authorization: `Bearer ${token}` }, tls: {} }),
      invalidate: () => {
        refusals += 1;
        token = refusals === 1 ? "new" : "wrong";
        return true;
      },
    },
  });
  expect((await transport.exchange(aRequest({ method: "PATCH", body: [] }))).statusCode).toBe(200);
  server.requiredToken = "yet another";
  expect((await transport.exchange(aRequest())).statusCode).toBe(401);
  expect(server.seen).toHaveLength(4);
});

test("fails the one request whose credentials cannot be read, and keeps secrets to itself", async () => {
  let current: CredentialSource["current"] = () => Promise.reject(new Error("ENOENT: no such file, open '/token'"));
  const transport = aTransport({ credentials: { current: () => current(), invalidate: () => true } });
  await expect(transport.exchange(aRequest())).rejects.toMatchObject({
    disposition: "retryable",
    reason: "CredentialsUnavailable",
    message: "Cannot read the credentials for the API server: ENOENT: no such file, open '/token'",
  });
  current = async () => JSON.parse('{"token":"se-cret');
  const error: unknown = await transport.exchange(aRequest()).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ reason: "CredentialsUnavailable" });
  expect(`${error} ${(error as Error).cause}`).not.toContain("se-cret");
  current = () => new Promise(() => {});
  const hanging = aTransport({
    credentials: { current: () => current(), invalidate: () => true },
    requestTimeoutMs: 20,
  });
  await expect(hanging.exchange(aRequest())).rejects.toMatchObject({ reason: "CredentialsUnavailable" });
  current = async () => ({ headers: {}, tls: {} });
  expect((await transport.exchange(aRequest())).statusCode).toBe(200);
});

test("lets a harness count requests, drop them and lose their answers", async () => {
  const passed: string[] = [];
  const transport = aTransport({
    intercept: (next) => async (request) => {
      passed.push(`${request.method} ${request.path}`);
      if (request.path === "/dropped") throw new RetryableError("dropped", { reason: "Dropped" });
      const answer = await next(request);
      if (request.path === "/lost") throw new RetryableError("lost", { reason: "Lost" });
      return answer;
    },
  });
  const outcomes: (number | string)[] = [];
  for (const path of ["/dropped", "/lost", "/fine"])
    outcomes.push(await outcomeOf(transport.exchange(aRequest({ path }))));
  expect(outcomes).toEqual(["Dropped", "Lost", 200]);
  expect(passed).toEqual(["GET /dropped", "GET /lost", "GET /fine"]);
  expect(server.seen.map((seen) => seen.path)).toEqual(["/lost", "/fine"]);
});

test("sends a write that was refused for want of capacity again when the server says", async () => {
  server.onOther = (response) => {
    if (server.seen.length > 1) return reply(response, 200, {});
    replyStatus(response, 429, "TooManyRequests", "too many requests", { headers: { "retry-after": "7" } });
  };
  const clock = new FakeClock();
  const resent: string[] = [];
  const onResend: TransportOptions["onResend"] = ({ method }, code) => resent.push(`${method} ${code}`);
  const answer = aTransport({ clock, onResend }).exchange(aRequest({ method: "PATCH", body: {} }));
  // The limit of the first exchange is over with its answer; what waits is the pause.
  await vi.waitFor(() => expect([server.seen.length, clock.timerCount]).toEqual([1, 1]));
  await vi.waitFor(async () => {
    await clock.advance(7_000);
    expect(server.seen.length).toBe(2);
  });
  expect([(await answer).statusCode, resent]).toEqual([200, ["PATCH 429"]]);
});

test("gives the text of an answer that is no JSON", async () => {
  server.onOther = (response) => response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
  expect(await aTransport().exchange(aRequest())).toMatchObject({ statusCode: 404, body: "404 page not found\n" });
});

test("goes through the proxy that the kubeconfig names", async () => {
  const seenByProxy: string[] = [];
  const tunnels = new Set<Socket>();
  const forward = createServer((request, response) => {
    seenByProxy.push(`${request.method} ${request.url}`);
    const target = new URL(request.url ?? "");
    void fetch(target).then(async (answer) => response.end(await answer.text()));
  });
  forward.on("connect", (request, client: Socket) => {
    seenByProxy.push(`CONNECT ${request.url}`);
    const upstream = connectTcp(server.port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) tunnels.add(socket.on("error", () => {}));
  });
  forward.listen(0, "127.0.0.1");
  await once(forward, "listening");
  const proxyUrl = `http://127.0.0.1:${(forward.address() as AddressInfo).port}`;
  const path = join(dir, "kubeconfig");
  await writeFile(
    path,
    JSON.stringify({
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a" } }],
      clusters: [{ name: "a", cluster: { server: server.url, "proxy-url": proxyUrl } }],
    }),
  );
  const cluster = loadKubeConfig({ path, env: {}, clock: systemClock });
  const transport = new Transport({ cluster, clock: systemClock, version: "1.2.3" });
  expect((await transport.exchange(aRequest())).statusCode).toBe(200);
  expect(seenByProxy).toHaveLength(1);
  await transport.close();
  for (const socket of tunnels) socket.destroy();
  forward.close();
});
