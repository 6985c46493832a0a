import { describe } from "vitest";
import { leaderElectionContract } from "../contract/leader-election/suite.ts";
import { e2eEnvironment } from "../support/e2e-environment.ts";
import { openKubeApi } from "../support/kube-api.ts";

const { adminKubeconfig } = e2eEnvironment();

describe.skipIf(adminKubeconfig === undefined)("on a real cluster", () => {
  leaderElectionContract("a kube-apiserver", async () => ({
    kubeconfig: adminKubeconfig ?? "",
    admin: openKubeApi(adminKubeconfig),
    close: async () => {},
  }));
});
