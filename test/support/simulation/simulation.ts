import type { ObjectKey } from "../../../src/engine/ports.ts";
import { snapshotOf } from "../../../src/sandbox/aws/account/snapshot.ts";
import type { AwsState } from "../aws-state.ts";
import { ClusterUser, type Manifest, type ObjectView } from "../cluster-user.ts";
import { FakeClock } from "../fake-clock.ts";
import { s3ReadOnly } from "../manifest.ts";
import { scenarioClass } from "../scenario-class.ts";
import { Replica, type ReplicaOptions } from "./replica.ts";
import { holdsShardOf } from "./shard-holder.ts";
import { SimulatedServers } from "./simulated-servers.ts";
import type { WireCall } from "./simulated-wire.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A call, and which replica sent it. */
export type SimulatedCall = WireCall & { readonly by: string };

/** Replicas of the whole controller on one control plane and one AWS, all in virtual time: what happens is the same each time. */
export class Simulation {
  readonly key: ObjectKey = { namespace: "default", name: "app" };
  readonly clock: FakeClock = new FakeClock();
  readonly servers: SimulatedServers = new SimulatedServers(this.clock);
  readonly user: ClusterUser = new ClusterUser(this.servers.kubeApi());
  readonly replicas: Replica[] = [];
  /** Where the story's role is to be, if not in the controller's own account. */
  accountId: string | undefined;
  /** Writes of a replica that was elected, sent while the lease was not its own: there must be none, whatever happens. */
  readonly writesWithoutLease: string[] = [];

  constructor() {
    const one = scenarioClass();
    if (one !== undefined) this.#apply(one);
  }

  /** A process that has just started: it remembers nothing. */
  start(options: ReplicaOptions = {}): Replica {
    const replica = this.prepare(options);
    replica.start();
    return replica;
  }

  /** One that the test starts. */
  prepare(options: ReplicaOptions = {}): Replica {
    const replica = new Replica(`replica-${this.replicas.length}`, this.clock, this.servers, options);
    replica.wire.onCall = (call) => {
      if (!isOwnWrite(call)) return;
      const { shards = 1, isElected = false } = options;
      const isElsewhere = shards > 1 && !holdsShardOf(this.servers, shards, call, replica.name);
      const isLed = isElected && this.servers.lease.holder !== replica.name;
      if (isElsewhere || isLed) this.writesWithoutLease.push(`${replica.name}: ${call.what} ${call.subject}`);
    };
    this.replicas.push(replica);
    return replica;
  }

  /** Lets time pass. */
  run(durationMs: number): Promise<void> {
    return this.clock.advance(durationMs);
  }

  /** Lets time pass until the check holds. Errors: it does not within `withinMs`. */
  async runUntil(check: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + withinMs;
    while (!(await check())) {
      if (this.clock.monotonicMs() >= endMs) throw new Error(`not so after ${withinMs} ms of virtual time: ${check}`);
      await this.run(10);
    }
  }

  #apply(one: NonNullable<ReturnType<typeof scenarioClass>>): void {
    const { uid: _, generation: __, resourceVersion: ___, ...metadata } = one.metadata;
    const said = this.servers.askKube({
      method: "PATCH",
      path: `/apis/iam.instanceprofile.dev/v1beta1/instanceprofileclasses/${metadata.name}`,
      query: new URLSearchParams({ fieldManager: "administrator" }),
      contentType: "application/apply-patch+yaml",
      body: JSON.stringify({ ...one, metadata }),
    });
    if (said.kind !== "whole" || said.status >= 300)
      throw new Error(`the class was not taken: ${JSON.stringify(said)}`);
  }

  manifest(spec?: Fields, metadata?: Fields): Manifest {
    return s3ReadOnly(this.key, spec, metadata);
  }

  apply(manifest: Manifest): Promise<void> {
    return this.user.apply(manifest);
  }

  annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    return this.user.annotate(this.key, annotations);
  }

  delete(key: ObjectKey = this.key): Promise<void> {
    return this.user.delete(key);
  }

  object(key: ObjectKey = this.key): Promise<ObjectView | undefined> {
    return this.user.read(key);
  }

  /** All that was sent, in the order in which it was. */
  get calls(): readonly SimulatedCall[] {
    const all = this.replicas.flatMap(({ name, wire }) => wire.calls.map((call) => ({ ...call, by: name })));
    return all.toSorted((a, b) => a.sentAtMs - b.sentAtMs);
  }

  /** The writes that the servers carried out since then, in the order in which they did. */
  writes(server: "aws" | "kube", sinceMs = 0): readonly SimulatedCall[] {
    return this.calls
      .filter((call) => call.server === server && isOwnWrite(call) && (call.doneAtMs ?? -1) >= sinceMs)
      .toSorted((a, b) => (a.doneAtMs ?? 0) - (b.doneAtMs ?? 0));
  }

  get reconciles(): number {
    return this.replicas.reduce((sum, { reconciles }) => sum + reconciles, 0);
  }

  awsState(): AwsState {
    const { cloud } = this.servers.aws;
    return this.accountId === undefined ? this.servers.aws.snapshot() : snapshotOf(cloud.account(this.accountId));
  }
}

/** On an object or in AWS: the lease, Events, credentials and what is told of a class are not what a controller is for. */
export function isOwnWrite({ isWrite, what }: WireCall): boolean {
  return isWrite && !/leases|events|instanceprofileclasses|AssumeRole$/.test(what);
}
