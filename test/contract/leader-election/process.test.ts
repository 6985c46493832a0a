import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, describe, expect, vi } from "vitest";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  startController,
} from "../../../src/cli/controller/controller-process.ts";
import { readShippedCrd } from "../../../src/cli/manifests/crd-file.ts";
import { OWN_ACCOUNT } from "../../../src/controller/classes/class-binding.ts";
import { shardOfAccount } from "../../../src/controller/shards/sharded-controller.ts";
import { loadKubeConfig } from "../../../src/kube/kube-config.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { type AwsSandbox, startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../../src/telemetry.ts";
import { ClusterUser, readyOf } from "../../support/cluster-user.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { PROGRAM } from "../../support/program.ts";
import { startProcess } from "../../support/run-process.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
const LEASE = `${LEASES}/instance-profile-controller`;
const TIMINGS = { leaseDurationMs: 2_000, renewDeadlineMs: 1_400, retryPeriodMs: 100 };
const PATIENCE = { timeout: 15_000, interval: 20 };
const CREDENTIALS = { accessKeyId: "controller", secretAccessKey: "test" };

/** A cluster and an AWS, and processes that contend for the one lease. */
class Place {
  readonly user: ClusterUser;
  readonly admin: ReturnType<typeof plainKubeApi>;
  readonly folder: string;
  readonly kube: KubeApi;
  readonly aws: AwsSandbox;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(folder: string, kube: KubeApi, aws: AwsSandbox) {
    this.folder = folder;
    this.kube = kube;
    this.aws = aws;
    this.admin = plainKubeApi(kube.url);
    this.user = new ClusterUser(this.admin);
  }

