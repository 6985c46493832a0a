import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DEFAULT_ELECTION_TIMINGS } from "../../src/runtime/election/leader-election-options.ts";
import { isAwsWrite } from "../support/aws-write.ts";
import { readyOf } from "../support/cluster-user.ts";
import { findControlPlane } from "../support/control-plane.ts";
import { DEPLOYED_NAMESPACE } from "../support/deployed-account.ts";
import { compactEtcd } from "../support/etcd.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { OwnCluster, type WiredController } from "../support/own-cluster.ts";

const source = findControlPlane(process.env);
const OUTAGE_MS = 60_000;
const FLEET = 25;
const ELECTION = {
  namespace: DEPLOYED_NAMESPACE,
  name: "instance-profile-controller",
  timings: DEFAULT_ELECTION_TIMINGS,
};
const CREATION = ["CreateRole", "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile"];
const DELETION = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile", "DeleteRolePolicy", "DeleteRole"];
/** What the edit, the deletion and the creation of `changeThree` cost. */
const THREE_CHANGES = ["UpdateRole", ...DELETION, ...CREATION].sort();
/** The pauses between two attempts of the watch grow up to a minute. */
const CATCH_UP = { timeout: 100_000, interval: 250 };

/** Objects of one namespace, with the names of their roles. */
class Fleet {
  readonly namespace: string;
  readonly #cluster: OwnCluster;

  constructor(namespace: string, cluster: OwnCluster) {
    this.namespace = namespace;
    this.#cluster = cluster;
  }

  async apply(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const key = { namespace: this.namespace, name: `${this.namespace}-${name}` };
    await this.#cluster.user.apply(s3ReadOnly(key, { roleName: key.name, ...spec }));
  }

  async established(): Promise<void> {
    await this.#cluster.user.createNamespace(this.namespace);
    for (let i = 0; i < FLEET; i++) await this.apply(String(i));
    await this.untilReady(FLEET);
  }

  /** What a person does who has waited for the API server: edits 0, deletes 1, makes one. */
  async changeThree(): Promise<void> {
    await this.apply("0", { description: "edited" });
    await this.#cluster.user.delete({ namespace: this.namespace, name: `${this.namespace}-1` });
    await this.apply("new");
  }

  async untilReady(count: number): Promise<void> {
    await vi.waitFor(async () => {
      const all = await this.#cluster.user.list(this.namespace);
      const ready = all.filter((object) => {
        return readyOf(object) === "True InSync" && object.status?.observedGeneration === object.metadata.generation;
      });
      expect([all.length, ready.length]).toEqual([count, count]);
    }, CATCH_UP);
  }

  /** Calls to AWS about this fleet, as `Action object`. */
  calls(): readonly string[] {
    return this.#cluster.aws.calls.all.flatMap(({ action, names }) => {
      const name = names["RoleName"] ?? names["InstanceProfileName"] ?? "";
      return name.startsWith(this.namespace) ? [`${action} ${name.slice(this.namespace.length + 1)}`] : [];
    });
  }

  writes(): readonly string[] {
    const actions = this.calls().map((call) => call.split(" ")[0] ?? "");
    return actions.filter((action) => isAwsWrite(action)).sort();
  }

  /** Objects of which AWS was asked. */
  looked(): readonly string[] {
    return [...new Set(this.calls().map((call) => call.split(" ")[1] ?? ""))].sort();
  }
}

