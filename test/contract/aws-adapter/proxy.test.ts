import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectAws } from "../../../src/aws/aws-connection.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { rememberEnvironment } from "../../support/environment.ts";

const CREDENTIALS = { accessKeyId: "a", secretAccessKey: "b" };
const ROLE =
  "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId>" +
  "<Arn>arn:aws:iam::123456789012:role/app</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>" +
  "<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>";

let proxy: Server;
let proxyUrl: string;
let requests: string[];
let restoreEnvironment: () => void;

/** A server that answers requests as IAM would, and refuses tunnels; it notes what it is asked for. */
beforeEach(async () => {
  requests = [];
  restoreEnvironment = rememberEnvironment();
  proxy = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader("content-type", "text/xml");
    response.end(ROLE);
  });
  proxy.on("connect", (request: IncomingMessage, socket) => {
    requests.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
afterEach(async () => {
  restoreEnvironment();
  proxy.closeAllConnections();
  proxy.close();
  await once(proxy, "close");
});

async function readRole(env: Readonly<Record<string, string>>, endpoint?: string): Promise<string> {
  Object.assign(process.env, env);
  const options = { clock: systemClock, version: "test", region: "eu-west-1", credentials: CREDENTIALS };
  const aws = connectAws({ ...options, ...(endpoint !== undefined && { endpoint }) });
  try {
    const role = await aws.iamReader.getRole("app", new AbortController().signal);
    return role.presence;
  } catch (error) {
    return (error as Error).message;
  } finally {
    aws.close();
  }
}

test.each(["HTTPS_PROXY", "https_proxy"])("AWS is reached through a tunnel of %s", async (name) => {
  expect(await readRole({ [name]: proxyUrl })).toMatch(/^GetRole on role app: no reply from iam[.]amazonaws[.]com/);
  expect(requests).toEqual(["CONNECT iam.amazonaws.com:443"]);
});

test("an endpoint without TLS is reached through HTTP_PROXY", async () => {
  expect(await readRole({ HTTP_PROXY: proxyUrl }, "http://iam.example.test")).toBe("present");
  expect(requests).toEqual(["POST http://iam.example.test/"]);
});

test("a host of NO_PROXY is reached directly", async () => {
  const message = await readRole({ HTTP_PROXY: proxyUrl, NO_PROXY: "example.org,.invalid" }, "http://iam.invalid");
  expect(message).toMatch(/no reply from iam[.]invalid/);
  expect(requests).toEqual([]);
});

test("an endpoint of this host, as that of the sandbox, is reached directly without being named", async () => {
  expect(await readRole({ HTTP_PROXY: "http://127.0.0.1:9" }, proxyUrl)).toBe("present");
  expect(requests).toEqual(["POST /"]);
});
