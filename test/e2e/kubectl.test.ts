import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "vitest";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { openE2eSite, TEST_CREDENTIALS, TEST_REGION, whyNoSite } from "../support/e2e-site.ts";
import { PROGRAM } from "../support/program.ts";
import { startProcess } from "../support/run-process.ts";
import { type KubectlPlace, kubectlStories } from "./kubectl-stories.ts";

const READY_WITHIN_MS = 30_000;
const why = whyNoSite();

describe.skipIf(why !== undefined)(`kubectl on a real API server${why ? ` (${why})` : ""}`, () =>
  kubectlStories(openRealCluster),
);

async function openRealCluster(): Promise<KubectlPlace> {
  const { adminKubeconfig = "" } = e2eEnvironment();
  const folder = await mkdtemp(join(e2eEnvironment().folder, "kubectl-"));
  const site = await openE2eSite();
  const namespace = await site.newNamespace();
  const args = [PROGRAM, "run", "--kubeconfig", site.account.kubeconfig, "--namespace", namespace];
  const logFile = join(folder, "controller.log");
  const controller = startProcess(process.execPath, args, {
    logFile,
    env: {
      AWS_ENDPOINT_URL: site.awsEndpoint,
      AWS_REGION: TEST_REGION,
      AWS_ACCESS_KEY_ID: TEST_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: TEST_CREDENTIALS.secretAccessKey,
    },
  });
  const hasStarted = async (): Promise<true | undefined> =>
    (await readFile(logFile, "utf8")).includes("controller started") || undefined;
  await controller.untilReady(hasStarted, READY_WITHIN_MS);
  return {
    kubeconfig: adminKubeconfig,
    namespace,
    prefix: `${site.prefix}-`,
    folder,
    async close() {
      await controller.stop();
      await site.close();
    },
  };
}
