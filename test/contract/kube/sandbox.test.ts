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
});
