import { expect } from "vitest";
import { type Case, refusal } from "./harness.ts";

export const protocolCases: readonly Case[] = [
  {
    test: "refuses a call without a signature",
    async run(bench) {
      const body = new URLSearchParams({ Action: "ListRoles", Version: "2010-05-08" });
      const answer = await fetch(bench.iamEndpoint(), { method: "POST", body });
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain("<Code>MissingAuthenticationToken</Code>");
    },
  },
  {
    test: "refuses an IAM call signed for another region than the partition's home",
    async run(bench) {
      const call = bench.raw("ListRoles", {}, "eu-west-1");
      expect(await refusal(call)).toMatchObject({ code: "SignatureDoesNotMatch", status: 403 });
    },
  },
  {
    test: "answers an unknown action as the caller's mistake, in XML",
    async run(bench) {
      expect(await refusal(bench.raw("GetCoffee"))).toMatchObject({ code: "InvalidAction", status: 400 });
    },
  },
  {
    test: "answers a missing parameter as the caller's mistake",
    async run(bench) {
      expect(await refusal(bench.raw("GetRole"))).toMatchObject({ code: "ValidationError", status: 400 });
    },
  },
];
