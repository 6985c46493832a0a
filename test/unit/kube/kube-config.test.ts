import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TerminalError } from "../../../src/errors.ts";
import { type KubeConfigOptions, loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let dir: string;
let clock: FakeClock;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  clock = new FakeClock();
});

afterEach(() => rmSync(dir, { recursive: true }));

function load(options: Partial<KubeConfigOptions>) {
  return loadKubeConfig({ env: {}, clock, serviceAccountDir: join(dir, "none"), ...options });
}

/** A file with one cluster, one user and one context per name. */
function write(
  file: string,
  names: readonly string[],
  more: { user?: object; cluster?: object; current?: string } = {},
) {
  const path = join(dir, file);
  const document = {
    apiVersion: "v1",
    kind: "Config",
    ...(more.current !== "" && { "current-context": more.current ?? names[0] }),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name, namespace: `ns-of-${name}` } })),
    clusters: names.map((name) => ({
      name,
      cluster: { server: `https://${name}.example.com:6443/`, ...more.cluster },
    })),
    users: names.map((name) => ({ name, user: { token: `token-of-${name}`, ...more.user } })),
  };
  writeFileSync(path, JSON.stringify(document));
  return path;
}

async function authorizationOf(options: Partial<KubeConfigOptions>) {
  return (await load(options).credentials.current()).headers["Authorization"];
}

test("takes the file it is given, before everything else", async () => {
  const path = write("given", ["a"]);
  const env = { KUBECONFIG: write("other", ["b"]) };
  expect(load({ path, env })).toMatchObject({ server: "https://a.example.com:6443", namespace: "ns-of-a" });
  expect(await authorizationOf({ path, env })).toBe("Bearer token-of-a");
});

test("takes the context it is given instead of the current one", () => {
  const path = write("config", ["a", "b"]);
  expect(load({ path, context: "b" })).toMatchObject({
    server: "https://b.example.com:6443",
    namespace: "ns-of-b",
    source: `${path} (context b)`,
  });
});

test("joins the files of KUBECONFIG: the first to name a thing wins, missing files are passed over", async () => {
  const first = write("first", ["a"]);
  const second = write("second", ["a", "b"], { user: { token: "another" } });
  const env = { KUBECONFIG: `${first}:${join(dir, "missing")}:${second}` };
  expect(await authorizationOf({ env })).toBe("Bearer token-of-a");
  expect(load({ env, context: "b" }).server).toBe("https://b.example.com:6443");
});

test("takes the service account inside a cluster", async () => {
  const serviceAccountDir = join(dir, "sa");
  mkdirSync(serviceAccountDir);
  writeFileSync(join(serviceAccountDir, "token"), "pod-token\n");
  writeFileSync(join(serviceAccountDir, "ca.crt"), "the CA");
  writeFileSync(join(serviceAccountDir, "namespace"), "ipc-system\n");
  const env = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const cluster = load({ serviceAccountDir, env });
  expect(cluster).toMatchObject({ server: "https://10.0.0.1:443", namespace: "ipc-system", source: "in-cluster" });
  const { headers, tls } = await cluster.credentials.current();
  expect(headers).toEqual({ Authorization: "Bearer pod-token" });
  expect(String(tls.ca)).toBe("the CA");
  const ipv6 = load({ serviceAccountDir, env: { ...env, KUBERNETES_SERVICE_HOST: "fd00::1" } });
  expect(ipv6.server).toBe("https://[fd00::1]:443");
});

test("takes the file in the home directory when nothing else is there", () => {
  mkdirSync(join(dir, ".kube"));
  write(".kube/config", ["home"]);
  expect(load({ env: { HOME: dir } }).server).toBe("https://home.example.com:6443");
});

test("says what to do when no cluster is configured", () => {
  expect(() => load({ env: { HOME: dir } })).toThrow(TerminalError);
  expect(() => load({ env: { HOME: dir } })).toThrow("Set --kubeconfig or KUBECONFIG, or run inside a cluster.");
});

