import {
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  type Filter,
  type IamInstanceProfileAssociation,
  type Instance,
} from "@aws-sdk/client-ec2";
import type { InstanceReader } from "../../engine/instance-ports.ts";
import type { InstanceFacts } from "../../model/instances/instance.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { ec2Limit } from "../call/ec2-limits.ts";
import type { Ec2Clients } from "../client/ec2-client.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { allPages } from "../iam/pages.ts";
import { type Associations, associationsByInstance, instanceFactsOf, LIVING_STATES } from "./ec2-entities.ts";

/** The EC2 read actions. */
export const EC2_READS = ["DescribeInstances", "DescribeIamInstanceProfileAssociations"] as const;

type Ec2Read = (typeof EC2_READS)[number];

const NO_ASSOCIATIONS: Associations = new Map();
// EC2's maximum; pages can be shorter.
const PAGE_SIZE = 1000;

/** Creates the reader of instances and their associations. */
export function createInstanceReader(ec2: Ec2Clients, call: AwsCaller): InstanceReader {
  const instances = async (region: string, filters: readonly Filter[], signal: AbortSignal): Promise<Instance[]> => {
    const read = reading("DescribeInstances", region);
    const Filters = [{ Name: "instance-state-name", Values: [...LIVING_STATES] }, ...filters];
    const reservations = await allPages(read, async (NextToken) => {
      const command = new DescribeInstancesCommand({ Filters, MaxResults: PAGE_SIZE, NextToken });
      const page = await call(
        { ...read, send: (abortSignal) => ec2.of(region).send(command, { abortSignal }) },
        signal,
      );
      return { items: page.Reservations, ...more(page.NextToken) };
    });
    return reservations.flatMap(({ Instances = [] }) => Instances);
  };
  const associations = (region: string, signal: AbortSignal): Promise<IamInstanceProfileAssociation[]> => {
    const read = reading("DescribeIamInstanceProfileAssociations", region);
    return allPages(read, async (NextToken) => {
      const command = new DescribeIamInstanceProfileAssociationsCommand({ MaxResults: PAGE_SIZE, NextToken });
      const page = await call(
        { ...read, send: (abortSignal) => ec2.of(region).send(command, { abortSignal }) },
        signal,
      );
      return { items: page.IamInstanceProfileAssociations, ...more(page.NextToken) };
    });
  };
  return {
    async readRegion(region, signal): Promise<readonly InstanceFacts[]> {
      const found = await instances(region, [], signal);
      const read = reading("DescribeIamInstanceProfileAssociations", region);
      const byInstance = associationsByInstance(await associations(region, signal), read);
      return sorted(found.map((instance) => instanceFactsOf(instance, region, byInstance, read)));
    },

    async findUsers(profileArn, region, signal): Promise<readonly InstanceFacts[]> {
      const read = reading("DescribeInstances", region);
      const filter = { Name: "iam-instance-profile.arn", Values: [profileArn] };
      return sorted(
        (await instances(region, [filter], signal)).map((instance) =>
          instanceFactsOf(instance, region, NO_ASSOCIATIONS, read),
        ),
      );
    },
  };
}

/** Maps EC2's pagination, which ends a list with no token or an empty one, to IAM's. */
function more(token: string | undefined): { readonly IsTruncated: boolean; readonly Marker: string | undefined } {
  return { IsTruncated: token !== undefined && token !== "", Marker: token };
}

function sorted(instances: readonly InstanceFacts[]): readonly InstanceFacts[] {
  return instances.toSorted((one, other) => (one.instanceId < other.instanceId ? -1 : 1));
}

function reading(
  operation: Ec2Read,
  region: string,
): AwsCallSubject & { readonly isRead: true; readonly limit: string } {
  const limit = ec2Limit(region, operation);
  return { service: "EC2", operation, entity: `region ${region}`, isRead: true, limit };
}
