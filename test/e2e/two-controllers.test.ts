import { readFile } from "node:fs/promises";
import { describe } from "vitest";
import { startAwsSandbox } from "../../src/sandbox/aws/server.ts";
import { grantElection } from "../support/deployed-account.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { openE2eSite, whyNoSite } from "../support/e2e-site.ts";
import { openKubeApi } from "../support/kube-api.ts";
import { type SharedPlace, twoControllersStories } from "./two-controllers-stories.ts";

const { adminKubeconfig, folder } = e2eEnvironment();
const why = whyNoSite();

/** The API server of the run, by the shipped RBAC; and the sandbox's AWS, which answers faster than moto. */
async function open(): Promise<SharedPlace> {
  const e2e = await openE2eSite();
  const aws = await startAwsSandbox();
  const admin = openKubeApi(adminKubeconfig);
  const { certificateAuthority, url } = admin;
  const { users } = JSON.parse(await readFile(e2e.account.kubeconfig, "utf8"));
  return {
    user: e2e.user,
    async newSite() {
      const namespace = await e2e.newNamespace();
      await grantElection(admin, namespace);
      const kube = { url, certificateAuthority };
      const token = users[0].user.token;
      return { kube, token, awsEndpoint: aws.url, leaseNamespace: namespace, namespace, folder };
    },
    async close() {
      await aws.close();
      await e2e.close();
    },
  };
}

describe.skipIf(why !== undefined)(`by the shipped RBAC${why ? ` (${why})` : ""}:`, () => {
  twoControllersStories("a real API server", open);
});
