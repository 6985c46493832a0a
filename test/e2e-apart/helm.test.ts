import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  DEPLOY_FOLDER,
  type DeployedObject,
  deployedCrds,
  deployedObjects,
} from "../contract/deploy/deployed-files.ts";
import { type ControlPlane, findControlPlane, startControlPlane } from "../support/control-plane.ts";
import { type KubeApi, openKubeApi } from "../support/kube-api.ts";
import { s3ReadOnly } from "../support/manifest.ts";

const source = findControlPlane(process.env);
const hasHelm = spawnSync("helm", ["version"]).error === undefined;
const CHART = join(DEPLOY_FOLDER, "chart");
const CRDS = join(DEPLOY_FOLDER, "chart-crds");
const NAMESPACE = "instance-profile-system";
const RELEASE = "instance-profile-controller";

/** The pod of `helm test`. */
interface TestPod {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly {
      readonly image: string;
      readonly command: readonly string[];
      readonly args: readonly string[];
    }[];
  };
}

/** Labels that say how an object was installed. */
const OF_HELM = /^helm\.sh\/|^app\.kubernetes\.io\/(?:instance|managed-by|version|part-of|name)$/;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "helm-"));
});
afterAll(() => rm(folder, { recursive: true }));

function helm(...args: readonly string[]): string {
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: process.env["HELM_TEST_KUBECONFIG"] };
  const { status, stdout, stderr } = spawnSync("helm", args, { encoding: "utf8", env, maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** `helm test`, which waits for its pod. */
function helmTest(): Promise<string> {
  const args = ["test", RELEASE, "--namespace", NAMESPACE, "--timeout", "60s"];
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: process.env["HELM_TEST_KUBECONFIG"] };
  return promisify(execFile)("helm", args, { env }).then(({ stdout }) => stdout);
}

function template(chart: string, ...args: readonly string[]): readonly DeployedObject[] {
  const rendered = helm(
    "template",
    RELEASE,
    chart,
    "--namespace",
    NAMESPACE,
    "--kube-version",
    "1.33.0",
    "--skip-tests",
    ...args,
  );
  return parseAllDocuments(rendered).flatMap((document) => (document.toJS() as DeployedObject | null) ?? []);
}

/** The objects by name, without the labels that only one way of installing sets. */
function byName(objects: readonly DeployedObject[]): Readonly<Record<string, unknown>> {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => !OF_HELM.test(key) && key !== "imagePullPolicy");
    const kept = entries.map(([key, member]) => [key, plain(member)] as const);
    return Object.fromEntries(kept.filter(([key, member]) => key !== "labels" || JSON.stringify(member) !== "{}"));
  };
  return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, plain(object)]));
}

describe("the Helm charts", { skip: !hasHelm }, () => {
  test.each([CHART, CRDS])("%s pass helm lint", (chart) => {
    expect(helm("lint", "--strict", chart)).toContain("0 chart(s) failed");
  });

  test("render the objects of the kustomize base, but for the namespace", () => {
    expect(byName(template(CHART))).toEqual(byName(deployedObjects().filter(({ kind }) => kind !== "Namespace")));
    expect(byName(template(CRDS))).toEqual(byName(deployedCrds()));
  });

  test("render no ClusterRole that reads objects for a controller of some namespaces", () => {
    const objects = template(CHART, "--set", "namespaces={team-a,team-b},clusterId=a");
    const roles = objects.filter(({ kind, metadata }) => kind === "Role" && metadata.name.endsWith("-objects"));
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(["team-a", "team-b"]);
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).not.toContain(`ClusterRole ${RELEASE}`);
  });

  test("say which value is wrong", () => {
    expect(() => template(CHART, "--set", "aws.accountId=111122223333")).toThrow(/accountId.*string/s);
    expect(() => template(CHART, "--set", "namespaces={team-a}")).toThrow(/clusterId/);
  });
});

