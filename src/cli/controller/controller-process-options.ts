import type { AwsRates } from "../../aws/call/call-limiter.ts";
import type { ControllerSettings } from "../../controller/controller.ts";
import type { KubeCluster } from "../../kube/kube-config.ts";
import type { SqsQueueUrl } from "../../model/queue-url.ts";
import type { Logger } from "../../telemetry.ts";
import type { InstancesSettings } from "../aws-options.ts";
import type { ElectionSettings } from "./election.ts";
import type { ListenAddresses } from "./listeners.ts";
import type { AwsPlace } from "./open-aws.ts";

/** Configuration of a controller process. */
export interface ControllerProcessOptions {
  readonly cluster: KubeCluster;
  readonly aws: AwsPlace;
  /** Rate limits of the account; default: those of the `run` command. */
  readonly awsRates?: AwsRates | undefined;
  /** Watch only these namespaces; unset: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Ignore objects that it does not select. */
  readonly labelSelector?: string | undefined;
  /** Replaces the uid of namespace kube-system. */
  readonly clusterId: string | undefined;
  /** Refuse to start with credentials of another account. */
  readonly expectedAccountId: string | undefined;
  readonly settings: ControllerSettings;
  /** Default: that of the `run` command. */
  readonly instances?: InstancesSettings;
  /** The queues of drift events; unset: none. */
  readonly eventQueues?: readonly SqsQueueUrl[];
  /** The queues of drift events of each shard. */
  readonly shardEventQueues?: readonly (readonly SqsQueueUrl[])[];
  readonly listen: ListenAddresses;
  readonly logger: Logger;
  /** Without it the process works at once and must be the only replica. */
  readonly election?: ElectionSettings | undefined;
  /** The number of shards; more than one needs an election. Default: 1. */
  readonly shards?: number;
}
