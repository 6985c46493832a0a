import {
  AssociateIamInstanceProfileCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DisassociateIamInstanceProfileCommand,
  EC2Client,
  type Instance,
  ReplaceIamInstanceProfileAssociationCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";

/** How instances are started. */
export interface Launch {
  readonly tags?: Readonly<Record<string, string>>;
  /** By name. */
  readonly profile?: string;
  readonly count?: number;
}

/** An instance as EC2 shows it, without its id. */
export interface AwsInstance {
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
  /** By name. */
  readonly profile: string | undefined;
}

/** Somebody else's hand on the instances of one region, who works with EC2 as everybody does. */
export class Ec2User {
  readonly #ec2: EC2Client;

  constructor(endpoint: string, region: string) {
    const credentials = { accessKeyId: "outsider", secretAccessKey: "test" };
    this.#ec2 = new EC2Client({ endpoint, region, credentials });
  }

  /** Starts instances of an image that every AWS takes for one. */
  async run({ tags = {}, profile, count = 1 }: Launch = {}): Promise<readonly string[]> {
    const { Instances = [] } = await this.#ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-12c6146b",
        MinCount: count,
        MaxCount: count,
        ...(profile !== undefined && { IamInstanceProfile: { Name: profile } }),
        ...(Object.keys(tags).length > 0 && { TagSpecifications: [{ ResourceType: "instance", Tags: listed(tags) }] }),
      }),
    );
    return Instances.map(({ InstanceId = "" }) => InstanceId);
  }

  async runOne(launch: Launch = {}): Promise<string> {
    return (await this.run(launch))[0] ?? "";
  }

  async stop(id: string): Promise<void> {
    await this.#ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  }

  async start(id: string): Promise<void> {
    await this.#ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  }

  async terminate(...ids: readonly string[]): Promise<void> {
    await this.#ec2.send(new TerminateInstancesCommand({ InstanceIds: [...ids] }));
  }

  async tag(id: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#ec2.send(new CreateTagsCommand({ Resources: [id], Tags: listed(tags) }));
  }

  async untag(id: string, ...keys: readonly string[]): Promise<void> {
    await this.#ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: keys.map((Key) => ({ Key })) }));
  }

  async associate(id: string, profile: string): Promise<void> {
    const input = { InstanceId: id, IamInstanceProfile: { Name: profile } };
    await this.#ec2.send(new AssociateIamInstanceProfileCommand(input));
  }

  async replace(id: string, profile: string): Promise<void> {
    const input = { AssociationId: await this.associationOf(id), IamInstanceProfile: { Name: profile } };
    await this.#ec2.send(new ReplaceIamInstanceProfileAssociationCommand(input));
  }

  async disassociate(id: string): Promise<void> {
    await this.#ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: await this.associationOf(id) }));
  }

  /** Every instance of the region. */
  async all(): Promise<readonly AwsInstance[]> {
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({}));
    return Reservations.flatMap(({ Instances = [] }) => Instances).map(seen);
  }

  /** The name of the profile that EC2 says the instance has. */
  async profileOf(id: string): Promise<string | undefined> {
    return (await this.#one(id)).profile;
  }

  async tagsOf(id: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#one(id)).tags;
  }

  close(): void {
    this.#ec2.destroy();
  }

  async #one(id: string): Promise<AwsInstance> {
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return seen(Reservations[0]?.Instances?.[0] ?? {});
  }

  /** The id of the instance's association; empty without one. */
  async associationOf(id: string): Promise<string> {
    const Filters = [{ Name: "instance-id", Values: [id] }];
    const reply = await this.#ec2.send(new DescribeIamInstanceProfileAssociationsCommand({ Filters }));
    return reply.IamInstanceProfileAssociations?.[0]?.AssociationId ?? "";
  }
}

function seen({ State, Tags = [], IamInstanceProfile }: Instance): AwsInstance {
  return {
    state: State?.Name ?? "",
    tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    profile: IamInstanceProfile?.Arn?.split("/").at(-1),
  };
}

function listed(tags: Readonly<Record<string, string>>): { readonly Key: string; readonly Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