async function metric({ urls }: WiredController, name: string): Promise<number> {
  const text = await (await fetch(`${urls.at(-1)}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(`instance_profile_controller_${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

// Most of the time is waiting: the two wait side by side, each on a cluster of its own.
describe.skipIf(source.kind !== "assets").concurrent("a real API server", () => {
  describe(`that is away for ${OUTAGE_MS / 1_000} s`, () => {
    let cluster: OwnCluster;
    let alone: Fleet;
    let led: Fleet;
    let controller: WiredController;
    let leader: WiredController;
    let standby: WiredController;
    let returned: number;
    let patchesBefore: number;

    beforeAll(async () => {
      cluster = await OwnCluster.open({ assetsDir: source.kind === "assets" ? source.assetsDir : "" });
      [alone, led] = [new Fleet("alone", cluster), new Fleet("led", cluster)];
      controller = await cluster.start(alone.namespace);
      leader = await cluster.start(led.namespace, ELECTION);
      await Promise.all([alone.established(), led.established()]);
      standby = await cluster.start(led.namespace, ELECTION);
      patchesBefore = (await cluster.kubeWrites(alone.namespace)).length;
      cluster.aws.calls.reset();
      await cluster.controlPlane.stopApiServer();
      await delay(OUTAGE_MS);
      await cluster.controlPlane.startApiServer();
      returned = performance.now();
      await Promise.all([alone.changeThree(), led.changeThree()]);
    }, 240_000);
    afterAll(() => cluster.close(), 60_000);

    test("is caught up with by a controller that was not restarted, which looks at nothing but what has changed", async ({
      annotate,
    }) => {
      await alone.untilReady(FLEET);
      await annotate(`caught up ${Math.round((performance.now() - returned) / 1_000)} s after the return`);
      expect(alone.writes()).toEqual(THREE_CHANGES);
      expect(alone.looked()).toEqual(["0", "1", "new"]);
      await vi.waitFor(async () => {
        const writes = (await cluster.kubeWrites(alone.namespace)).slice(patchesBefore);
        const profiles = writes.filter((write) => write.includes("instanceprofiles"));
        // The edit: status. The deletion: status while AWS is taken down, finalizer. The creation: finalizer, status.
        expect(profiles.length).toBeLessThanOrEqual(5);
      });
      expect(await metric(controller, "cache_objects")).toBe(FLEET);
    });

    test("costs the leader its lease, and the other one catches up in its place without a write too many", async () => {
      await expect(leader.lost).resolves.toMatchObject({ name: "LeadershipLostError" });
      await led.untilReady(FLEET);
      expect(led.writes()).toEqual(THREE_CHANGES);
      expect((await fetch(`${standby.urls[0]}/healthz`)).status).toBe(200);
    });
  });

  describe("whose etcd is compacted under a watch", () => {
    let cluster: OwnCluster;
    let fleet: Fleet;
    let controller: WiredController;

    beforeAll(async () => {
      const assetsDir = source.kind === "assets" ? source.assetsDir : "";
      // With its cache the API server would remember for etcd.
      cluster = await OwnCluster.open({ assetsDir, apiServerFlags: ["--watch-cache=false"] });
      fleet = new Fleet("compacted", cluster);
      controller = await cluster.start(fleet.namespace);
      await fleet.established();
    }, 120_000);
    afterAll(() => cluster.close(), 60_000);

    test("is listed once more, and nothing but what has changed is looked at", async ({ annotate }) => {
      const lists = await metric(controller, "list_total");
      cluster.aws.calls.reset();
      controller.wire.isRefusing = true;
      controller.wire.reset();
      const cut = performance.now();
      await fleet.changeThree();
      await compactEtcd(cluster.controlPlane.etcdUrl);
      controller.wire.isRefusing = false;
      const start = performance.now();
      await fleet.untilReady(FLEET);
      await annotate(`caught up ${Math.round((performance.now() - start) / 1_000)} s after the compaction`);
      expect(fleet.writes()).toEqual(THREE_CHANGES);
      expect(fleet.looked()).toEqual(["0", "1", "new"]);
      expect((await metric(controller, "list_total")) - lists).toBe(1);
      // After a longer pause it lists without asking whether the watch has expired.
      if (start - cut > 1_500) return;
      const reconnects = await (await fetch(`${controller.urls.at(-1)}/metrics`)).text();
      expect(reconnects).toMatch(/watch_reconnects_total\{kind="instanceprofile",reason="expired"\} 1/);
    });
  });
});
