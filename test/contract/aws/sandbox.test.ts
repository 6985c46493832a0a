import { startAwsSandbox } from "../../../src/sandbox/aws/server.ts";
import { iamContract } from "./suite.ts";

iamContract({
  name: "the sandbox's AWS",
  async open() {
    const sandbox = await startAwsSandbox();
    return { endpoint: sandbox.url, close: () => sandbox.close() };
  },
});
