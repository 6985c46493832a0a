// Loaded now, because virtual time does not wait for what the product loads on demand.
import "../../../src/aws/client/ec2-client.ts";
import "../../../src/aws/ec2/ec2-reader.ts";
import "../../../src/aws/ec2/ec2-commands.ts";
import type { ObjectKey } from "../../../src/engine/ports.ts";
import { ec2Trust, must } from "../../unit/sandbox/aws/in-process.ts";
import { CLUSTER_ID } from "../builders.ts";
import { s3ReadOnly } from "../manifest.ts";
import type { Replica, ReplicaOptions } from "./replica.ts";
import { Simulation } from "./simulation.ts";

const MINUTE_MS = 60_000;
const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1";
const TAGS = "iam.instanceprofile.dev/";

type Fields = Readonly<Record<string, unknown>>;

/** Owner tags of this cluster, as somebody in AWS can write them. */
export interface TagDraft {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** A controller with account scans, objects in sync, and hands that lose finalizers or write tags. */
export class OrphanWorld {
  readonly sim: Simulation = new Simulation();
  replica: Replica;

  private constructor(options: ReplicaOptions) {
    this.replica = this.sim.start({ isSweeping: true, ...options });
  }

  /** With these objects in namespace `default`, in sync, long after the last write. */
  static async open(
    options: ReplicaOptions = {},
    names: readonly string[] = ["app", "bystander"],
  ): Promise<OrphanWorld> {
    const world = new OrphanWorld(options);
    await world.sim.run(1_000);
    for (const name of names) await world.apply(name);
    await world.sim.run(12 * MINUTE_MS);
    return world;
  }

  key(name: string, namespace = "default"): ObjectKey {
    return { namespace, name };
  }

  apply(name: string, spec: Fields = {}, metadata: Fields = {}): Promise<void> {
    return this.sim.apply(s3ReadOnly(this.key(name), spec, metadata));
  }

  /** The object goes in the moment after something has taken its finalizers off. */
  async lose(name: string, namespace = "default"): Promise<void> {
    const path = `${PROFILES}/namespaces/${namespace}/instanceprofiles/${name}`;
    const api = this.sim.servers.kubeApi();
    const body = { metadata: { finalizers: null } };
    await api.expectOk({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
    await api.expectOk({ method: "DELETE", path });
  }

  /** Through so many account scans. */
  async scans(count: number): Promise<void> {
    await this.sim.run(count * 11.5 * MINUTE_MS);
  }

  /** A new process instead of the one that runs. */
  async restart(options: ReplicaOptions = {}): Promise<void> {
    this.replica.kill();
    this.replica = this.sim.start({ isSweeping: true, ...options });
    await this.sim.run(1_000);
  }

  async uid(name: string): Promise<string> {
    return (await this.sim.object(this.key(name)))?.metadata.uid ?? "";
  }

  /** Somebody in AWS makes a role with such tags. */
  async role(roleName: string, draft: TagDraft | "none"): Promise<void> {
    await this.iam("CreateRole", {
      RoleName: roleName,
      AssumeRolePolicyDocument: ec2Trust,
      ...(draft === "none" ? {} : tagParams(draft)),
    });
  }

  /** Somebody in AWS writes such tags on a role that is there. */
  async tag(roleName: string, draft: TagDraft): Promise<void> {
    await this.iam("TagRole", { RoleName: roleName, ...tagParams(draft) });
  }

  /** Somebody starts an instance, with this profile or with these tags. */
  async launch(instanceProfile: string | undefined, tags: Readonly<Record<string, string>> = {}): Promise<void> {
    const tagged = Object.entries(tags).flatMap(([key, value], i) => [
      ["TagSpecification.1.ResourceType", "instance"],
      [`TagSpecification.1.Tag.${i + 1}.Key`, key],
      [`TagSpecification.1.Tag.${i + 1}.Value`, value],
    ]);
    const params = {
      ...{ ImageId: "ami-12c6146b", MinCount: "1", MaxCount: "1" },
      ...(instanceProfile !== undefined && { "IamInstanceProfile.Name": instanceProfile }),
      ...Object.fromEntries(tagged),
    };
    must(await this.sim.servers.aws.ec2("RunInstances", params));
  }

  async iam(action: string, params: Readonly<Record<string, string>>): Promise<void> {
    must(await this.sim.servers.aws.iam(action, params));
  }

  get roles(): readonly string[] {
    return Object.keys(this.sim.awsState().roles).sort();
  }

  get instanceProfiles(): readonly string[] {
    return Object.keys(this.sim.awsState().instanceProfiles).sort();
  }

  /** Orphans after the last scan, as the metric has them. */
  get counted(): number | undefined {
    return this.replica.orphans.get("own");
  }

  async events(name: string, namespace = "default"): Promise<readonly string[]> {
    await this.sim.run(5_000);
    return (await this.sim.user.events(this.key(name, namespace))).map(({ reason }) => reason);
  }

  async notes(name: string, reason: string): Promise<readonly string[]> {
    await this.sim.run(5_000);
    const events = await this.sim.user.events(this.key(name));
    return events.filter((event) => event.reason === reason).map(({ note }) => note);
  }

  /** Why an orphan that was to be deleted was not, by the last line of the log that tells. */
  get heldBackBy(): unknown {
    const lines = this.replica.logger.lines.filter(({ message }) => message === "an orphan was not deleted");
    return lines.at(-1)?.fields["reason"];
  }

  /** The messages of the log's lines of these levels. */
  logged(...levels: readonly string[]): readonly string[] {
    return this.replica.logger.lines.filter(({ level }) => levels.includes(level)).map(({ message }) => message);
  }
}

function tagParams({ cluster = CLUSTER_ID, namespace = "default", name = "app", uid, more = {} }: TagDraft) {
  const tags = { "cluster-id": cluster, namespace, name, ...(uid !== undefined && { uid }), ...more };
  const members = Object.entries(tags).flatMap(([key, value], i) => [
    [`Tags.member.${i + 1}.Key`, `${TAGS}${key}`],
    [`Tags.member.${i + 1}.Value`, value],
  ]);
  return Object.fromEntries(members) as Readonly<Record<string, string>>;
}
