import type { InstanceReader } from "../../engine/instance-ports.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import type { Ec2Clients } from "../client/ec2-client.ts";
import type { EC2_WRITES } from "./ec2-commands.ts";
import type { createInstanceReader } from "./ec2-reader.ts";

/** All that talks to EC2. */
export interface Ec2 {
  readonly clients: Ec2Clients;
  readonly writes: typeof EC2_WRITES;
  readonly createInstanceReader: typeof createInstanceReader;
}

/**
 * EC2, from the first call on. Its SDK is by far the largest part of the program, and most of those who run it never ask EC2
 * anything: docs/scale.md has what it takes.
 */
export class Ec2OnDemand {
  readonly #open: () => Promise<Ec2>;
  #loaded: Promise<Ec2> | undefined;

  /** @param opens loads and makes it; called once */
  constructor(options: AwsClientOptions, opens: (options: AwsClientOptions) => Promise<Ec2> = open) {
    this.#open = () => opens(options);
  }

  /** Loads what is not loaded yet. To be awaited before a turn is asked for: it takes a while. */
  load(): Promise<Ec2> {
    this.#loaded ??= this.#open();
    return this.#loaded;
  }

  /** Closes the connections, where there are any. Whoever asked for what could not be loaded has been told. */
  destroy(): void {
    void this.#loaded?.then(
      ({ clients }) => clients.destroy(),
      () => {},
    );
  }
}

async function open(options: AwsClientOptions): Promise<Ec2> {
  const [client, reader, writes] = await Promise.all([
    import("../client/ec2-client.ts"),
    import("./ec2-reader.ts"),
    import("./ec2-commands.ts"),
  ]);
  return {
    clients: client.createEc2Clients(options),
    writes: writes.EC2_WRITES,
    createInstanceReader: reader.createInstanceReader,
  };
}

/** Reads that load EC2 when there is one to make. */
export function instanceReaderOnDemand(ec2: Ec2OnDemand, call: AwsCaller): InstanceReader {
  const load = async (): Promise<InstanceReader> => {
    const { clients, createInstanceReader } = await ec2.load();
    return createInstanceReader(clients, call);
  };
  return {
    readRegion: async (region, signal) => (await load()).readRegion(region, signal),
    findUsers: async (profileArn, region, signal) => (await load()).findUsers(profileArn, region, signal),
  };
}
