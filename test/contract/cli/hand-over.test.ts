import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { rememberEnvironment } from "../../support/environment.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { APP, SharedAccount } from "../../support/two-clusters.ts";
import { runCli } from "./run-cli.ts";

const OWN = {
  managedPolicies: [
    { name: "app-own", statements: [{ effect: "Allow", actions: ["sqs:SendMessage"], resources: ["*"] }] },
  ],
  tags: { team: "red" },
};

let account: SharedAccount;
let restoreEnvironment: () => void;

beforeAll(async () => {
  account = await SharedAccount.open();
  restoreEnvironment = rememberEnvironment();
  Object.assign(process.env, {
    ...{ AWS_ENDPOINT_URL: account.aws.url, AWS_REGION: "us-east-1" },
    ...{ AWS_ACCESS_KEY_ID: "planner", AWS_SECRET_ACCESS_KEY: "any", AWS_EC2_METADATA_DISABLED: "true" },
  });
});
beforeEach(async () => {
  account.reset();
  account.a.apply(OWN);
  await account.a.controller().settle();
});
afterAll(async () => {
  restoreEnvironment();
  await account.close();
});

const ADOPTING = stringify(s3ReadOnly(APP, { ...OWN, adoptFrom: { clusterId: "a" } }));

function plan(...options: readonly string[]): ReturnType<typeof runCli> {
  return runCli(["plan", "-f", "-", "--region", "us-east-1", ...options], { input: ADOPTING });
}

describe("plan of a manifest that adopts from another cluster", () => {
  const ADOPTED = "adopted unchanged, only owner tags are written";
  const LOSER =
    "adopts role app, managed policy arn:aws:iam::123456789012:policy/app-own, instance profile app from InstanceProfile default/app of cluster a";

  test("says who loses what, for the cluster of --cluster-id", async () => {
    const { out, status } = await plan("--allow-adopt-from", "a", "--cluster-id", "b");
    expect(out).toContain(ADOPTED);
    expect(out).toContain(LOSER);
    expect(out).not.toContain("ClusterUnknown");
    expect(status).toBe(0);
  });

  test("is for another cluster than the one that has the role, where none is given", async () => {
    const { out } = await plan("--allow-adopt-from", "a");
    expect(out).toContain(LOSER);
    expect(out).toContain("ClusterUnknown: planned for another cluster than a");
    await expect(plan("--allow-adopt-from", "a", "--since-live")).resolves.toMatchObject({ status: 1 });
  });

  test("is in sync for the cluster that has the role", async () => {
    expect(await plan("--cluster-id", "a")).toMatchObject({ status: 0, out: expect.stringContaining("in sync") });
  });

  test("is blocked where the controller does not allow it", async () => {
    const blocked = { status: 3, out: expect.stringContaining("AdoptFromNotAllowed") };
    expect(await plan("--cluster-id", "b")).toMatchObject(blocked);
    expect(await plan("--cluster-id", "b", "--allow-adopt-from", "c")).toMatchObject(blocked);
  });

  test("shows what the former cluster has lost", async () => {
    account.b.adopt("a", OWN);
    await account.b.controller().settle();
    expect(await plan("--cluster-id", "a")).toMatchObject({ status: 3, out: expect.stringContaining("HandedOver") });
    expect(await plan("--cluster-id", "b")).toMatchObject({ status: 0, out: expect.stringContaining("in sync") });
  });
});

describe("export", () => {
  test("--adopt-from writes what a cluster has, under the names of its objects, for another cluster to adopt", async () => {
    const { out, err } = await runCli(["export", "--path-prefix", "/", "--adopt-from", "a"]);
    expect(err).toContain("1 of 1 instance profiles exported");
    const [manifest] = parseAllDocuments(out).map((document) => document.toJS() as ReturnType<typeof s3ReadOnly>);
    expect(manifest).toMatchObject({ metadata: APP, spec: { ...OWN, adoptFrom: { clusterId: "a" } } });
    expect(manifest?.spec).not.toHaveProperty("adoptionPolicy");
    const planned = await runCli(["plan", "-f", "-", "--cluster-id", "b", "--allow-adopt-from", "a"], { input: out });
    expect(planned).toMatchObject({ status: 0, out: expect.stringContaining("1 adopted unchanged") });
    account.b.kube.apply(manifest as never);
    await account.b.controller().settle();
    expect([account.b.ready, account.owner]).toEqual(["True InSync", "b"]);
  });

  test("of what another cluster has is a comment with its owner", async () => {
    for (const option of [[], ["--adopt-from", "c"]]) {
      const { out } = await runCli(["export", "--path-prefix", "/", ...option]);
      expect(out).toContain("InstanceProfile default/app of cluster a already owns it");
    }
  });
});
