import type { InstanceReader } from "../../engine/instance-ports.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import type { AwsClientOptions } from "../client/client-config.ts";
import type { Ec2Clients } from "../client/ec2-client.ts";
import type { EC2_WRITES } from "./ec2-commands.ts";
import type { createInstanceReader } from "./ec2-reader.ts";

/** Everything that calls EC2. */
export interface Ec2 {
  readonly clients: Ec2Clients;
  readonly writes: typeof EC2_WRITES;
  readonly createInstanceReader: typeof createInstanceReader;
}

/**
 * Loads the EC2 client on first use. Its SDK is by far the largest part of the program, and most installations never call EC2;
 * see docs/explanation/scale.md.
 */
export class Ec2OnDemand {
  readonly #open: () => Promise<Ec2>;
  #loaded: Promise<Ec2> | undefined;

  /** @param opens loads and creates it; called once */
  constructor(options: AwsClientOptions, opens: (options: AwsClientOptions) => Promise<Ec2> = open) {
    this.#open = () => opens(options);
  }

  /** Loads EC2 unless it is loaded. Await it before acquiring a rate limiter token, because it takes a while. */
  load(): Promise<Ec2> {
    this.#loaded ??= this.#open();
    return this.#loaded;
  }

  /** Closes the connections. Load errors were reported to the caller of `load`. */
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

/** Creates a reader that loads EC2 on its first read. */
export function instanceReaderOnDemand(ec2: Ec2OnDemand, call: AwsCaller): InstanceReader {
  const load = async (): Promise<InstanceReader> => {
    const { clients, createInstanceReader } = await ec2.load();
    return createInstanceReader(clients, call);
  };
  return {
    readRegion: async (region, signal) => (await load()).readRegion(region, signal),
    findUsers: async (profileArn, region, signal) => (await load()).findUsers(profileArn, region, signal),
    listRegions: async (home, signal) => (await load()).listRegions(home, signal),
    listAssociations: async (region, signal) => (await load()).listAssociations(region, signal),
    listLaunchTemplates: async (region, signal) => (await load()).listLaunchTemplates(region, signal),
  };
}
