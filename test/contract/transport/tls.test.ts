import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { Transport } from "../../../src/kube/transport.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What the server saw of a connection: its protocol, and who the client's certificate says it is. */
interface Seen {
  readonly httpVersion: string;
  readonly client: string | undefined;
}

let first: Certificate;
let second: Certificate;
let client: Certificate;
let server: Http2SecureServer | undefined;
let transport: Transport | undefined;
let dir: string;
let connections: number;
const seen: Seen[] = [];
const sockets = new Set<TLSSocket>();

async function aCertificate(name: string): Promise<Certificate> {
  const made = await generate([{ name: "commonName", value: name }], {
    keySize: 2048,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  return { cert: made.cert, key: made.private };
}

beforeAll(async () => {
  [first, second, client] = await Promise.all([aCertificate("first"), aCertificate("second"), aCertificate("client")]);
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "tls-"));
  seen.length = 0;
});

afterEach(async () => {
  await transport?.close();
  await stop();
  await rm(dir, { recursive: true });
});

/** Speaks HTTP/2 to whoever asks for it, as a Go server does. */
async function start(certificate: Certificate, port = 0): Promise<number> {
  connections = 0;
  server = createSecureServer({
    ...certificate,
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("secureConnection", (socket) => {
    connections += 1;
    sockets.add(socket);
  });
  server.on("request", (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    seen.push({ httpVersion: request.httpVersion, client: subject?.CN as string | undefined });
    response.writeHead(200, { "content-type": "application/json" });
    response.end("{}");
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function stop(): Promise<void> {
  const closing = server;
  server = undefined;
  if (closing === undefined) return;
  closing.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await once(closing, "close");
}

async function aTransport(port: number, user: object = {}): Promise<Transport> {
  const path = join(dir, "kubeconfig");
  const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority": "ca.crt" };
  await writeFile(
    path,
    JSON.stringify({
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
      clusters: [{ name: "a", cluster }],
      users: [{ name: "a", user }],
    }),
  );
  const loaded = loadKubeConfig({ path, env: {}, clock: systemClock });
  transport = new Transport({ cluster: loaded, clock: systemClock, version: "1.2.3" });
  return transport;
}

function get(over: Transport) {
  return over.exchange({ method: "GET", path: "/x", lane: "api", signal: new AbortController().signal });
}

test("speaks HTTP/1.1 even to a server that offers HTTP/2", async () => {
  await writeFile(join(dir, "ca.crt"), first.cert);
  const over = await aTransport(await start(first));
  await get(over);
  expect(seen).toEqual([{ httpVersion: "1.1", client: undefined }]);
});

test("does not shake hands for every request", async () => {
  await writeFile(join(dir, "ca.crt"), first.cert);
  const over = await aTransport(await start(first));
  for (let i = 0; i < 20; i++) await get(over);
  expect(connections).toBeLessThanOrEqual(2);
});

test("shows its client certificate", async () => {
  await writeFile(join(dir, "ca.crt"), first.cert);
  const user = { "client-certificate-data": btoa(client.cert), "client-key-data": btoa(client.key) };
  await get(await aTransport(await start(first), user));
  expect(seen[0]?.client).toBe("client");
});

test("does not trust a server that the kubeconfig does not vouch for", async () => {
  await writeFile(join(dir, "ca.crt"), second.cert);
  const over = await aTransport(await start(first));
  await expect(get(over)).rejects.toMatchObject({ disposition: "retryable", reason: "Unreachable" });
  expect(seen).toEqual([]);
});

test("goes on when the cluster's certificate authority is rotated", async () => {
  await writeFile(join(dir, "ca.crt"), first.cert);
  const port = await start(first);
  const over = await aTransport(port);
  await get(over);
  await stop();
  await start(second, port);
  await expect(get(over)).rejects.toMatchObject({ reason: "Unreachable" });
  await writeFile(join(dir, "ca.crt"), second.cert);
  expect((await get(over)).statusCode).toBe(200);
});

test("shows its new client certificate once the file is rotated, though the old connection still works", async () => {
  await writeFile(join(dir, "ca.crt"), first.cert);
  await writeFile(join(dir, "me.crt"), client.cert);
  await writeFile(join(dir, "me.key"), client.key);
  const over = await aTransport(await start(first), { "client-certificate": "me.crt", "client-key": "me.key" });
  await get(over);
  await writeFile(join(dir, "me.crt"), second.cert);
  await writeFile(join(dir, "me.key"), second.key);
  await get(over);
  expect(seen.map((each) => each.client)).toEqual(["client", "second"]);
});
