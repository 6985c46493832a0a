import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BackgroundProcess, startProcess } from "./run-process.ts";

const CONTROLLERS = ["namespace-controller", "garbage-collector-controller"];

/** Where kube-controller-manager is; undefined when it is not beside the API server. */
export function findControllerManager(assetsDir: string): string | undefined {
  const file = join(assetsDir, "kube-controller-manager");
  return existsSync(file) ? file : undefined;
}

/** Starts what ends namespaces and collects garbage in a cluster; nothing that runs pods. */
export function startControllerManager(file: string, kubeconfig: string, folder: string): BackgroundProcess {
  const flags = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
  return startProcess(file, [...flags, `--controllers=${CONTROLLERS.join()}`], {
    logFile: join(folder, "kube-controller-manager.log"),
  });
}
