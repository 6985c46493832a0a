import { EC2Client } from "@aws-sdk/client-ec2";
import { askBeforeWrites } from "./ask-before-writes.ts";
import { type AwsClientOptions, commonClientConfig } from "./client-config.ts";
import { nameUnansweredHost } from "./no-reply.ts";
import { tellReplies } from "./tell-replies.ts";

/** EC2 is one service per region: a client for each that is asked for, made once. */
export interface Ec2Clients {
  of(region: string): EC2Client;
  /** Closes the kept-alive connections of all of them. */
  destroy(): void;
}

/** Clients with the SDK's own resolution of credentials and endpoint, that send each request once. */
export function createEc2Clients(options: AwsClientOptions): Ec2Clients {
  const clients = new Map<string, EC2Client>();
  return {
    of(region) {
      const known = clients.get(region);
      if (known !== undefined) return known;
      const client = new EC2Client(commonClientConfig({ ...options, region }));
      // The hooks see every request alike; the stacks of two services are of types that the compiler keeps apart.
      const hooked = client as unknown as Parameters<typeof nameUnansweredHost>[0];
      nameUnansweredHost(hooked);
      if (options.assertMayWrite !== undefined) askBeforeWrites(hooked, options.assertMayWrite);
      if (options.onReply !== undefined) tellReplies(hooked, "EC2", options.onReply);
      clients.set(region, client);
      return client;
    },
    destroy() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}
