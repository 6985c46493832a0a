import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Fate, FaultProxy } from "../support/faults/fault-proxy.ts";

const BODY = "0123456789";
const LINES = ["one", "two", "three"];

let server: Server;
let proxy: FaultProxy;
let heard: string[];

beforeEach(async () => {
  heard = [];
  server = createServer((request, reply) => {
    heard.push(`${request.method} ${request.url}`);
    if (request.url === "/lines") reply.end(`${LINES.join("\n")}\n`);
    else if (request.url === "/open") reply.write(`${LINES[0]}\n`);
    else reply.writeHead(201, { "x-from": "server" }).end(BODY);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await FaultProxy.to({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

/** What a client comes to see: the answer, `reset`, or `silence`. */
async function ask(path: string, fate?: Fate): Promise<string> {
  if (fate !== undefined) proxy.judge = () => fate;
  try {
    const answer = await fetch(`${proxy.url}${path}`, { signal: AbortSignal.timeout(150) });
    return `${answer.status} ${await answer.text()}`;
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError" ? "silence" : "reset";
  }
}

describe("the wire between a controller and a server", () => {
  test("passes requests and answers on as they are", async () => {
    const answer = await fetch(`${proxy.url}/a?b=c%20d`, { method: "PUT", body: "x" });
    expect([answer.status, answer.headers.get("x-from"), await answer.text()]).toEqual([201, "server", BODY]);
    expect(heard).toEqual(["PUT /a?b=c+d"]);
  });

  test.each<[Fate, string, readonly string[]]>([
    [{ kind: "answer", status: 503, body: "no" }, "503 no", []],
    [{ kind: "refuse" }, "reset", []],
    [{ kind: "hang" }, "silence", []],
    [{ kind: "stream", lines: ["a"] }, "silence", []],
    [{ kind: "lose-reply" }, "reset", ["GET /"]],
    [{ kind: "hang-reply" }, "silence", ["GET /"]],
    [{ kind: "cut-body" }, "reset", ["GET /"]],
    [{ kind: "delay", requestMs: 10, replyMs: 10 }, `201 ${BODY}`, ["GET /"]],
  ])("%j", async (fate, seen, requests) => {
    expect(await ask("/", fate)).toBe(seen);
    expect(heard).toEqual(requests);
  });

  test("shows half of an answer before it cuts it", async () => {
    proxy.judge = () => ({ kind: "cut-body" });
    const answer = await fetch(`${proxy.url}/`);
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(BODY.slice(0, 5));
    await expect(reader?.read()).rejects.toThrow();
  });

  test("edits lines as they pass", async () => {
    const edit = (line: string): readonly string[] => (line === "two" ? [] : [line.toUpperCase()]);
    expect(await ask("/lines", { kind: "lines", edit })).toBe("200 ONE\nTHREE\n");
  });

  test("lets nothing through in the dark, whether the connection is new or old, and works again after it", async () => {
    const open = await fetch(`${proxy.url}/open`);
    const reader = open.body?.getReader();
    await reader?.read();
    proxy.blackHole();
    expect(await ask("/")).toBe("silence");
    expect(heard).toEqual(["GET /open"]);
    proxy.restore();
    expect(await ask("/")).toBe(`201 ${BODY}`);
  });

  test("resets what is under way", async () => {
    const open = await fetch(`${proxy.url}/open`);
    const reader = open.body?.getReader();
    await reader?.read();
    proxy.reset();
    await expect(reader?.read()).rejects.toThrow();
  });

  test("tells of answers that the client does not get", async () => {
    const statuses: number[] = [];
    proxy.onAnswer = (_, status) => statuses.push(status);
    await ask("/", { kind: "lose-reply" });
    await vi.waitFor(() => expect(statuses).toEqual([201]));
  });
});
