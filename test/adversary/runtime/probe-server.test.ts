import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openListeners } from "../../../src/cli/controller/listeners.ts";
import type { ProbeServer } from "../../../src/runtime/probe-server.ts";

let server: ProbeServer;
let scrapes: (() => void)[];
let open: Socket[];

beforeEach(async () => {
  [scrapes, open] = [[], []];
  const metrics = (): Promise<string> => new Promise((resolve) => scrapes.push(() => resolve("metric 1\n")));
  const content = { healthz: { ping: () => undefined }, readyz: {}, metrics: { contentType: "text/plain", metrics } };
  const [first] = await openListeners({ probes: "127.0.0.1:0", metrics: "127.0.0.1:0" }, content);
  if (first === undefined) throw new Error("no listener was opened");
  server = first;
});
afterEach(async () => {
  for (const socket of open) socket.destroy();
  await server.close();
});

/** A connection that has sent this much, and no end of a request unless it is in the text. */
async function connected(text: string): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  open.push(socket);
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(text);
  return socket;
}

/** All that comes back until the server ends the connection. */
async function answerTo(text: string): Promise<string> {
  const socket = await connected(text);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

const get = (target: string, headers = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n`;

test.each([
  ["//", 404],
  ["///healthz", 404],
  ["http://evil.example/healthz", 404],
  ["http://[::1", 404],
  ["/healthz/../../../etc/passwd", 404],
  ["/%2e%2e/%2e%2e/etc/passwd", 404],
  ["/__proto__", 404],
  ["/constructor", 404],
  ["/%zz", 404],
  ["*", 404],
  ["/healthz?%zz=%", 200],
  [`/healthz?${"exclude=a&".repeat(500)}`, 200],
])("the target %s is answered, and the next probe too", async (target, status) => {
  expect(await answerTo(get(target))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])("%s is refused", async (method) => {
  const text = `${method} /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  expect(await answerTo(text)).toMatch(/^HTTP\/1.1 405 /);
});

test.each<[string, string, RegExp]>([
  ["headers without end", get("/healthz", `X: ${"x".repeat(20_000)}\r\n`), /^HTTP\/1.1 431 /],
  ["a target without end", get(`/${"x".repeat(20_000)}`), /^HTTP\/1.1 431 /],
  ["bytes that are no request", "\u0000\u0001\u0002\r\n\r\n", /^HTTP\/1.1 400 /],
  ["two lengths", get("/healthz", "Content-Length: 1\r\nContent-Length: 2\r\n"), /^HTTP\/1.1 400 /],
  ["a request to switch protocols", get("/healthz", "Upgrade: websocket\r\n"), /^HTTP\/1.1 200 /],
])("%s: the connection is answered and closed", async (_, text, answer) => {
  expect(await answerTo(text)).toMatch(answer);
});

test("clients that hold connections open keep no probe out", async () => {
  const held = await Promise.all(Array.from({ length: 150 }, () => connected("GET /healthz HTTP/1.1\r\nX: ")));
  expect(held).toHaveLength(150);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  const [oldest] = held;
  if (oldest?.closed === false) await new Promise((resolve) => oldest.once("close", resolve));
});

test("metrics that many ask for at once are made once", async () => {
  const replies = Array.from({ length: 20 }, () => fetch(`${server.url}/metrics`));
  while (scrapes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  // A request that came after all of the others has been answered, so they have come.
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(scrapes).toHaveLength(1);
  for (const finish of scrapes) finish();
  const answered = Promise.all(replies).then((all) => all.map(({ status }) => status));
  const late = setInterval(() => scrapes.splice(0).forEach((finish) => void finish()), 5);
  expect(new Set(await answered)).toEqual(new Set([200]));
  clearInterval(late);
});
