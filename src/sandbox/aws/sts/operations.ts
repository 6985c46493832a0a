import type { Operations } from "../handler.ts";
import { assumeRole } from "./assume-role.ts";

/** Who am I, and become someone else. */
export const stsOperations: Operations = {
  GetCallerIdentity: {
    kind: "read",
    handle: ({ account, caller }) => ({ Arn: caller.arn, UserId: caller.userId, Account: account.settings.accountId }),
  },
  AssumeRole: { kind: "read", handle: assumeRole },
};
