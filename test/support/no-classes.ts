import { AccountRegistry } from "../../src/engine/accounts/account-registry.ts";
import type { AwsAccount } from "../../src/engine/accounts/aws-account.ts";
import type { ListWatch } from "../../src/runtime/watch/list-watch.ts";

/** The controller's own account, and no other. */
export function onlyAccount(account: AwsAccount): AccountRegistry {
  return new AccountRegistry({
    own: {
      account,
      identity: {
        accountId: async () => "123456789012",
        place: async () => ({ accountId: "123456789012", partition: "aws" }),
        renew: async () => {},
      },
    },
    open: () => {
      throw new Error("there are no classes");
    },
    monotonicMs: () => 0,
  });
}

/** A kind of which there are no objects and never will be; asks nobody. */
export const NOTHING_TO_WATCH: ListWatch = {
  list: async () => ({ items: [], resourceVersion: "1" }),
  async *watch({ signal }) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  },
  faultOf: () => ({ kind: "unavailable" }),
};
