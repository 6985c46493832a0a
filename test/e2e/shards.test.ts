import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { shardOfAccount } from "../../src/controller/shards/sharded-controller.ts";
import { type AwsSandbox, startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { DEPLOY_FOLDER, deployedObjects } from "../contract/deploy/deployed-files.ts";
import { isAwsWrite } from "../support/aws-write.ts";
import { readyOf } from "../support/cluster-user.ts";
import { grantElection } from "../support/deployed-account.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { type E2eSite, openE2eSite, whyNoSite } from "../support/e2e-site.ts";
import { LEASE, type ReplicaCall, ReplicaProcess, type ReplicaSite } from "../support/faults/replica-process.ts";
import { type KubeApi, openKubeApi } from "../support/kube-api.ts";
import { s3ReadOnly } from "../support/manifest.ts";
import { HOME_ACCOUNT, type OpenAccount, openAccounts } from "../support/many-accounts.ts";

const { adminKubeconfig = "", folder } = e2eEnvironment();
const why = whyNoSite();
const OBJECTS = "/apis/iam.instanceprofile.dev/v1beta1/namespaces";
const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";
const SHARDS = 6;
const ACCOUNTS = 12;
/** Of an account in each wave. */
const EACH = 4;
/** Longer than a Lease lasts, so that others take over the shards meanwhile. */
const BLOCK_MS = 20_000;
const PATIENCE = { timeout: 90_000, interval: 100 };

let site: E2eSite;
let admin: KubeApi;
let aws: AwsSandbox;
let place: ReplicaSite;
let accounts: readonly OpenAccount[];
const replicas: ReplicaProcess[] = [];

/** What the sharded overlay allows in a namespace: the Role names the Lease of each shard. */
function shardedObjects(): ReturnType<typeof deployedObjects> {
  const { patches } = parse(readFileSync(join(DEPLOY_FOLDER, "overlays/sharded/kustomization.yaml"), "utf8"));
  const [patch] = patches.filter(
    ({ target }: { readonly target: { readonly kind: string } }) => target.kind === "Role",
  );
  const [{ value: resourceNames }] = parse(patch.patch);
  return deployedObjects().map((object) => {
    if (object.kind !== "Role") return object;
    const [first, ...others] = object["rules"] as readonly object[];
    return { ...object, rules: [{ ...first, resourceNames }, ...others] };
  });
}

async function open(): Promise<void> {
  site = await openE2eSite();
  admin = openKubeApi(adminKubeconfig);
  aws = await startAwsSandbox({ accountId: HOME_ACCOUNT });
  const namespace = await site.newNamespace();
  await grantElection(admin, namespace, shardedObjects());
  const { users } = JSON.parse(readFileSync(site.account.kubeconfig, "utf8"));
  place = {
    kube: { url: admin.url, certificateAuthority: admin.certificateAuthority },
    token: users[0].user.token,
    awsEndpoint: aws.url,
    leaseNamespace: namespace,
    namespace,
    folder,
  };
  accounts = (await openAccounts(aws.url, ACCOUNTS)).map(({ className, spec }) => ({
    className: `${namespace}-${className}`,
    spec: { ...spec, namespaces: [namespace] },
  }));
  const head = { apiVersion: "iam.instanceprofile.dev/v1beta1", kind: "InstanceProfileClass" };
  for (const { className, spec } of accounts)
    await admin.expectOk({ method: "POST", path: CLASSES, body: { ...head, metadata: { name: className }, spec } });
}

async function close(): Promise<void> {
  await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
  await clearCluster();
  await aws?.close();
  await site?.close();
}

/** Removes what a failed test leaves: other tests of the run would find classes, and need one. */
async function clearCluster(): Promise<void> {
  const drop = async (path: string): Promise<void> => {
    const body = { metadata: { finalizers: null } };
    await admin.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
    await admin.request({ method: "DELETE", path });
  };
  const objects = place === undefined ? [] : await site.user.list(place.namespace);
  for (const { metadata } of objects) await drop(`${OBJECTS}/${place.namespace}/instanceprofiles/${metadata.name}`);
  for (const { className } of accounts ?? []) await drop(`${CLASSES}/${className}`);
}

/** Deletes all objects, and then the classes, as a user does; the replicas have to let go of them. */
async function deleteAll(): Promise<void> {
  for (const { metadata } of await site.user.list(place.namespace)) await site.user.delete(metadata);
  await vi.waitFor(async () => expect(await site.user.list(place.namespace)).toEqual([]), PATIENCE);
  for (const { className } of accounts) await admin.expectOk({ method: "DELETE", path: `${CLASSES}/${className}` });
  const gone = async (): Promise<void> => {
    for (const { className } of accounts)
      expect((await admin.request({ method: "GET", path: `${CLASSES}/${className}` })).status).toBe(404);
  };
  await vi.waitFor(gone, PATIENCE);
}

async function start(): Promise<ReplicaProcess> {
  const replica = await ReplicaProcess.start(place, { shards: SHARDS, blockMs: BLOCK_MS });
  replicas.push(replica);
  await vi.waitFor(() => expect(replica.isUp).toBe(true), PATIENCE);
  return replica;
}

/** Who had last made the Lease of this shard its own, or kept it so, when a request arrived. */
function holderAt(shard: number, ms: number): ReplicaProcess | undefined {
  const renewals = replicas.flatMap((replica) =>
    replica.renewals
      .filter(({ what, arrivedMs }) => what.includes(`${LEASE}-shard-${shard}`) && arrivedMs < ms)
      .map(({ arrivedMs }) => ({ replica, arrivedMs })),
  );
  return renewals.toSorted((a, b) => b.arrivedMs - a.arrivedMs)[0]?.replica;
}

/** How many shards each replica holds, the most first. */
function shares(): readonly number[] {
  const holders = Array.from({ length: SHARDS }, (_, shard) => holderAt(shard, Number.POSITIVE_INFINITY));
  const held = holders.filter((holder) => holder !== undefined);
  return [...Map.groupBy(held, (holder) => holder).values()].map(({ length }) => length).toSorted((a, b) => b - a);
}

const untilShared = (expected: readonly number[]): Promise<void> =>
  vi.waitFor(() => expect(shares()).toEqual(expected), PATIENCE);

/** Objects in all accounts at once. Their names, and so those of their roles, begin with the wave and the account. */
async function applyWave(wave: string): Promise<void> {
  const objects = Array.from({ length: EACH }, (_, i) => accounts.map((account) => ({ account, i }))).flat();
  const apply = ({ account: { className }, i }: (typeof objects)[number]): Promise<void> => {
    const name = `${wave}-${className.slice(-12)}-${i}`;
    return site.user.apply(s3ReadOnly({ namespace: place.namespace, name }, { className }));
  };
  for (let i = 0; i < objects.length; i += 12) await Promise.all(objects.slice(i, i + 12).map(apply));
}

const rolesOf = (wave: string): readonly ReplicaCall[] =>
  replicas.flatMap(({ awsCalls }) =>
    awsCalls.filter(({ what, subject, status }) => what === "CreateRole" && status < 300 && subject.startsWith(wave)),
  );

const untilMiddle = (wave: string): Promise<void> =>
  vi.waitFor(() => expect(rolesOf(wave).length).toBeGreaterThan(0.3 * EACH * ACCOUNTS), { ...PATIENCE, interval: 5 });

async function untilReady(waves: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const objects = await site.user.list(place.namespace);
      expect(objects.filter((object) => readyOf(object) === "True InSync")).toHaveLength(waves * EACH * ACCOUNTS);
    },
    { timeout: 150_000, interval: 1_000 },
  );
}

