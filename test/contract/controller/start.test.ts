import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect, vi } from "vitest";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../../../src/cli/controller/controller-process.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { PROGRAM } from "../../support/program.ts";
import { type BackgroundProcess, startProcess } from "../../support/run-process.ts";
import { ScriptedApiServer } from "../../support/scripted-api-server.ts";

const CREDENTIALS = { accessKeyId: "controller", secretAccessKey: "test" };

/** An API server that a controller cannot get its first list from. */
class Place {
  readonly server: ScriptedApiServer;
  readonly #folder: string;

  private constructor(server: ScriptedApiServer, folder: string) {
    this.server = server;
    this.#folder = folder;
  }

  static async open(): Promise<Place> {
    const server = await ScriptedApiServer.start();
    const folder = await mkdtemp(join(tmpdir(), "start-"));
    const clusters = [{ name: "it", cluster: { server: server.url } }];
    const contexts = [{ name: "it", context: { cluster: "it", user: "" } }];
    await writeFile(join(folder, "kubeconfig"), JSON.stringify({ clusters, contexts, "current-context": "it" }));
    return new Place(server, folder);
  }

  start(syncTimeoutMs: number, signal: AbortSignal = new AbortController().signal): Promise<ControllerProcess> {
    const credentials = { current: async () => ({ headers: {}, tls: {} }), invalidate: () => false };
    return startController(
      {
        cluster: { server: this.server.url, credentials, namespace: "default", source: "test" },
        aws: { endpoint: "http://127.0.0.1:9", region: "us-east-1", credentials: CREDENTIALS },
        clusterId: "test",
        expectedAccountId: undefined,
        settings: { ...DEFAULT_SETTINGS, syncTimeoutMs },
        listen: NO_LISTENERS,
        logger: silentLogger,
      },
      signal,
    );
  }

  run(...more: readonly string[]): BackgroundProcess {
    const args = [PROGRAM, "run", "--cluster-id", "test", "--kubeconfig", join(this.#folder, "kubeconfig"), ...more];
    return startProcess(process.execPath, args, {
      logFile: join(this.#folder, "log"),
      env: { AWS_REGION: "us-east-1" },
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.server.close(), rm(this.#folder, { recursive: true })]);
  }
}

const test = base.extend<{ place: Place }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest finds out from the pattern which fixtures are needed
  place: async ({}, use) => {
    const place = await Place.open();
    await use(place);
    await place.close();
  },
});

describe.concurrent("a controller whose first list does not come", () => {
  test("leaves nothing running behind when it gives up", async ({ place }) => {
    place.server.onList.push(() => {});
    await expect(place.start(300)).rejects.toMatchObject({ reason: "CacheSyncTimeout" });
    const asked = place.server.seen.length;
    // Longer than the first pause after a fault.
    await systemClock.sleep(1_700);
    expect(place.server.seen.length).toBe(asked);
  });

  test("stops waiting for it when it is told to stop", async ({ place }) => {
    place.server.onList.push(() => {});
    const stop = new AbortController();
    const started = place.start(60_000, stop.signal);
    await vi.waitFor(() => expect(place.server.lists).toHaveLength(1));
    stop.abort(new Error("received SIGTERM"));
    await expect(started).rejects.toThrow("received SIGTERM");
  });

  test("asks for what its label selector selects and, as a process, ends with 0 when it is told to stop", async ({
    place,
  }) => {
    place.server.onList.push(() => {});
    const command = place.run("--label-selector", "team in (web, db)");
    const list = await command.untilReady(async () => place.server.lists[0], 15_000);
    await command.stop();
    expect(list.query.get("labelSelector")).toBe("team in (web, db)");
    expect([await command.exited, command.output()]).toEqual([
      0,
      expect.stringContaining("controller stopped before it had started"),
    ]);
  });
});
