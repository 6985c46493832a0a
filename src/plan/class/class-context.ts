import type { InstanceProfileClass } from "../../api/instance-profile-class.ts";
import { homeRegionOf, type Place } from "../../model/place.ts";
import type { ObjectContext } from "../../model/variables/fill-object.ts";
import type { Variables } from "../../model/variables/template.ts";

/** Where objects without a class are, and the variables of the operator for them. */
export interface OwnContext {
  readonly place: Place;
  readonly variables?: Variables;
}

/** What the variables of objects of the class stand for. The author of an object can change none of it. */
export function classContext(
  { spec: { account, variables } }: InstanceProfileClass,
  clusterId: string,
  own: Place,
): ObjectContext {
  const { id: accountId, partition } = account;
  const isElsewhere = own.partition !== undefined && own.partition !== partition;
  const region = isElsewhere ? homeRegionOf(partition) : own.region;
  return { place: { accountId, partition, region }, clusterId, variables };
}
