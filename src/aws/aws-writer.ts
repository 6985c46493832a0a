import type { IAMClient } from "@aws-sdk/client-iam";
import type { IamWriter } from "../engine/ports.ts";
import type { ActionOutcome } from "../plan/action.ts";
import { type InstanceAction, isAboutTags, isInstanceAction } from "../plan/instance-action.ts";
import type { AwsCaller } from "./aws-call.ts";
import type { Ec2Clients } from "./ec2-client.ts";
import { EC2_WRITES, type Ec2Write } from "./ec2-writes.ts";
import { createIamWriteCall } from "./iam-writer.ts";

/** Writes of a plan, each to the service that it is for. */
export function createAwsWriter(iam: IAMClient, ec2: Ec2Clients, call: AwsCaller): IamWriter {
  const writeIam = createIamWriteCall(iam, call);
  return {
    perform(action, signal): Promise<ActionOutcome> {
      return isInstanceAction(action) ? writeEc2(action, { ec2, call }, signal) : writeIam(action, signal);
    },
  };
}

function writeEc2(
  action: InstanceAction,
  { ec2, call }: { readonly ec2: Ec2Clients; readonly call: AwsCaller },
  signal: AbortSignal,
): Promise<ActionOutcome> {
  const subject = { service: "EC2", operation: action.kind, entity: entityOf(action) } as const;
  // The table's type ties each kind to its action, which the compiler cannot follow through a lookup by a union.
  const write = EC2_WRITES[action.kind] as Ec2Write<InstanceAction>;
  return call(
    {
      ...subject,
      send: async (abortSignal) => {
        const created = await write(action, { ec2: ec2.of(action.region), subject, options: { abortSignal } });
        return { created };
      },
    },
    signal,
  );
}

function entityOf(action: InstanceAction): string {
  const { region } = action;
  if (!isAboutTags(action)) return `instance ${action.instanceId} (${region})`;
  const [first = "none", ...others] = action.instanceIds;
  return others.length === 0
    ? `instance ${first} (${region})`
    : `${first} and ${others.length} more instances (${region})`;
}