  static async open(): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), "leaders-"));
    const kube = await startKubeApi({ definitions: [readShippedCrd()] });
    await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
    return new Place(folder, kube, await startAwsSandbox());
  }

  /** A process, and its wire to the API server. */
  async start(shards = 1): Promise<{ readonly controller: ControllerProcess; readonly wire: TcpProxy }> {
    const wire = await TcpProxy.to(Number(new URL(this.kube.url).port));
    const cluster = loadKubeConfig({ path: join(this.folder, "kubeconfig"), env: {}, clock: systemClock });
    const controller = await startController(
      {
        cluster: { ...cluster, server: wire.url },
        aws: { endpoint: this.aws.url, region: "us-east-1", credentials: CREDENTIALS },
        clusterId: "test",
        expectedAccountId: undefined,
        settings: { ...DEFAULT_SETTINGS, propagationWindowMs: 0 },
        listen: { probes: "127.0.0.1:0", metrics: "127.0.0.1:0" },
        logger: silentLogger,
        election: { namespace: "default", name: "instance-profile-controller", timings: TIMINGS },
        shards,
      },
      new AbortController().signal,
    );
    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      await controller.stop();
    };
    this.#closers.push(stop, () => wire.close().catch(() => {}));
    return { controller: { ...controller, stop }, wire };
  }

  async holder(): Promise<string> {
    const lease = await this.admin.expectOk({ method: "GET", path: LEASE });
    return String((lease["spec"] as { readonly holderIdentity?: string }).holderIdentity);
  }

  async untilReady(name: string): Promise<void> {
    const key = { namespace: "default", name };
    await vi.waitFor(async () => expect(readyOf(await this.user.read(key))).toBe("True InSync"), PATIENCE);
  }

  apply(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.user.apply(s3ReadOnly({ namespace: "default", name }, { roleName: name, ...spec }));
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    await Promise.all([this.kube.close(), this.aws.close(), rm(this.folder, { recursive: true })]);
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

async function shown(
  url: string | undefined,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${url}${path}`);
  return { status: answer.status, text: await answer.text() };
}

async function masterStatus({ urls }: ControllerProcess): Promise<string | undefined> {
  const { text } = await shown(urls[0], "/metrics");
  return /^leader_election_master_status\{name="instance-profile-controller"\} (\d)$/m.exec(text)?.[1];
}

describe.concurrent("two processes", () => {
  test("work one after the other: the second is ready, and takes over at once when the first ends", async ({
    place,
  }) => {
    const first = await place.start();
    await place.apply("app");
    await place.untilReady("app");
    const second = await place.start();
    expect(await masterStatus(first.controller)).toBe("1");
    expect(await masterStatus(second.controller)).toBe("0");
    expect((await shown(second.controller.urls[0], "/readyz")).status).toBe(200);
    const holder = await place.holder();
    const calls = place.aws.calls.count({ action: "GetRole" });
    await first.controller.stop();
    await place.apply("app", { description: "edited" });
    await vi.waitFor(() => expect(place.aws.snapshot().roles["app"]?.description).toBe("edited"), PATIENCE);
    expect(await place.holder()).not.toBe(holder);
    expect(await masterStatus(second.controller)).toBe("1");
    expect(place.aws.calls.count({ action: "CreateRole" })).toBe(1);
    expect(place.aws.calls.count({ action: "GetRole" })).toBeGreaterThan(calls);
  });

  test("work one after the other when the first loses the API server, which it says by its probe", async ({
    place,
  }) => {
    const first = await place.start();
    await place.apply("before");
    await place.untilReady("before");
    const second = await place.start();
    await place.apply("after");
    await first.wire.close();
    await expect(first.controller.lost).resolves.toMatchObject({ name: "LeadershipLostError" });
    const probe = await shown(first.controller.urls[0], "/healthz");
    expect(probe).toEqual({ status: 500, text: expect.stringContaining("leader-election failed: Leadership lost") });
    expect(await masterStatus(first.controller)).toBe("0");
    await vi.waitFor(async () => expect(await masterStatus(second.controller)).toBe("1"), PATIENCE);
    await place.apply("later");
    await place.untilReady("after");
    await place.untilReady("later");
    expect(place.aws.calls.count({ action: "CreateRole" })).toBe(3);
    await first.controller.stop();
  });
});

/** The shards that the process holds, by its metrics. */
async function shardsOf({ urls }: ControllerProcess): Promise<readonly number[]> {
  const { text } = await shown(urls[0], "/metrics");
  const held = /^leader_election_master_status\{name="instance-profile-controller-shard-(\d)"\} (\d)$/gm;
  return [...text.matchAll(held)].filter(([, , isHeld]) => isHeld === "1").map(([, shard]) => Number(shard));
}

describe.concurrent("processes with shards", () => {
  test("share them, and the second takes over those of the first when that ends", async ({ place }) => {
    const [{ controller: first }, { controller: second }] = [await place.start(4), await place.start(4)];
    await vi.waitFor(async () => {
      const [ofFirst, ofSecond] = [await shardsOf(first), await shardsOf(second)];
      expect([ofFirst.length, ofSecond.length]).toEqual([2, 2]);
      expect([...ofFirst, ...ofSecond].sort()).toEqual([0, 1, 2, 3]);
    }, PATIENCE);
    await place.apply("app");
    await place.untilReady("app");
    expect(await place.holder()).toBe(`4-shards_${place.aws.accountId}_all_2s`);
    const own = shardOfAccount(OWN_ACCOUNT, { shards: 4, ownAccountId: place.aws.accountId });
    const isFirst = (await shardsOf(first)).includes(own);
    const [owner, other] = isFirst ? [first, second] : [second, first];
    await owner.stop();
    await place.apply("app", { description: "edited" });
    await vi.waitFor(() => expect(place.aws.snapshot().roles["app"]?.description).toBe("edited"), PATIENCE);
    expect(await shardsOf(other)).toEqual([0, 1, 2, 3]);
    expect(place.aws.calls.count({ action: "CreateRole" })).toBe(1);
    await other.stop();
    const leases = await place.admin.expectOk({ method: "GET", path: LEASES });
    const holders = (leases["items"] as readonly { spec: { holderIdentity: string } }[]).map(({ spec }) => spec);
    expect(holders.map(({ holderIdentity }) => holderIdentity)).toEqual(["", "", "", "", ""]);
  });
});

describe.concurrent("the command", () => {
  test("ends with 1 when its lease is taken away", async ({ place }) => {
    const command = runCommand(place);
    await command.untilReady(() => place.holder(), PATIENCE.timeout);
    const body = { spec: { holderIdentity: "kubectl" } };
    const contentType = "application/merge-patch+json";
    await place.admin.expectOk({ method: "PATCH", path: LEASE, body, contentType });
    expect(await command.exited).toBe(1);
    expect(command.output()).toContain("default/instance-profile-controller is held by kubectl");
  });

  test("ends with 0, and leaves the lease free, when it is told to", async ({ place }) => {
    const command = runCommand(place);
    await command.untilReady(() => place.holder(), PATIENCE.timeout);
    await command.stop();
    expect([await command.exited, await place.holder()]).toEqual([0, ""]);
  });
});

function runCommand({ folder, aws }: Place): ReturnType<typeof startProcess> {
  const args = [PROGRAM, "run", "--leader-elect", "--kubeconfig", join(folder, "kubeconfig")];
  return startProcess(process.execPath, args, {
    logFile: join(folder, "command.log"),
    env: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "controller",
      AWS_SECRET_ACCESS_KEY: "test",
    },
  });
}
