import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type KubeApi, startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { ack } from "../../support/declarations/ack.ts";
import { crossplane } from "../../support/declarations/crossplane.ts";
import { EC2_TRUST, SSM } from "../../support/declarations/policies.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { runCli } from "./run-cli.ts";

/** What a cluster has installed: the policies of ACK, and all of Crossplane's objects of the cluster, are missing. */
const KINDS = [
  ["iam.services.k8s.aws", "v1alpha1", "Role", "roles"],
  ["iam.services.k8s.aws", "v1alpha1", "InstanceProfile", "instanceprofiles"],
  ["iam.aws.m.upbound.io", "v1beta1", "Role", "roles"],
  ["iam.aws.m.upbound.io", "v1beta1", "RolePolicy", "rolepolicies"],
  ["iam.aws.m.upbound.io", "v1beta1", "RolePolicyAttachment", "rolepolicyattachments"],
  ["iam.aws.m.upbound.io", "v1beta1", "InstanceProfile", "instanceprofiles"],
] as const;

const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
const definitions = KINDS.map(([group, version, kind, plural]) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [{ name: version, served: true, storage: true, schema }],
  },
}));

let [folder, kubeconfig]: string[] = [];
let kube: KubeApi;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "import-"));
  kubeconfig = join(folder, "kubeconfig");
  kube = await startKubeApi({ definitions });
  writeFileSync(kubeconfig, kube.kubeconfig());
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "apps" } };
  await plainKubeApi(kube.url).expectOk({ method: "POST", path: "/api/v1/namespaces", body: space });
});
afterAll(async () => {
  await kube.close();
  rmSync(folder ?? "", { recursive: true, force: true });
});

interface Made {
  readonly apiVersion: string;
  readonly kind: string;
}

async function create(object: object): Promise<void> {
  const { apiVersion, kind } = object as Made;
  const plural = KINDS.find(([group, , name]) => apiVersion.startsWith(`${group}/`) && name === kind)?.[3];
  const path = `/apis/${apiVersion}/namespaces/apps/${plural}`;
  await plainKubeApi(kube.url).expectOk({ method: "POST", path, body: object as never });
}

test("the objects of ACK are read through the kubeconfig and keep their namespace", async () => {
  await create(ack("Role", "web", { name: "web", assumeRolePolicyDocument: EC2_TRUST, policies: [SSM] }));
  await create(ack("InstanceProfile", "web", { name: "web-profile", roleRef: { from: { name: "web" } } }));
  const { status, out, err } = await runCli(["export", "--from-cluster", "ack", "--kubeconfig", kubeconfig ?? ""]);
  expect({ status, err }).toEqual({ status: 0, err: "1 of 1 instance profiles exported from the cluster\n" });
  expect(parseAllDocuments(out)[0]?.toJS()).toMatchObject({
    metadata: { name: "web", namespace: "apps" },
    spec: { roleName: "web", instanceProfileName: "web-profile", managedPolicyArns: [SSM] },
  });
  expect(out).toContain("services.k8s.aws/deletion-policy=retain");
});

test("the objects of Crossplane in namespaces are read where those of the cluster are not installed", async () => {
  const metadata = { namespace: "apps" };
  await create(crossplane("Role", "web", { assumeRolePolicy: EC2_TRUST }, metadata));
  await create(crossplane("InstanceProfile", "web", { roleRef: { name: "web" } }, metadata));
  await create(crossplane("RolePolicyAttachment", "web", { policyArn: SSM, roleRef: { name: "web" } }, metadata));
  const { status, out } = await runCli([
    "export",
    "--from-cluster",
    "crossplane",
    "--kubeconfig",
    kubeconfig ?? "",
    "-n",
    "b",
  ]);
  expect(status).toBe(0);
  expect(parseAllDocuments(out)[0]?.toJS()).toMatchObject({
    metadata: { name: "web", namespace: "b" },
    spec: { roleName: "web", managedPolicyArns: [SSM] },
  });
});

test("a cluster that cannot be reached is an error in words", async () => {
  const { status, out, err } = await runCli(["export", "--from-cluster", "ack", "--kubeconfig", "/does/not/exist"]);
  expect([status, out]).toEqual([1, ""]);
  expect(err).toContain("Cannot read kubeconfig /does/not/exist");
});
