import type { Instance } from "../account/entities.ts";
import type { Region } from "../account/region.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { refuseDryRun } from "./dry-run.ts";
import { describePage, readFilters } from "./filters.ts";
import { requireInstance } from "./instance-lookup.ts";
import { reservationElements } from "./render.ts";
import { tagFilterValues } from "./tags.ts";

/** What an instance has under the name of each filter; `tag:` is beside them. */
const filterValues: Readonly<Record<string, (region: Region, instance: Instance) => readonly (string | undefined)[]>> =
  {
    "instance-id": (_region, { id }) => [id],
    "instance-state-name": (region, instance) => [region.stateOf(instance)],
    "iam-instance-profile.arn": (region, { id }) => [region.currentAssociation(id)?.profileArn],
    "iam-instance-profile.id": (region, { id }) => [region.currentAssociation(id)?.profileId],
    "image-id": (_region, { imageId }) => [imageId],
    "instance-type": (_region, { instanceType }) => [instanceType],
    "reservation-id": (_region, { reservationId }) => [reservationId],
    "client-token": (_region, { clientToken }) => [clientToken],
    "subnet-id": (_region, { subnetId }) => [subnetId],
    "key-name": (_region, { keyName }) => [keyName],
    "private-ip-address": (_region, { privateIpAddress }) => [privateIpAddress],
    "tag-key": (_region, { tags }) => tags.map(({ key }) => key),
    "tag-value": (_region, { tags }) => tags.map(({ value }) => value),
  };

/** DescribeInstances: by id or by filters. Without MaxResults everything comes at once. */
export function describeInstances(call: Call): XmlTree {
  const { params } = call;
  const ids = params.strings("InstanceId");
  if (ids.length > 0 && params.get("MaxResults") !== undefined) {
    throw new AwsFault(
      "InvalidParameterCombination",
      400,
      "The parameter instancesSet cannot be used with the parameter maxResults",
    );
  }
  const region = call.account.region(call.region);
  const passes = readFilters(params, [...Object.keys(filterValues), "tag:"]);
  const candidates = ids.length === 0 ? region.instances() : ids.map((id) => requireInstance(call, id));
  refuseDryRun(call);
  const found = candidates.filter((instance) => passes((name) => valuesOf(region, instance, name)));
  const { page, nextToken } = describePage(params, found);
  return { reservationSet: items(reservationElements(call, page)), nextToken };
}

function valuesOf(region: Region, instance: Instance, filter: string): readonly string[] {
  if (filter.startsWith("tag:")) {
    return tagFilterValues(instance.tags, filter);
  }
  return (filterValues[filter]?.(region, instance) ?? []).filter((value) => value !== undefined);
}
