import type { AwsConnection } from "../../aws/aws-connection.ts";
import { partitionOf } from "../../aws/client/known-region.ts";
import type { Place } from "../../model/place.ts";
import type { Manifest } from "../manifests/manifests.ts";

/** The region and partition of the credentials, as far as the environment says; sends no request. */
export async function placeOf({ region }: Pick<AwsConnection, "region">): Promise<Pick<Place, "region" | "partition">> {
  const name = await region();
  return name === undefined ? {} : { region: name, partition: partitionOf(name) };
}

/** Where the credentials of a user are. Asks STS only when a manifest uses the account. Errors: those of GetCallerIdentity. */
export async function userPlace(
  aws: Pick<AwsConnection, "region" | "accountIdentity">,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<Place> {
  const place = await placeOf(aws);
  const usesAccount = manifests.some(({ value }) => JSON.stringify(value["spec"] ?? {}).includes("{account}"));
  return usesAccount ? { ...place, accountId: await aws.accountIdentity.accountId(signal) } : place;
}