describe("on a real API server", { skip: !hasHelm || source.kind !== "assets" }, () => {
  let controlPlane: ControlPlane;
  let api: KubeApi;
  const deployment = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${RELEASE}`;
  const profile = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles/s3-read-only";

  const replicas = async (): Promise<unknown> => {
    const { spec } = (await api.expectOk({ method: "GET", path: deployment })) as { spec?: { replicas?: number } };
    return spec?.replicas;
  };

  /** What `helm test` makes of the release: no kubelet runs its pod here, so the pod's script is run with what the pod has. */
  async function expectTested(): Promise<void> {
    const tested = helmTest();
    const inNamespace = `/api/v1/namespaces/${NAMESPACE}`;
    const podPath = `${inNamespace}/pods/${RELEASE}-test`;
    const pod = (await vi.waitFor(() => api.expectOk({ method: "GET", path: podPath }), 20_000)) as unknown as TestPod;
    const [container] = pod.spec.containers;
    expect(container?.image).toMatch(/^instance-profile-controller:/);
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    const path = `${inNamespace}/serviceaccounts/${pod.spec.serviceAccountName}/token`;
    const { status } = (await api.expectOk({ method: "POST", path, body })) as { status?: { token?: string } };
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, status?.token ?? "");
    const { hostname, port } = new URL(controlPlane.url);
    const env = {
      ...{ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, WAIT_SECONDS: "0" },
      ...{ TOKEN_FILE: tokenFile, NODE_EXTRA_CA_CERTS: controlPlane.caPath },
    };
    const run = () => {
      const args = [...(container?.command.slice(1) ?? []), ...(container?.args ?? [])];
      return spawnSync(process.execPath, args, { env, encoding: "utf8" });
    };
    const json = "application/merge-patch+json";
    const rolledOut = { status: { observedGeneration: 1, replicas: 2, availableReplicas: 2, readyReplicas: 2 } };
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining("not rolled out yet") });
    await api.expectOk({ method: "PATCH", path: `${deployment}/status`, body: rolledOut, contentType: json });
    // No controller has created the Lease.
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining(": 404 ") });
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
    const now = () => new Date().toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: "one", leaseDurationSeconds: 3_600, renewTime: now() };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: RELEASE }, spec };
    await api.expectOk({ method: "POST", path: leases, body: lease });
    expect(run()).toMatchObject({ status: 0, stdout: expect.stringContaining("a leader has renewed") });
    const ended = { spec: { leaseDurationSeconds: 1, renewTime: "2026-01-01T00:00:00.000000Z" } };
    await api.expectOk({ method: "PATCH", path: `${leases}/${RELEASE}`, body: ended, contentType: json });
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining("no replica is the leader") });
    const succeeded = { status: { phase: "Succeeded" } };
    await api.expectOk({ method: "PATCH", path: `${podPath}/status`, body: succeeded, contentType: json });
    expect(await tested).toContain("Succeeded");
    expect((await api.request({ method: "GET", path: path.replace(/\/token$/, "") })).status).toBe(404);
  }

  beforeAll(async () => {
    if (source.kind !== "assets") return;
    controlPlane = await startControlPlane({ assetsDir: source.assetsDir });
    process.env["HELM_TEST_KUBECONFIG"] = controlPlane.adminKubeconfig;
    api = openKubeApi(controlPlane.adminKubeconfig);
  });
  afterAll(() => controlPlane?.stop());

  test("the charts are installed, upgraded, rolled back and uninstalled, and leave CRDs and objects as they are", async () => {
    const inNamespace = ["--namespace", NAMESPACE, "--create-namespace"];
    helm("upgrade", "--install", "instance-profile-crds", CRDS, ...inNamespace);
    helm("upgrade", "--install", RELEASE, CHART, ...inNamespace);
    expect(await replicas()).toBe(2);
    await expectTested();
    helm("upgrade", RELEASE, CHART, ...inNamespace, "--set", "replicaCount=3");
    expect(await replicas()).toBe(3);
    helm("rollback", RELEASE, "1", "--namespace", NAMESPACE);
    expect(await replicas()).toBe(2);

    const object = s3ReadOnly({ name: "s3-read-only", namespace: "default" });
    const metadata = { ...(object["metadata"] as object), finalizers: ["iam.instanceprofile.dev/cleanup"] };
    const path = profile.replace(/\/s3-read-only$/, "");
    await api.expectOk({ method: "POST", path, body: { ...object, metadata } });
    helm("uninstall", RELEASE, "--namespace", NAMESPACE);
    helm("uninstall", "instance-profile-crds", "--namespace", NAMESPACE);
    expect((await api.request({ method: "GET", path: deployment })).status).toBe(404);
    const kept = (await api.expectOk({ method: "GET", path: profile })) as { metadata?: Record<string, unknown> };
    expect(kept.metadata).toMatchObject({ finalizers: metadata.finalizers });
    expect(kept.metadata).not.toHaveProperty("deletionTimestamp");
    // And a later installation takes them over.
    helm("upgrade", "--install", "instance-profile-crds", CRDS, ...inNamespace);
    await api.expectOk({ method: "GET", path: profile });
  });
});
