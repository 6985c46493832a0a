import { ClassDirectory } from "../../src/controller/class-directory.ts";
import { AccountDirectory } from "../../src/engine/account-directory.ts";
import type { AwsAccount } from "../../src/engine/aws-account.ts";
import { CLUSTER_ID } from "./builders.ts";

/** A cluster without InstanceProfileClasses. */
export function noClasses(): ClassDirectory {
  return new ClassDirectory({ classes: () => [], objects: () => [], clusterId: CLUSTER_ID });
}

/** The controller's own account, and no other. */
export function onlyAccount(account: AwsAccount): AccountDirectory {
  return new AccountDirectory({
    own: { account, identity: { accountId: async () => "123456789012" } },
    open: () => {
      throw new Error("there are no classes");
    },
    monotonicMs: () => 0,
  });
}