/** Every write to an account came from the replica that held the account's shard. Says from how many replicas each account was written. */
function expectOneWriterAtATime(): readonly number[] {
  const writers = new Map<string, Set<ReplicaProcess>>();
  for (const replica of replicas) {
    for (const { what, subject, arrivedMs } of replica.awsCalls) {
      const [, account = ""] = /^\w+-(\d{12})-\d+$/.exec(subject) ?? [];
      if (account === "" || !isAwsWrite(what)) continue;
      const shard = shardOfAccount(account, { shards: SHARDS, ownAccountId: HOME_ACCOUNT });
      const isHolder = holderAt(shard, arrivedMs) === replica;
      expect({ what, subject, shard, isHolder }).toMatchObject({ isHolder: true });
      writers.set(account, (writers.get(account) ?? new Set()).add(replica));
    }
  }
  return [...writers.values()].map(({ size }) => size);
}

describe.skipIf(why !== undefined)(`by the Role of the sharded overlay${why ? ` (${why})` : ""}:`, () => {
  beforeAll(open);
  afterAll(close);

  test("three replicas share twelve accounts through a kill, a freeze and a rolling update, with one writer for each at a time", {
    timeout: 600_000,
  }, async (context) => {
    const [first, second, third] = [await start(), await start(), await start()];
    await untilShared([2, 2, 2]);

    await applyWave("kill");
    await untilMiddle("kill");
    first.kill();
    await untilReady(1);
    await untilShared([3, 3]);

    const fourth = await start();
    await untilShared([2, 2, 2]);
    await applyWave("freeze");
    await untilMiddle("freeze");
    second.block();
    await untilReady(2);
    await untilShared([2, 2, 2]);

    await applyWave("update");
    for (const old of [second, third, fourth]) {
      await start();
      await old.stop();
    }
    await untilReady(3);
    await untilShared([2, 2, 2]);

    const rolesNow = (): readonly string[] =>
      accounts
        .flatMap((_, i) => Object.keys(aws.snapshot({ accountId: String(200_000_000_000 + i) }).roles))
        .filter((name) => name !== "controller");
    expect(rolesNow()).toHaveLength(3 * EACH * ACCOUNTS);
    await deleteAll();
    expect(rolesNow()).toEqual([]);
    const writers = expectOneWriterAtATime();
    expect(writers).toHaveLength(ACCOUNTS);
    await context.annotate(`replicas that wrote, by account: ${writers.join(", ")}`);
  });
});
