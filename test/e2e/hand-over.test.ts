import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import {
  type ControllerProcess,
  DEFAULT_SETTINGS,
  NO_LISTENERS,
  startController,
} from "../../src/cli/controller/controller-process.ts";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { SANDBOX_RATES } from "../../src/cli/sandbox/sandbox-aws.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { TAG_KEYS } from "../../src/model/ownership.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube/server.ts";
import { silentLogger } from "../../src/telemetry.ts";
import { ClusterUser, readyOf } from "../support/cluster-user.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type E2eSite, openE2eSite, TEST_CREDENTIALS, TEST_REGION, whyNoSite } from "../support/e2e-site.ts";
import { Ec2User } from "../support/ec2-user.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { openRegions } from "../support/open-regions.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";

const why = whyNoSite();
const WITHIN = { timeout: 30_000, interval: 100 };
/** No other test has instances here: moto cannot search those of a region by their profile. */
const REGION = "eu-north-1";

type ClusterName = "real" | "sandbox";

let site: E2eSite;
let kube: KubeApi;
let ec2: Ec2User;
let namespace: string;
let users: Readonly<Record<ClusterName, ClusterUser>>;
const controllers: ControllerProcess[] = [];

/** The controller of a cluster, whose id is the cluster's name. It may adopt from the other one. */
async function start(clusterId: ClusterName, path: string): Promise<void> {
  const options = {
    cluster: loadKubeConfig({ path, env: {}, clock: systemClock }),
    aws: { endpoint: site.awsEndpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS },
    awsRates: SANDBOX_RATES,
    clusterId,
    namespaces: [namespace],
    expectedAccountId: undefined,
    settings: { ...DEFAULT_SETTINGS, propagationWindowMs: 0, adoptsFrom: ["real", "sandbox"] },
    listen: NO_LISTENERS,
    logger: silentLogger,
  };
  controllers.push(await startController(options, new AbortController().signal));
}

beforeAll(async () => {
  if (why !== undefined) return;
  site = await openE2eSite();
  // Before an adoption, the controller searches every region for instances.
  await openRegions(site.awsEndpoint);
  ec2 = new Ec2User(site.awsEndpoint, REGION);
  namespace = await site.newNamespace();
  kube = await startKubeApi({ definitions: readShippedCrds() });
  users = { real: site.user, sandbox: new ClusterUser(plainKubeApi(kube.url)) };
  await users.sandbox.createNamespace(namespace);
  const kubeconfig = join(e2eEnvironment().folder, "hand-over.kubeconfig");
  await writeFile(kubeconfig, kube.kubeconfig());
  await start("real", site.account.kubeconfig);
  await start("sandbox", kubeconfig);
}, 180_000);
afterAll(async () => {
  for (const controller of controllers) await controller.stop();
  ec2?.close();
  await kube?.close();
  await site?.close();
});

/** What IAM has under the name. */
async function inIam(name: string) {
  const { Role } = await site.iam.send(new GetRoleCommand({ RoleName: name }));
  const { InstanceProfile } = await site.iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name }));
  const { PolicyNames = [] } = await site.iam.send(new ListRolePoliciesCommand({ RoleName: name }));
  const policies = PolicyNames.map((PolicyName) =>
    site.iam.send(new GetRolePolicyCommand({ RoleName: name, PolicyName })).then((reply) => reply.PolicyDocument),
  );
  const owner = Role?.Tags?.find(({ Key }) => Key === TAG_KEYS.clusterId)?.Value;
  return { owner, Role, InstanceProfile, policies: await Promise.all(policies) };
}

describe.skipIf(why !== undefined)(`on a real API server and an AWS over the network${why ? ` (${why})` : ""}`, () => {
  test.each<[ClusterName, ClusterName]>([
    ["real", "sandbox"],
    ["sandbox", "real"],
  ])("the role of cluster %s goes to cluster %s, and its instances keep it", { timeout: 90_000 }, async (from, to) => {
    const [former, adopter] = [users[from], users[to]];
    const key = { namespace, name: `${site.prefix}-from-${from}` };
    const untilReady = (user: ClusterUser, ready: string): Promise<void> =>
      vi.waitFor(async () => expect(readyOf(await user.read(key))).toBe(ready), WITHIN);
    await former.apply(s3ReadOnly(key));
    await untilReady(former, "True InSync");
    const instance = await ec2.runOne({ profile: key.name });
    try {
      const created = await inIam(key.name);
      expect(created.owner).toBe(from);
      await adopter.apply(s3ReadOnly(key, { adoptFrom: { clusterId: from } }));
      await untilReady(adopter, "True InSync");
      const adopted = await inIam(key.name);
      expect(adopted.owner).toBe(to);
      expect([adopted.Role?.RoleId, adopted.InstanceProfile?.InstanceProfileId, adopted.policies]).toEqual([
        created.Role?.RoleId,
        created.InstanceProfile?.InstanceProfileId,
        created.policies,
      ]);
      // The former controller sees the tags at its next reconcile, here because a user asks for it.
      await former.apply(s3ReadOnly(key, {}, { annotations: { "iam.instanceprofile.dev/reconcile-at": "now" } }));
      await untilReady(former, "False HandedOver");
      expect((await former.read(key))?.status).toMatchObject({ handedOverTo: to });
      await former.delete(key);
      await vi.waitFor(async () => expect(await former.read(key)).toBeUndefined(), WITHIN);
      expect(await inIam(key.name)).toEqual(adopted);
      expect(await ec2.profileOf(instance)).toBe(key.name);
    } finally {
      await ec2.terminate(instance);
    }
    await adopter.delete(key);
    await vi.waitFor(async () => expect(await adopter.read(key)).toBeUndefined(), WITHIN);
  });
});
