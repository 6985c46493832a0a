import { describe, test } from "vitest";
import { describeAdapterContract } from "./adapter-contract.ts";

// Another AWS, by hand: moto, or an account whose credentials the environment has. It makes and deletes roles, profiles
// and policies called contract-*.
const endpoint = process.env["CONTRACT_AWS_ENDPOINT"];

if (endpoint === undefined) {
  describe("the AWS adapter against another AWS", () => {
    test.skip("not asked for: set CONTRACT_AWS_ENDPOINT, and AWS credentials, to run it", () => {});
  });
} else {
  describeAdapterContract(endpoint, async () => ({ endpoint, close: async () => {} }));
}
