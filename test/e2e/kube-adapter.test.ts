import { readFile } from "node:fs/promises";
import { describe } from "vitest";
import { parse } from "yaml";
import { kubeAdapterContract, type ServerUnderTest } from "../contract/kube-adapter/suite.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { compactEtcd } from "../support/etcd.ts";
import { openKubeApi } from "../support/kube-api.ts";

const { adminKubeconfig, etcdUrl } = e2eEnvironment();
const crdFile = "crds/iam.instanceprofile.dev_instanceprofiles.yaml";

// Only on an API server of our own: forgetting its past would upset whoever else watches it.
describe.skipIf(adminKubeconfig === undefined || etcdUrl === undefined)("on a real cluster", () => {
  kubeAdapterContract("a kube-apiserver", () => open(adminKubeconfig ?? "", etcdUrl ?? ""));
});

async function open(kubeconfig: string, etcd: string): Promise<ServerUnderTest> {
  const api = openKubeApi(kubeconfig);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const created = await api.request({ method: "POST", path, body: parse(await readFile(crdFile, "utf8")) });
  if (created.status !== 201 && created.status !== 409) throw new Error(String(created.body["message"]));
  await served(api, "/apis/iam.instanceprofile.dev/v1beta1/instanceprofiles");
  return {
    kubeconfig,
    compact: () => compactEtcd(etcd),
    pageAfterCompact: ["expired", "served"],
    streamsLists: ["streams", "rejected"],
    close: async () => {},
  };
}

async function served(api: ReturnType<typeof openKubeApi>, path: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await api.request({ method: "GET", path })).status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${path} is not served although its CRD was created`);
}
