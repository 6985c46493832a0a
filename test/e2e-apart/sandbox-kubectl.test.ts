import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "vitest";
import { type KubectlPlace, kubectlStories } from "../e2e/kubectl-stories.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { startSandboxCommand } from "../support/sandbox-command.ts";

describe("kubectl in the sandbox", () => kubectlStories(openSandbox));

async function openSandbox(): Promise<KubectlPlace> {
  const folder = await mkdtemp(join(e2eEnvironment().folder, "kubectl-"));
  const sandbox = await startSandboxCommand(folder);
  return {
    kubeconfig: sandbox.kubeconfig,
    namespace: "default",
    prefix: "",
    folder,
    mayMakeClasses: true,
    close: () => sandbox.stop(),
  };
}
