import { type KubeCluster, loadKubeConfig } from "../kube/kube-config.ts";
import { systemClock } from "../runtime/clock.ts";
import type { CommandIo } from "./io.ts";
import type { GivenOptions, OptionSpecs } from "./options.ts";

/** Options that select the cluster, named as kubectl names them. */
export const CLUSTER_OPTIONS: OptionSpecs = {
  kubeconfig: { type: "string", value: "FILE", help: "kubeconfig to use" },
  context: { type: "string", value: "NAME", help: "context of the kubeconfig; default: its current context" },
};

/** Returns the cluster that the options select, else the one of the environment. Errors: those of {@link loadKubeConfig}. */
export function clusterOf(given: GivenOptions, env: CommandIo["env"]): KubeCluster {
  const [path, context] = [given.text("kubeconfig"), given.text("context")];
  return loadKubeConfig({
    ...(path !== undefined && { path }),
    ...(context !== undefined && { context }),
    env,
    clock: systemClock,
  });
}
