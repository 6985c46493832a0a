import { expect } from "vitest";
import { type Case, rawCall } from "./harness.ts";

const iam = { service: "iam", region: "us-east-1" };

export const protocolCases: readonly Case[] = [
  {
    test: "refuses a call without a signature",
    async run({ endpoint }) {
      const answer = await rawCall(endpoint, { Action: "ListRoles", Version: "2010-05-08" });
      expect(answer.status).toBe(403);
      expect(answer.body).toContain("<Code>MissingAuthenticationToken</Code>");
    },
  },
  {
    test: "refuses an IAM call signed for another region than the partition's home",
    async run({ endpoint }) {
      const scope = { service: "iam", region: "eu-west-1" };
      const answer = await rawCall(endpoint, { Action: "ListRoles", Version: "2010-05-08" }, scope);
      expect(answer.status).toBe(403);
      expect(answer.body).toContain("<Code>SignatureDoesNotMatch</Code>");
    },
  },
  {
    test: "answers an unknown action as the caller's mistake, in XML",
    async run({ endpoint }) {
      const answer = await rawCall(endpoint, { Action: "MakeCoffee", Version: "2010-05-08" }, iam);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain("<Code>InvalidAction</Code>");
    },
  },
  {
    test: "answers a missing parameter as the caller's mistake",
    async run({ endpoint }) {
      const answer = await rawCall(endpoint, { Action: "GetRole", Version: "2010-05-08" }, iam);
      expect(answer.status).toBe(400);
      expect(answer.body).toContain("<Code>ValidationError</Code>");
    },
  },
];
