import { createHash } from "node:crypto";
import { OWN_ACCOUNT } from "../classes/class-binding.ts";

/** How the AWS accounts are divided into shards. All replicas of a group must agree on it. */
export interface Sharding {
  /** The number of shards. */
  readonly shards: number;
  /** The account of the controller's own credentials. */
  readonly ownAccountId: string;
}

/**
 * The shard of an account, by its key. What has no valid account belongs to the shard of the controller's own account: objects that need a
 * class and have none, and invalid classes.
 */
export function shardOfAccount(accountKey: string | undefined, { shards, ownAccountId }: Sharding): number {
  const accountId = accountKey === undefined || accountKey === OWN_ACCOUNT ? ownAccountId : accountKey;
  return createHash("sha256").update(accountId).digest().readUInt32BE() % shards;
}

/**
 * What the replicas of a group must agree on, as the holder of their common Lease. `scopeId` is the third part, as in every holder. The lease
 * duration, because each of them writes it, and the others rely on it when they stop renewing.
 */
export function groupIdentity({ shards, ownAccountId }: Sharding, scopeId: string, leaseDurationMs: number): string {
  return `${shards}-shards_${ownAccountId}_${scopeId}_${leaseDurationMs / 1_000}s`;
}
