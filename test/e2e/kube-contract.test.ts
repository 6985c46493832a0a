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
const before133 = "servers up to 1.32";

/** What servers of 1.32, and those before, do otherwise. */
const differencesOf132 = [
  {
    test: "keeps a field that a rule calls immutable",
    reason: `${before133} show the value's type instead of the value`,
  },
  { test: "refuses to read a state that is yet to come", reason: `${before133} hand on what etcd says, as a 500` },
  { test: "refuses a list with resourceVersion=abc", reason: `${before133} answer with a 500` },
];

/** The 32 of 1.32; NaN when there is no server. */
async function minorVersion(): Promise<number> {
  if (adminKubeconfig === undefined) return Number.NaN;
  const { minor } = await openKubeApi(adminKubeconfig).expectOk({ method: "GET", path: "/version" });
  return Number.parseInt(String(minor), 10);
}

const minor = await minorVersion();

describe.skipIf(adminKubeconfig === undefined)("on a real cluster", () => {
  kubeContract({
    name: "a kube-apiserver",
    open: () => open(adminKubeconfig ?? ""),
    skip: [
      {
        test: "says 410 in the stream when the resourceVersion is forgotten",
        reason: "its watch cache outlives etcd's",
      },
      ...(minor <= 32 ? differencesOf132 : []),
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
