import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

function template(chart: string, ...args: readonly string[]): readonly DeployedObject[] {
  const rendered = helm("template", RELEASE, chart, "--namespace", NAMESPACE, "--kube-version", "1.33.0", ...args);
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
