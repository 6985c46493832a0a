import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { readyOf } from "../support/cluster-user.ts";
import { findControlPlane } from "../support/control-plane.ts";
import { DEPLOYED_NAMESPACE } from "../support/deployed-account.ts";
import { openKubeApi } from "../support/kube-api.ts";
import { runCommand } from "../support/kubectl.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { OwnCluster, type WiredController } from "../support/own-cluster.ts";
import { PROGRAM } from "../support/program.ts";

const source = findControlPlane(process.env);
const NAMESPACE = "restored";
/** The leader must keep its lease through the restart of the servers, so that no process begins anew. */
const ELECTION = {
  namespace: DEPLOYED_NAMESPACE,
  name: "instance-profile-controller",
  timings: { leaseDurationMs: 120_000, renewDeadlineMs: 90_000, retryPeriodMs: 2_000 },
};
const CONSISTENT = { timeout: 60_000, interval: 250 };
/** So far are the versions before the restore from those after it: a watch from there shows nothing for long. */
const WRITES_SINCE_BACKUP = 300;

const key = (name: string): ObjectKey => ({ namespace: NAMESPACE, name: `${NAMESPACE}-${name}` });

describe.skipIf(source.kind !== "assets")(
  "etcd restored to a backup under a leader and a standby that keep running",
  () => {
    let cluster: OwnCluster;
    let leader: WiredController;
    let standby: WiredController;

    const apply = (name: string, description: string): Promise<void> =>
      cluster.user.apply(s3ReadOnly(key(name), { roleName: key(name).name, description }));
    const roles = (): Readonly<Record<string, { readonly description?: string }>> =>
      cluster.aws.snapshot().roles as never;
    const descriptionOf = (name: string): string | undefined => roles()[key(name).name]?.description;
    const untilReady = (...names: readonly string[]) =>
      vi.waitFor(async () => {
        for (const name of names) {
          const object = await cluster.user.read(key(name));
          expect([readyOf(object), object?.status?.observedGeneration]).toEqual([
            "True InSync",
            object?.metadata.generation,
          ]);
        }
      }, CONSISTENT);

    beforeAll(async () => {
      cluster = await OwnCluster.open({ assetsDir: source.kind === "assets" ? source.assetsDir : "" });
      await cluster.user.createNamespace(NAMESPACE);
      leader = await cluster.start(NAMESPACE, ELECTION);
      for (const name of ["edited", "deleted", "bystander"]) await apply(name, "in the backup");
      await untilReady("edited", "deleted", "bystander");
      standby = await cluster.start(NAMESPACE, ELECTION);
      await cluster.controlPlane.backUp();
      await apply("edited", "lost");
      await cluster.user.delete(key("deleted"));
      await apply("vanished", "lost");
      await untilReady("edited", "vanished");
      const api = openKubeApi(cluster.controlPlane.adminKubeconfig);
      for (let i = 0; i < WRITES_SINCE_BACKUP; i += 1) {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `filler-${i}` } };
        await api.expectOk({ method: "POST", path: `/api/v1/namespaces/${NAMESPACE}/configmaps`, body });
      }
      expect(Object.keys(roles())).not.toContain(key("deleted").name);
      await cluster.controlPlane.restore();
    }, 240_000);
    afterAll(() => cluster?.close(), 60_000);

    test("is consistent within a minute: AWS and statuses are those of the backup, and no process has ended", async () => {
      await vi.waitFor(() => {
        expect(descriptionOf("edited")).toBe("in the backup");
        expect(descriptionOf("deleted")).toBe("in the backup");
      }, CONSISTENT);
      await untilReady("edited", "deleted", "bystander");
      const ended = await Promise.race([leader.lost, standby.lost, Promise.resolve("none")]);
      expect(ended).toBe("none");
      expect(cluster.log.lines.map(({ message }) => message)).toContainEqual(
        expect.stringContaining("etcd was restored"),
      );
      await vi.waitFor(async () => expect((await fetch(`${leader.urls[0]}/readyz`)).status).toBe(200), CONSISTENT);
    });

    test("hides no edit afterwards, although its version is one of the past", async () => {
      await apply("bystander", "after the restore");
      await vi.waitFor(() => expect(descriptionOf("bystander")).toBe("after the restore"), {
        timeout: 15_000,
        interval: 100,
      });
    });

    test("leaves the role of the object that vanished, which plan --since-live names", async () => {
      const folder = await mkdtemp(join(cluster.folder, "manifests-"));
      const names = ["edited", "deleted", "bystander"];
      const manifests = names.map((name) => s3ReadOnly(key(name), { roleName: key(name).name }));
      await writeFile(join(folder, "all.yaml"), manifests.map((one) => JSON.stringify(one)).join("\n---\n"));
      const { kubeconfig } = cluster;
      const args = ["plan", "-f", folder, "--since-live", "--cluster-classes", "--kubeconfig", kubeconfig];
      const env = {
        AWS_ENDPOINT_URL: cluster.aws.url,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: "controller",
        AWS_SECRET_ACCESS_KEY: "test",
      };
      const { stdout, stderr } = await runCommand(process.execPath, [PROGRAM, ...args], { env });
      expect(`${stdout}${stderr}`).toMatch(new RegExp(`${NAMESPACE}-vanished`));
      expect(Object.keys(roles())).toContain(key("vanished").name);
    });

    test("is the state of the standby too, which takes over and sees the next edit", async () => {
      await leader.stop();
      await apply("edited", "by the standby");
      await vi.waitFor(() => expect(descriptionOf("edited")).toBe("by the standby"), CONSISTENT);
    });
  },
);
