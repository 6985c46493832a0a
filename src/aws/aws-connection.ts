import type { InstanceReader } from "../engine/instance-ports.ts";
import type { IamInventory } from "../engine/observe/inventory.ts";
import type { AccountIdentity, AccountReader, IamAccess, IamWriter } from "../engine/ports.ts";
import { createAccountIdentity, createStsClient } from "./account-identity.ts";
import { createAwsWriter } from "./action-writer.ts";
import { assumedRole, type RoleToAssume } from "./assumed-role.ts";
import { createAwsCaller } from "./call/aws-call.ts";
import type { AwsClientOptions } from "./client/client-config.ts";
import { createIamClient } from "./client/iam-client.ts";
import { Ec2OnDemand, instanceReaderOnDemand } from "./ec2/ec2-on-demand.ts";
import { createAccountReader } from "./iam/account-reader.ts";
import { createIamInventory } from "./iam/iam-inventory.ts";
import { createIamReader } from "./iam/iam-reader.ts";

/** AWS as the engine sees it, over one set of credentials. */
export interface AwsConnection {
  readonly iamReader: IamAccess["reader"];
  /** Of IAM and of EC2. */
  readonly iamWriter: IamWriter;
  readonly iamInventory: IamInventory;
  /** The same, for what nobody waits for: other calls go before these. */
  readonly routine: IamAccess;
  /** Its calls are routine. */
  readonly accountReader: AccountReader;
  readonly instanceReader: InstanceReader;
  readonly accountIdentity: AccountIdentity;
  /** Credentials of a role that this connection may assume; nothing is sent before they are asked for. */
  assume(role: RoleToAssume): NonNullable<AwsClientOptions["credentials"]>;
  /** The region that the environment or the options name; undefined when none is. */
  region(): Promise<string | undefined>;
  /** Closes the kept-alive connections. */
  close(): void;
}

/** Prepares to call AWS; nothing is sent and no credentials are looked for until the first call. */
export function connectAws(options: AwsClientOptions): AwsConnection {
  const call = createAwsCaller(options, "change");
  const routineCall = createAwsCaller(options, "routine");
  const iam = createIamClient(options);
  // The IAM client's credentials, remembered by it until they expire: one AssumeRoleWithWebIdentity for both.
  const sts = createStsClient({ ...options, credentials: iam.config.credentials });
  const ec2 = new Ec2OnDemand({ ...options, credentials: iam.config.credentials });
  return {
    iamReader: createIamReader(iam, call),
    iamWriter: createAwsWriter(iam, ec2, call),
    iamInventory: createIamInventory(iam, call),
    routine: { reader: createIamReader(iam, routineCall), writer: createAwsWriter(iam, ec2, routineCall) },
    accountReader: createAccountReader(iam, routineCall),
    instanceReader: instanceReaderOnDemand(ec2, call),
    accountIdentity: createAccountIdentity(sts, call),
    assume: (role) => assumedRole(sts, call, role),
    region: () => iam.config.region().catch(() => undefined),
    close() {
      iam.destroy();
      ec2.destroy();
      sts.destroy();
    },
  };
}
