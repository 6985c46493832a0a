import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IAMClient, ListInstanceProfilesCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_LISTENERS, startController } from "../../src/cli/controller/controller-process.ts";
import { readShippedCrds } from "../../src/cli/manifests/crd-file.ts";
import { loadKubeConfig } from "../../src/kube/kube-config.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type KubeApi, startKubeApi } from "../../src/sandbox/kube/server.ts";
import { ClusterUser, readyOf } from "../support/cluster-user.ts";
import { controllerSettings, UNHURRIED } from "../support/controller-rig.ts";
import { TEST_CREDENTIALS, TEST_REGION } from "../support/e2e-site.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { findAws, type Moto, startMoto } from "../support/moto.ts";
import { plainKubeApi } from "../support/plain-kube-api.ts";
import { RecordingLogger } from "../support/recording-logger.ts";

const source = findAws({ PATH: process.env["PATH"] });
const TEAMS = { "team-a": "111122223333", "team-b": "444455556666" } as const;
type Team = keyof typeof TEAMS;
const NAMES = (team: Team): string[] => Array.from({ length: 50 }, (_, i) => `${team}-${i}`).toSorted();
const OWN_ACCOUNT_ID = "123456789012";
const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";

// Classes are of the whole cluster: on the API server of the other tests they would be everybody's. Moto lets everyone assume every role,
// and knows an account by the credentials; who may assume what is tried on the sandbox (test/scenario).
describe.skipIf(source.kind !== "moto")("two classes, and moto with an account for each:", () => {
  let kube: KubeApi;
  let moto: Moto;
  let folder: string;
  let user: ClusterUser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "two-accounts-"));
    kube = await startKubeApi({ definitions: readShippedCrds() });
    await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
    user = new ClusterUser(plainKubeApi(kube.url));
    if (source.kind === "moto") moto = await startMoto(source);
  });
  afterAll(async () => {
    await Promise.all([kube?.close(), moto?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function applyClass(team: Team): Promise<void> {
    const roleArn = `arn:aws:iam::${TEAMS[team]}:role/controller`;
    await plainKubeApi(kube.url).expectOk({
      method: "PATCH",
      path: `${CLASSES}/${team}?fieldManager=user&force=true`,
      body: {
        apiVersion: "iam.instanceprofile.dev/v1beta1",
        kind: "InstanceProfileClass",
        metadata: { name: team },
        spec: {
          account: { id: TEAMS[team], roleArn, externalId: team },
          ...{ namespaces: [team], roleNamePrefix: "{namespace}-", allowedActions: ["s3:*"] },
        },
      },
      contentType: "application/apply-patch+yaml",
    });
  }

  /** Of the account, or, without one, of the controller's own. */
  async function profilesIn(accountId: string): Promise<readonly string[]> {
    const config = { endpoint: moto.endpoint, region: TEST_REGION };
    const sts = new STSClient({ ...config, credentials: TEST_CREDENTIALS });
    const role = { RoleArn: `arn:aws:iam::${accountId}:role/auditor`, RoleSessionName: "test" };
    const { Credentials: keys } = await sts.send(new AssumeRoleCommand(role));
    const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "", SessionToken } = keys ?? {};
    const session = { accessKeyId, secretAccessKey, ...(SessionToken && { sessionToken: SessionToken }) };
    const iam = new IAMClient({ ...config, credentials: session });
    const { InstanceProfiles = [] } = await iam.send(new ListInstanceProfilesCommand());
    sts.destroy();
    iam.destroy();
    return InstanceProfiles.map(({ InstanceProfileName = "" }) => InstanceProfileName).toSorted();
  }

  test("each of 100 objects lands in the account of its class, and the ARNs in its status are of that account", async () => {
    const teams = Object.keys(TEAMS) as Team[];
    for (const team of teams) {
      await user.createNamespace(team);
      await applyClass(team);
      for (const name of NAMES(team)) {
        await user.apply(s3ReadOnly({ namespace: team, name }, { className: team, roleName: name }));
      }
    }
    const controller = await startController(
      {
        cluster: loadKubeConfig({ path: join(folder, "kubeconfig"), env: {}, clock: systemClock }),
        aws: { endpoint: moto.endpoint, region: TEST_REGION, credentials: TEST_CREDENTIALS },
        awsRates: UNHURRIED,
        ...{ clusterId: undefined, expectedAccountId: OWN_ACCOUNT_ID },
        settings: controllerSettings({}),
        listen: NO_LISTENERS,
        logger: new RecordingLogger(),
      },
      new AbortController().signal,
    );
    for (const team of teams) {
      const unready = async (): Promise<readonly string[]> =>
        (await user.list(team)).filter((one) => readyOf(one) !== "True InSync").map(({ metadata }) => metadata.name);
      await expect.poll(unready, { timeout: 60_000, interval: 250 }).toEqual([]);
      const accounts = (await user.list(team)).map(({ status }) => status?.instanceProfile?.arn?.split(":")[4]);
      expect(new Set(accounts)).toEqual(new Set([TEAMS[team]]));
    }
    await controller.stop();
    for (const team of teams) expect(await profilesIn(TEAMS[team])).toEqual(NAMES(team));
    expect(await profilesIn(OWN_ACCOUNT_ID)).toEqual([]);
  });
});
