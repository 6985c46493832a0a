import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { COMPILE_CACHE } from "../support/compile-cache.ts";
import { ROOT } from "./copy-of-sources.ts";

const START_WITHIN_MS = 50_000;

// npm hands a signal to the shell that runs the script, and to nobody else: a shell that waits for the program would leave it behind.
test("a signal to npm start ends the sandbox, not only npm", async () => {
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE };
  const npm = spawn("npm", ["start", "--", "--no-controller"], { cwd: ROOT, env, detached: true, stdio: "pipe" });
  let output = "";
  npm.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  try {
    const url = await vi.waitUntil(() => /Kubernetes +(http:\S+)/.exec(output)?.[1], { timeout: START_WITHIN_MS });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    npm.kill("SIGTERM");
    await once(npm, "exit");
    await vi.waitFor(() => expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed"), 10_000);
  } finally {
    endGroup(npm.pid);
  }
}, 90_000);

/** Whatever is left of it. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left.
  }
}
