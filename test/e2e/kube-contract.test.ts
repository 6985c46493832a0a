import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { Agent, fetch as undiciFetch } from "undici";
import { describe } from "vitest";
import type { KubeServerUnderTest } from "../contract/kube/client.ts";
import { kubeContract } from "../contract/kube/suite.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { openKubeApi } from "../support/kube-api.ts";

const { adminKubeconfig, etcdUrl } = e2eEnvironment();
const alone = "kube-apiserver alone runs no controller-manager";

describe.skipIf(adminKubeconfig === undefined)("on a real cluster", () => {
  kubeContract({
    name: "a kube-apiserver",
    open: () => open(adminKubeconfig ?? ""),
    skip: [
      {
        test: "says 410 in the stream when the resourceVersion is forgotten",
        reason: "its watch cache outlives etcd's",
      },
      ...(etcdUrl === undefined
        ? []
        : [
            { test: "deletes what names a deleted object as its only owner", reason: alone },
            {
              test: "keeps an owner that is deleted in the foreground until what it blocks for is gone",
              reason: alone,
            },
            { test: "lets go of what an orphaning deletion leaves", reason: alone },
            { test: "deletes what is in a namespace before the namespace", reason: alone },
          ]),
    ],
  });
});

async function open(kubeconfig: string): Promise<KubeServerUnderTest> {
  const { url, certificateAuthority } = openKubeApi(kubeconfig);
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const credentials = options.headers as Record<string, string>;
  const connect = certificateAuthority === "" ? {} : { ca: certificateAuthority };
  const dispatcher = new Agent({
    connect: { ...connect, cert: options.cert?.toString(), key: options.key?.toString() },
  });
  return {
    fetch: async (path, { headers, ...init }) => {
      const sent = { ...init, headers: { ...headers, ...credentials }, dispatcher };
      return (await undiciFetch(`${url}${path}`, sent as object)) as unknown as Response;
    },
    // A watch that is still open would hold up a graceful close.
    close: () => dispatcher.destroy(),
  };
}
