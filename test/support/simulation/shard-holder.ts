import { shardOfAccount } from "../../../src/controller/shards/sharded-controller.ts";
import { OWN_ACCOUNT_ID } from "./replica-shards.ts";
import type { SimulatedServers } from "./simulated-servers.ts";
import type { WireCall } from "./simulated-wire.ts";

const CLASSES = "/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses";

/** True when the replica holds the lease of the shard of the account that the call writes to, or whose object it writes. */
export function holdsShardOf(servers: SimulatedServers, shards: number, call: WireCall, replica: string): boolean {
  const account = call.server === "aws" ? accountOfKey(servers, call.accessKeyId) : accountOfObject(servers, call.path);
  const shard = shardOfAccount(account, { shards, ownAccountId: OWN_ACCOUNT_ID });
  return servers.shardLease(shard).holder.split("_")[1] === replica && servers.lease.holder.startsWith(`${shards}-`);
}

function accountOfKey({ aws }: SimulatedServers, accessKeyId = ""): string {
  return aws.cloud.session(accessKeyId)?.account.settings.accountId ?? OWN_ACCOUNT_ID;
}

function accountOfObject(servers: SimulatedServers, path: string): string {
  const { className = "" } = specOf(servers, path.replace(/\/status$/, ""));
  const { account } = specOf(servers, `${CLASSES}/${className}`);
  return account?.id ?? OWN_ACCOUNT_ID;
}

function specOf(servers: SimulatedServers, path: string): { className?: string; account?: { id: string } } {
  const asked = { method: "GET", path, query: new URLSearchParams(), contentType: "", body: "" };
  const said = servers.askKube(asked);
  return (said.kind === "whole" && (said.body as { spec?: object }).spec) || {};
}
