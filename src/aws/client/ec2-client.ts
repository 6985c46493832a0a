import { EC2Client } from "@aws-sdk/client-ec2";
import { type AwsClientOptions, commonClientConfig } from "./client-config.ts";
import { addHooks } from "./middleware.ts";
import { parseInSlices } from "./parse-in-slices.ts";

/** One EC2 client per region, created on first use. */
export interface Ec2Clients {
  of(region: string): EC2Client;
  /** Closes the kept-alive connections of all clients. */
  destroy(): void;
}

/** Creates EC2 clients that resolve credentials and endpoint as the SDK does and send each request once. */
export function createEc2Clients(options: AwsClientOptions): Ec2Clients {
  const clients = new Map<string, EC2Client>();
  return {
    of(region) {
      const known = clients.get(region);
      if (known !== undefined) return known;
      const client = new EC2Client(commonClientConfig({ ...options, region }));
      addHooks(client, "EC2", options);
      parseInSlices(client, "item");
      clients.set(region, client);
      return client;
    },
    destroy() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };
}
