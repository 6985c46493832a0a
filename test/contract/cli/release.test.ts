import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readShippedCrds } from "../../../src/cli/manifests/crd-file.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import type { KubeApi as Client, KubeJson } from "../../support/kube-api.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { type Ended, manifestText, runCli } from "./run-cli.ts";

const API = "iam.instanceprofile.dev/v1beta1";
const PROFILES = `/apis/${API}/namespaces/team-a/instanceprofiles`;
const CLASSES = `/apis/${API}/instanceprofileclasses`;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/instance-profile-system/leases";
const ROLE = "arn:aws:iam::123456789012:role/app";
const PROFILE = "arn:aws:iam::123456789012:instance-profile/app";

let folder: string;
let kube: KubeApi;
let cluster: Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "release-"));
  kube = await startKubeApi({ definitions: readShippedCrds() });
  cluster = plainKubeApi(kube.url);
  await writeFile(join(folder, "kubeconfig"), kube.kubeconfig());
  for (const name of ["team-a", "instance-profile-system"])
    await cluster.expectOk({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
});
afterEach(() => Promise.all([kube.close(), rm(folder, { recursive: true })]));

const release = (...args: readonly string[]): Promise<Ended> =>
  runCli(["release", "--kubeconfig", join(folder, "kubeconfig"), ...args]);

/** An object that a controller made and left behind; in deletion unless it `lives`. */
async function left(
  name: string,
  { lives = false, spec = {} }: { lives?: boolean; spec?: object } = {},
): Promise<void> {
  const manifest = JSON.parse(manifestText({ roleName: name, ...spec }, { name, finalizers: [FINALIZER] })) as KubeJson;
  await cluster.expectOk({ method: "POST", path: PROFILES, body: manifest });
  const arns = { role: { arn: ROLE, id: "AROAEXAMPLE" }, instanceProfile: { arn: PROFILE, id: "AIPAEXAMPLE" } };
  const status = { status: { accountId: "123456789012", ...arns } };
  const contentType = "application/merge-patch+json";
  await cluster.expectOk({ method: "PATCH", path: `${PROFILES}/${name}/status`, body: status, contentType });
  if (!lives) await cluster.expectOk({ method: "DELETE", path: `${PROFILES}/${name}` });
}

/** A class that is being deleted and that a controller holds. */
async function leftClass(name: string): Promise<void> {
  const spec = { account: { id: "123456789012" }, namespaces: ["*"], allowedActions: ["s3:*"] };
  const metadata = { name, finalizers: [FINALIZER] };
  const body = { apiVersion: API, kind: "InstanceProfileClass", metadata, spec };
  await cluster.expectOk({ method: "POST", path: CLASSES, body });
  await cluster.expectOk({ method: "DELETE", path: `${CLASSES}/${name}` });
}

async function names(path: string): Promise<readonly string[]> {
  const { items } = await cluster.expectOk({ method: "GET", path });
  return (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

/** A controller of this name holds the Lease, and renews it every `renewedEveryMs`, or no more. */
async function leads(holderIdentity: string, renewedEveryMs?: number): Promise<() => Promise<void>> {
  const name = "instance-profile-controller";
  const spec = { holderIdentity, leaseDurationSeconds: 1 };
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec };
  await cluster.expectOk({ method: "POST", path: LEASES, body: lease });
  let renewals = Promise.resolve();
  const renew = async (): Promise<void> => {
    const body = { spec: { renewTime: new Date().toISOString().replace("Z", "000Z") } };
    const contentType = "application/merge-patch+json";
    await cluster.expectOk({ method: "PATCH", path: `${LEASES}/${name}`, body, contentType });
  };
  const timer =
    renewedEveryMs === undefined
      ? undefined
      : setInterval(() => {
          renewals = renewals.then(renew);
        }, renewedEveryMs);
  return async () => {
    clearInterval(timer);
    await renewals;
  };
}

describe("release", () => {
  test("shows what would be released and what stays in AWS, and changes nothing", async () => {
    await left("app");
    expect(await release("-n", "team-a", "app")).toEqual({
      status: 0,
      out:
        `InstanceProfile team-a/app: in deletion\n  stays in AWS: ${ROLE}\n  stays in AWS: ${PROFILE}\n` +
        "Nothing was changed. Run the command again with --yes to release 1 object.\n",
      err: "",
    });
    expect(await names(PROFILES)).toEqual(["app"]);
  });

  test("releases with --yes: the object goes, and its namespace can", async () => {
    await left("app");
    const { status, out, err } = await release("-n", "team-a", "app", "--yes");
    expect([status, out.split("\n").at(-2)]).toEqual([0, "Released 1 object. Nothing was changed in AWS."]);
    expect(err).toContain("Lease instance-profile-system/instance-profile-controller does not exist");
    expect(await names(PROFILES)).toEqual([]);
  });

  test("leaves objects that are not being deleted, unless told otherwise", async () => {
    await left("app");
    await left("live", { lives: true });
    expect((await release("-n", "team-a", "--all", "--yes")).out).toContain(
      "1 with the finalizer are not being deleted. --include-live releases them too.",
    );
    expect(await names(PROFILES)).toEqual(["live"]);
    await release("-n", "team-a", "--all", "--include-live", "--yes");
    const { metadata } = (await cluster.expectOk({ method: "GET", path: `${PROFILES}/live` })) as { metadata: object };
    expect(metadata).not.toHaveProperty("finalizers");
  });

  test("lets a CRD that is stuck in Terminating go, with -A: objects and classes", async () => {
    await left("app", { spec: { className: "readers" } });
    await leftClass("readers");
    expect((await release("-A", "--yes")).status).toBe(0);
    expect([await names(PROFILES), await names(CLASSES)]).toEqual([[], []]);
  });

  test("keeps a class that an object uses, unless forced", async () => {
    await left("app", { lives: true, spec: { className: "readers" } });
    await leftClass("readers");
    const refused = await release("readers", "--classes", "--yes");
    expect(refused).toMatchObject({ status: 1, out: expect.stringContaining("1 InstanceProfiles use it") });
    expect(await names(CLASSES)).toEqual(["readers"]);
    expect((await release("readers", "--classes", "--yes", "--force")).status).toBe(0);
    expect(await names(CLASSES)).toEqual([]);
  });

  test("fails for a name that does not exist", async () => {
    const { status, err } = await release("-n", "team-a", "other");
    expect([status, err]).toEqual([
      1,
      expect.stringContaining("InstanceProfile other does not exist in namespace team-a"),
    ]);
  });
});

describe("release, while a Lease has a holder,", () => {
  test("refuses when the holder renews it, and is not refused with --force", async () => {
    await left("app");
    const stop = await leads("pod-1", 200);
    const { status, err } = await release("-n", "team-a", "app", "--yes");
    expect([status, err]).toEqual([
      1,
      expect.stringContaining("a controller runs: pod-1 has acquired or renewed Lease"),
    ]);
    expect(await names(PROFILES)).toEqual(["app"]);
    expect((await release("-n", "team-a", "app", "--yes", "--force")).status).toBe(0);
    await stop();
    expect(await names(PROFILES)).toEqual([]);
  });

  test("waits for its duration, and releases when the holder is gone", async () => {
    await left("app");
    await leads("pod-1");
    const { status, err } = await release("-n", "team-a", "app", "--yes");
    expect([status, err]).toEqual([0, expect.stringContaining("waiting 1 s for a renewal")]);
    expect(await names(PROFILES)).toEqual([]);
  });
});
