import { GetRoleCommand, GetRolePolicyCommand, NoSuchEntityException } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../../src/cli/controller/controller-process.ts";
import type { ObjectKey } from "../../src/engine/ports.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { readyOf } from "../support/cluster-user.ts";
import { type E2eSite, openE2eSite, TEST_CREDENTIALS, TEST_REGION, whyNoSite } from "../support/e2e-site.ts";
import { eventually } from "../support/eventually.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { openRegions } from "../support/open-regions.ts";
import { ALLOW_ALL, outsider } from "../support/outsider.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const BULK = 300;
const LABELS = { "fair-queue": "yes" };
const why = whyNoSite();

let site: E2eSite;
let controller: ControllerProcess;
let namespace: string;
let other: string;
beforeAll(async () => {
  if (why !== undefined) return;
  site = await openE2eSite();
  await openRegions(site.awsEndpoint);
  [namespace, other] = [await site.newNamespace(), await site.newNamespace()];
  controller = await startController(
    {
      cluster: loadKubeConfig({ path: site.account.kubeconfig, env: {}, clock: systemClock }),
      aws: { endpoint: site.awsEndpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS },
      namespaces: undefined,
      labelSelector: "fair-queue=yes",
      clusterId: undefined,
      expectedAccountId: undefined,
      settings: DEFAULT_SETTINGS,
      listen: NO_LISTENERS,
      logger: new RecordingLogger(),
    },
    new AbortController().signal,
  );
});
afterAll(async () => {
  await controller?.stop();
  await site?.close();
});

const keyOf = (name: string, of = namespace): ObjectKey => ({ namespace: of, name: `${site.prefix}-${name}` });
const apply = (key: ObjectKey, spec = {}): Promise<void> => site.user.apply(s3ReadOnly(key, spec, { labels: LABELS }));

/** How long it takes until the question about the object's role is answered so. */
async function msUntil(key: ObjectKey, isSo: (roleName: string) => Promise<boolean>, startMs: number): Promise<number> {
  await eventually(async () => expect(await isSo(key.name)).toBe(true), { timeoutMs: 60_000, intervalMs: 100 });
  return Math.round(performance.now() - startMs);
}

const isDescribed = async (RoleName: string): Promise<boolean> =>
  (await site.iam.send(new GetRoleCommand({ RoleName }))).Role?.Description === "edited";
const isRepaired = async (RoleName: string): Promise<boolean> =>
  !decodeURIComponent(
    (await site.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: RoleName }))).PolicyDocument ?? "",
  ).includes('"Action":"*"');
const exists = (RoleName: string): Promise<boolean> =>
  site.iam.send(new GetRoleCommand({ RoleName })).then(
    () => true,
    (error: unknown) => {
      if (error instanceof NoSuchEntityException) return false;
      throw error;
    },
  );
const isGone = async (name: string): Promise<boolean> => !(await exists(name));

describe.skipIf(why !== undefined)(
  `a real API server and AWS stand-in at default rates${why ? ` (${why})` : ""}:`,
  () => {
    test(`among ${BULK} creations, changes of what exists and another namespace's creation do not wait for them`, async () => {
      for (const name of ["edited", "drifted", "deleted"]) await apply(keyOf(name));
      for (const name of ["edited", "drifted", "deleted"])
        await eventually(async () => expect(readyOf(await site.user.read(keyOf(name)))).toBe("True InSync"), {
          timeoutMs: 30_000,
          intervalMs: 200,
        });
      await Promise.all(Array.from({ length: BULK }, (_, i) => apply(keyOf(`bulk-${i}`))));
      await systemClock.sleep(5_000);
      const roleName = keyOf("drifted").name;
      await outsider(site.awsEndpoint, "PutRolePolicy", {
        RoleName: roleName,
        PolicyName: roleName,
        PolicyDocument: ALLOW_ALL,
      });
      const startMs = performance.now();
      await apply(keyOf("edited"), { description: "edited" });
      await site.user.annotate(keyOf("drifted"), { "iam.instanceprofile.dev/reconcile-at": "now" });
      await site.user.delete(keyOf("deleted"));
      await apply(keyOf("other", other));
      const [edit, repair, deletion, creation] = await Promise.all([
        msUntil(keyOf("edited"), isDescribed, startMs),
        msUntil(keyOf("drifted"), isRepaired, startMs),
        msUntil(keyOf("deleted"), isGone, startMs),
        msUntil(keyOf("other", other), exists, startMs),
      ]);
      const figures = JSON.stringify({ edit, repair, deletion, creation });
      expect(Math.max(edit, repair, deletion), figures).toBeLessThan(5_000);
      expect(creation).toBeLessThan(60_000);
      await systemClock.sleep(Math.max(0, startMs + 40_000 - performance.now()));
      const objects = await site.user.list(namespace);
      const reasons = Map.groupBy(objects, (object) => readyOf(object) ?? "none");
      expect([...reasons.keys()].toSorted()).toEqual(["True InSync", "Unknown Queued"]);
    });
  },
);
