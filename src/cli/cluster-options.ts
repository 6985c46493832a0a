import { type KubeCluster, loadKubeConfig } from "../kube/kube-config.ts";
import { systemClock } from "../runtime/clock.ts";
import type { CommandIo } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** Which cluster is meant, as kubectl has it. */
export const CLUSTER_OPTIONS: OptionSpecs = {
  kubeconfig: { type: "string", value: "FILE", help: "kubeconfig to use" },
  context: { type: "string", value: "NAME", help: "context of the kubeconfig; default: its current one" },
};

/** The cluster that the options name, else the environment. Errors: those of {@link loadKubeConfig}. */
export function clusterOf(given: GivenOptions, env: CommandIo["env"]): KubeCluster {
  const [path, context] = [given.text("kubeconfig"), given.text("context")];
  return loadKubeConfig({
    ...(path !== undefined && { path }),
    ...(context !== undefined && { context }),
    env,
    clock: systemClock,
  });
}
