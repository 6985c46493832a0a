import { expect, test } from "vitest";
import { OWN_ACCOUNT } from "../../../src/controller/classes/class-binding.ts";
import { shardGuard, shardOfAccount } from "../../../src/controller/shards/sharded-controller.ts";

const sharding = { shards: 6, ownAccountId: "123456789012" };
const ids = Array.from({ length: 60 }, (_, i) => String(200_000_000_000 + i));

test("a write to AWS is refused for an account of another shard, and for every account without the Lease", () => {
  const own = "200000000000";
  let isLeading = true;
  const assertLeading = (): void => {
    if (!isLeading) throw new Error("not leading");
  };
  const leadership = { mayWrite: () => isLeading, assertLeading };
  const guard = shardGuard({ hasAccount: (key) => key === own }, leadership);
  expect(() => guard(own)).not.toThrow();
  expect(() => guard("200000000001")).toThrow("does not hold the Lease of the shard of account 200000000001");
  expect(() => guard(OWN_ACCOUNT)).toThrow("does not hold the Lease");
  isLeading = false;
  expect(() => guard(own)).toThrow("not leading");
});

test("the shard of an account is that of its id, and what has no account has the shard of the controller's own", () => {
  const own = shardOfAccount("123456789012", sharding);
  expect(shardOfAccount(OWN_ACCOUNT, sharding)).toBe(own);
  expect(shardOfAccount(undefined, sharding)).toBe(own);
  const shards = ids.map((id) => shardOfAccount(id, sharding));
  expect(new Set(shards)).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  // Every replica, also of a later version, must come to the same.
  expect(shards.slice(0, 8)).toEqual([3, 5, 0, 0, 4, 1, 5, 1]);
});
