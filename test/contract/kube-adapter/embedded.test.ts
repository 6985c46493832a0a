import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { kubeAdapterContract } from "./suite.ts";

const crdFile = "crds/iam.instanceprofile.dev_instanceprofiles.yaml";

kubeAdapterContract("the embedded API server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kube-adapter-"));
  const api = await startKubeApi({ definitions: [parse(await readFile(crdFile, "utf8"))] });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, api.kubeconfig());
  return {
    kubeconfig,
    compact: async () => api.compact(),
    pageAfterCompact: ["expired"],
    streamsLists: ["streams"],
    close: async () => {
      await api.close();
      await rm(folder, { recursive: true });
    },
  };
});