test("names the file and what is wrong in it", () => {
  const missing = join(dir, "missing");
  expect(() => load({ path: missing })).toThrow(`Cannot read kubeconfig ${missing}: ENOENT`);
  const path = write("config", ["a", "b"]);
  expect(() => load({ path, context: "c" })).toThrow(`${path} has no context c. Its contexts: a, b.`);
  const aimless = write("aimless", ["a"], { current: "" });
  expect(() => load({ path: aimless })).toThrow(`${aimless} has no current-context. Set --context to one of: a.`);
  writeFileSync(path, "{]");
  expect(() => load({ path })).toThrow(`Cannot read kubeconfig ${path}`);
});

test("says that a context's cluster is missing", () => {
  const path = join(dir, "config");
  const contexts = [{ name: "a", context: { cluster: "gone" } }];
  writeFileSync(path, JSON.stringify({ "current-context": "a", contexts, clusters: [], users: [] }));
  expect(() => load({ path })).toThrow("context a refers to cluster gone, which does not exist");
});

test("speaks plain http, and needs no user for it", async () => {
  const path = join(dir, "config");
  writeFileSync(
    path,
    JSON.stringify({
      "current-context": "a",
      contexts: [{ name: "a", context: { cluster: "a" } }],
      clusters: [{ name: "a", cluster: { server: "http://127.0.0.1:8001" } }],
    }),
  );
  const cluster = load({ path });
  expect(cluster).toMatchObject({ server: "http://127.0.0.1:8001", namespace: "default" });
  expect((await cluster.credentials.current()).headers).toEqual({});
});

test("hands over certificates, server name and the wish to skip verification", async () => {
  const path = write("config", ["a"], {
    user: { token: undefined, "client-certificate-data": btoa("CERT"), "client-key-data": btoa("KEY") },
    cluster: {
      "certificate-authority-data": btoa("CA"),
      "tls-server-name": "kubernetes.default",
      "insecure-skip-tls-verify": true,
    },
  });
  const { headers, tls } = await load({ path }).credentials.current();
  expect(headers).toEqual({});
  expect({ ...tls, ca: String(tls.ca), cert: String(tls.cert), key: String(tls.key) }).toEqual({
    ca: "CA",
    cert: "CERT",
    key: "KEY",
    servername: "kubernetes.default",
    rejectUnauthorized: false,
  });
});

test("notices a rotated certificate file", async () => {
  writeFileSync(join(dir, "ca.crt"), "old CA");
  const path = write("config", ["a"], { cluster: { "certificate-authority": "ca.crt" } });
  const { credentials } = load({ path });
  expect(String((await credentials.current()).tls.ca)).toBe("old CA");
  writeFileSync(join(dir, "ca.crt"), "new CA");
  expect(String((await credentials.current()).tls.ca)).toBe("new CA");
});

test("reads a token file again after a minute, trims it, and survives that it cannot be read for a while", async () => {
  const path = write("config", ["a"], { user: { token: "stale", tokenFile: "token" } });
  const tokenFile = join(dir, "token");
  const { credentials } = load({ path });
  await expect(credentials.current()).rejects.toThrow("ENOENT");
  writeFileSync(tokenFile, " one \n");
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer one");
  rmSync(tokenFile);
  await clock.advance(61_000);
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer one");
  writeFileSync(tokenFile, "two");
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer two");
  writeFileSync(tokenFile, "three");
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer two");
  expect(credentials.invalidate()).toBe(true);
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer three");
});

test("does not go back to a token that the server has refused", async () => {
  const path = write("config", ["a"], { user: { tokenFile: "token" } });
  writeFileSync(join(dir, "token"), "one");
  const { credentials } = load({ path });
  await credentials.current();
  rmSync(join(dir, "token"));
  credentials.invalidate();
  await expect(credentials.current()).rejects.toThrow("ENOENT");
});

test("keeps what it has when the kubeconfig is gone at the time the server refuses it", async () => {
  const path = write("config", ["a"]);
  const { credentials } = load({ path });
  rmSync(path);
  expect(credentials.invalidate()).toBe(true);
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer token-of-a");
});
