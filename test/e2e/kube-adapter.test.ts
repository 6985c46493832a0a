import { readFile } from "node:fs/promises";
import { describe } from "vitest";
import { parse } from "yaml";
import { kubeAdapterContract, type ServerUnderTest } from "../contract/kube-adapter/suite.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
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
    compact: () => compact(etcd),
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

/** By etcd's JSON gateway: https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/ */
async function compact(etcd: string): Promise<void> {
  const range = { key: btoa("/"), limit: 1 };
  const { header } = (await post(`${etcd}/v3/kv/range`, range)) as { readonly header: { readonly revision: string } };
  await post(`${etcd}/v3/kv/compaction`, { revision: header.revision, physical: true });
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
