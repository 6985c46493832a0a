import type { IAMClient } from "@aws-sdk/client-iam";
import type { IamWriter, Precondition } from "../engine/ports.ts";
import { type ActionOutcome, type InstanceAction, isInstanceAction } from "../plan/action.ts";
import type { AwsCaller } from "./call/aws-call.ts";
import { ec2Limit } from "./call/ec2-limits.ts";
import type { Ec2Write } from "./ec2/ec2-commands.ts";
import type { Ec2OnDemand } from "./ec2/ec2-on-demand.ts";
import { createIamWriteCall } from "./iam/iam-writer.ts";

/** Creates the writer that sends each action of a plan to its service. */
export function createAwsWriter(iam: IAMClient, ec2: Ec2OnDemand, call: AwsCaller): IamWriter {
  const writeIam = createIamWriteCall(iam, call);
  return {
    perform(action, signal, assertCurrent): Promise<ActionOutcome> {
      return isInstanceAction(action)
        ? writeEc2(action, { ec2, call, assertCurrent }, signal)
        : writeIam(action, signal, assertCurrent);
    },
  };
}

interface Ec2WriteContext {
  readonly ec2: Ec2OnDemand;
  readonly call: AwsCaller;
  readonly assertCurrent: Precondition | undefined;
}

async function writeEc2(
  action: InstanceAction,
  { ec2, call, assertCurrent }: Ec2WriteContext,
  signal: AbortSignal,
): Promise<ActionOutcome> {
  const subject = { service: "EC2", operation: action.kind, entity: entityOf(action) } as const;
  const { clients, writes } = await ec2.load();
  // EC2_WRITES maps each kind to its action type, but the compiler cannot narrow a lookup by a union.
  const write = writes[action.kind] as Ec2Write<InstanceAction>;
  return call(
    {
      ...subject,
      assertCurrent,
      limit: ec2Limit(action.region, action.kind),
      send: async (abortSignal) => {
        const created = await write(action, { ec2: clients.of(action.region), subject, options: { abortSignal } });
        return { created };
      },
    },
    signal,
  );
}

function entityOf({ region, instanceId }: InstanceAction): string {
  return `instance ${instanceId} (${region})`;
}
