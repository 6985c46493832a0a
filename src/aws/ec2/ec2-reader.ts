import {
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeRegionsCommand,
  type Filter,
  type IamInstanceProfileAssociation,
  type Instance,
  type LaunchTemplateVersion,
} from "@aws-sdk/client-ec2";
import type { AssociatedInstance, InstanceReader, ListedLaunchTemplate } from "../../engine/instance-ports.ts";
import type { InstanceFacts } from "../../model/instances/instance.ts";
import type { AwsCaller } from "../call/aws-call.ts";
import { ec2Limit } from "../call/ec2-limits.ts";
import type { Ec2Clients } from "../client/ec2-client.ts";
import type { AwsCallSubject } from "../errors/aws-errors.ts";
import { requireField } from "../errors/require-field.ts";
import { allPages } from "../iam/pages.ts";
import {
  type Associations,
  associationsByInstance,
  instanceFactsOf,
  LIVING_STATES,
  launchTemplatesOf,
} from "./ec2-entities.ts";

/** The EC2 read actions. */
export const EC2_READS = [
  "DescribeInstances",
  "DescribeIamInstanceProfileAssociations",
  "DescribeRegions",
  "DescribeLaunchTemplateVersions",
] as const;

type Ec2Read = (typeof EC2_READS)[number];

const NO_ASSOCIATIONS: Associations = new Map();
// EC2's maximum; pages can be shorter.
const PAGE_SIZE = 1000;
const TEMPLATE_PAGE_SIZE = 200;

/** The reads of EC2 lists, each complete. */
interface Lists {
  instances(region: string, filters: readonly Filter[], signal: AbortSignal): Promise<Instance[]>;
  associations(region: string, signal: AbortSignal): Promise<IamInstanceProfileAssociation[]>;
  templateVersions(region: string, signal: AbortSignal): Promise<LaunchTemplateVersion[]>;
}

function listsOf(ec2: Ec2Clients, call: AwsCaller): Lists {
  return {
    instances: async (region, filters, signal) => {
      const read = reading("DescribeInstances", region);
      const Filters = [{ Name: "instance-state-name", Values: [...LIVING_STATES] }, ...filters];
      const reservations = await allPages(read, async (NextToken) => {
        const command = new DescribeInstancesCommand({ Filters, MaxResults: PAGE_SIZE, NextToken });
        const send = (abortSignal: AbortSignal) => ec2.of(region).send(command, { abortSignal });
        const page = await call({ ...read, send }, signal);
        return { items: page.Reservations, ...more(page.NextToken) };
      });
      return reservations.flatMap(({ Instances = [] }) => Instances);
    },
    associations: (region, signal) => {
      const read = reading("DescribeIamInstanceProfileAssociations", region);
      return allPages(read, async (NextToken) => {
        const command = new DescribeIamInstanceProfileAssociationsCommand({ MaxResults: PAGE_SIZE, NextToken });
        const send = (abortSignal: AbortSignal) => ec2.of(region).send(command, { abortSignal });
        const page = await call({ ...read, send }, signal);
        return { items: page.IamInstanceProfileAssociations, ...more(page.NextToken) };
      });
    },
    templateVersions: (region, signal) => {
      const read = reading("DescribeLaunchTemplateVersions", region);
      // Its filter for instance profiles takes ARNs, and a template can name the profile instead.
      const wanted = { Versions: ["$Latest", "$Default"], MaxResults: TEMPLATE_PAGE_SIZE };
      return allPages(read, async (NextToken) => {
        const command = new DescribeLaunchTemplateVersionsCommand({ ...wanted, NextToken });
        const send = (abortSignal: AbortSignal) => ec2.of(region).send(command, { abortSignal });
        const page = await call({ ...read, send }, signal);
        return { items: page.LaunchTemplateVersions, ...more(page.NextToken) };
      });
    },
  };
}

/** Creates the reader of instances, and of what gives instance profiles to them. */
export function createInstanceReader(ec2: Ec2Clients, call: AwsCaller): InstanceReader {
  const lists = listsOf(ec2, call);
  const associations = async (region: string, signal: AbortSignal): Promise<Associations> => {
    const read = reading("DescribeIamInstanceProfileAssociations", region);
    return associationsByInstance(await lists.associations(region, signal), read);
  };
  return {
    async readRegion(region, signal): Promise<readonly InstanceFacts[]> {
      const found = await lists.instances(region, [], signal);
      const read = reading("DescribeIamInstanceProfileAssociations", region);
      const byInstance = await associations(region, signal);
      return sorted(found.map((instance) => instanceFactsOf(instance, region, byInstance, read)));
    },

    async findUsers(profileArn, region, signal): Promise<readonly InstanceFacts[]> {
      const read = reading("DescribeInstances", region);
      const filter = { Name: "iam-instance-profile.arn", Values: [profileArn] };
      const found = await lists.instances(region, [filter], signal);
      return sorted(found.map((instance) => instanceFactsOf(instance, region, NO_ASSOCIATIONS, read)));
    },

    async listRegions(home, signal): Promise<readonly string[]> {
      const read = reading("DescribeRegions", home);
      const command = new DescribeRegionsCommand({});
      const send = (abortSignal: AbortSignal) => ec2.of(home).send(command, { abortSignal });
      const { Regions = [] } = await call({ ...read, send }, signal);
      const enabled = Regions.filter(({ OptInStatus }) => OptInStatus !== "not-opted-in");
      return enabled.map(({ RegionName }) => requireField(RegionName, "RegionName", read)).sort();
    },

    async listAssociations(region, signal): Promise<readonly AssociatedInstance[]> {
      return [...(await associations(region, signal))].map(([instanceId, { profileArn }]) => ({
        instanceId,
        profileArn,
      }));
    },

    async listLaunchTemplates(region, signal): Promise<readonly ListedLaunchTemplate[]> {
      const read = reading("DescribeLaunchTemplateVersions", region);
      return launchTemplatesOf(await lists.templateVersions(region, signal), region, read);
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
