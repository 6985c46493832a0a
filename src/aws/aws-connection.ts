import type { EventQueue } from "../engine/drift/event-queue.ts";
import type { InstanceReader } from "../engine/instance-ports.ts";
import type {
  AccountIdentity,
  AccountReader,
  IamAccess,
  IamInventory,
  IamWriter,
  LastAccessedReader,
  ManagedPolicyReader,
  Urgency,
} from "../engine/ports.ts";
import type { SqsQueueUrl } from "../model/queue-url.ts";
import { createAccountIdentity, createStsClient } from "./account-identity.ts";
import { createAwsWriter } from "./action-writer.ts";
import { assumedRole, type RoleToAssume } from "./assumed-role.ts";
import { type AwsCaller, createAwsCaller } from "./call/aws-call.ts";
import type { AwsClientOptions } from "./client/client-config.ts";
import { createIamClient } from "./client/iam-client.ts";
import { Ec2OnDemand, instanceReaderOnDemand } from "./ec2/ec2-on-demand.ts";
import { createAccountReader } from "./iam/account-reader.ts";
import { createIamInventory } from "./iam/iam-inventory.ts";
import { createIamReader } from "./iam/iam-reader.ts";
import { createLastAccessedReader } from "./iam/last-accessed-reader.ts";
import { createManagedPolicyReader } from "./iam/managed-policy-reader.ts";
import { EventQueuesOnDemand } from "./sqs/event-queue-on-demand.ts";

/** The AWS adapters of one set of credentials. */
export interface AwsConnection {
  readonly iamReader: IamAccess["reader"];
  /** Writes to IAM and to EC2. */
  readonly iamWriter: IamWriter;
  readonly iamInventory: IamInventory;
  readonly managedPolicies: ManagedPolicyReader;
  readonly lastAccessed: LastAccessedReader;
  /** The same for each urgency; `iamReader` and `iamWriter` are those of `change`. */
  readonly iam: Readonly<Record<Urgency, IamAccess>>;
  /** Reads with the urgency `routine`. */
  readonly accountReader: AccountReader;
  readonly instanceReader: InstanceReader;
  readonly accountIdentity: AccountIdentity;
  /** The queue of events of this URL, the same each time. Sends no request. */
  eventQueue(url: SqsQueueUrl): EventQueue;
  /** Creates a credential provider for a role. Sends no request until credentials are needed. */
  assume(role: RoleToAssume): NonNullable<AwsClientOptions["credentials"]>;
  /** Resolves the region of the options or the environment; undefined if it is unknown. */
  region(): Promise<string | undefined>;
  /** Closes the kept-alive connections. */
  close(): void;
}

/** Creates the adapters. No request is sent and no credentials are resolved before the first call. */
export function connectAws(options: AwsClientOptions): AwsConnection {
  const iam = createIamClient(options);
  const callOptions = { ...options, fetchCredentials: () => iam.config.credentials() };
  const callerOf = (urgency: Urgency): AwsCaller => createAwsCaller(callOptions, urgency);
  const call = callerOf("change");
  const routineCall = callerOf("routine");
  // Shares the IAM client's credential cache, so that one AssumeRoleWithWebIdentity serves all clients.
  const sts = createStsClient({ ...options, credentials: iam.config.credentials });
  const ec2 = new Ec2OnDemand({ ...options, credentials: iam.config.credentials });
  const queues = new EventQueuesOnDemand({ ...options, credentials: iam.config.credentials });
  const accessBy = (caller: AwsCaller): IamAccess => ({
    reader: createIamReader(iam, caller),
    writer: createAwsWriter(iam, ec2, caller),
  });
  const change = accessBy(call);
  return {
    iamReader: change.reader,
    iamWriter: change.writer,
    iam: {
      narrowing: accessBy(callerOf("narrowing")),
      change,
      bulk: accessBy(callerOf("bulk")),
      routine: accessBy(routineCall),
    },
    iamInventory: createIamInventory(iam, call),
    managedPolicies: createManagedPolicyReader(iam, call),
    lastAccessed: createLastAccessedReader(iam, call),
    accountReader: createAccountReader(iam, routineCall),
    instanceReader: instanceReaderOnDemand(ec2, call),
    accountIdentity: createAccountIdentity(sts, call, callOptions),
    eventQueue: (url) => queues.open(url),
    assume: (role) => assumedRole(sts, call, role),
    region: () => iam.config.region().catch(() => undefined),
    close() {
      iam.destroy();
      ec2.destroy();
      sts.destroy();
      queues.destroy();
    },
  };
}
