import { startKubeApi } from "../../../src/sandbox/kube/server.ts";
import { kubeContract } from "./suite.ts";

kubeContract({
  name: "the sandbox",
  open: async () => {
    const api = await startKubeApi();
    return {
      fetch: (path, init) => fetch(`${api.url}${path}`, init),
      compact: async () => api.compact(),
      close: () => api.close(),
    };
  },
  skip: [
    {
      test: "merges keyed lists of different managers by their keys",
      reason: "both entries are there, but the applied one comes first and not last",
    },
  ],
});
