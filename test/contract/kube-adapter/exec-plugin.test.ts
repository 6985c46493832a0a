import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { FakeClock } from "../../support/fake-clock.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});

afterEach(() => rmSync(dir, { recursive: true }));

test("asks an exec plugin once for all who wait, keeps its answer, and asks again when the server refuses it", async () => {
  const calls = join(dir, "calls");
  const script = `echo x >> ${calls}; echo '{"status":{"token":"t'$(wc -l < ${calls})'"}}'`;
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] };
  const path = join(dir, "config");
  const contexts = [{ name: "a", context: { cluster: "a", user: "a" } }];
  const clusters = [{ name: "a", cluster: { server: "https://a.example.com:6443" } }];
  writeFileSync(
    path,
    JSON.stringify({ "current-context": "a", contexts, clusters, users: [{ name: "a", user: { exec } }] }),
  );
  const clock = new FakeClock();
  const { credentials } = loadKubeConfig({ path, env: {}, clock, serviceAccountDir: join(dir, "none") });
  const answers = await Promise.all([credentials.current(), credentials.current(), credentials.current()]);
  expect(answers.map((answer) => answer.headers["Authorization"])).toEqual(["Bearer t1", "Bearer t1", "Bearer t1"]);
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer t1");
  expect(credentials.invalidate()).toBe(true);
  expect((await credentials.current()).headers["Authorization"]).toBe("Bearer t2");
  expect(credentials.invalidate()).toBe(false);
  await clock.advance(10_000);
  expect(credentials.invalidate()).toBe(true);
});
