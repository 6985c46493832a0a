import type { Account } from "../account/account.ts";
import type { Instance, InstanceState, ProfileAssociation, Tag } from "../account/entities.ts";
import { items, timestamp, type XmlTree } from "../protocol/answer.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** A state as EC2 writes it. */
export const stateElement = (state: InstanceState): XmlTree => ({ code: stateCodes[state], name: state });

/** One instance, in the state given: calls that change the state answer with the way there. */
export function instanceElement(
  call: { account: Account; region: string },
  instance: Instance,
  state: InstanceState,
): XmlTree {
  const association = call.account.region(call.region).currentAssociation(instance.id);
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: stateElement(state),
    privateDnsName: `ip-${instance.privateIpAddress.replaceAll(".", "-")}.${call.region}.compute.internal`,
    dnsName: "",
    reason: "",
    keyName: instance.keyName,
    amiLaunchIndex: instance.launchIndex,
    productCodes: {},
    instanceType: instance.instanceType,
    launchTime: timestamp(instance.launchedAtMs),
    placement: { availabilityZone: `${call.region}a`, groupName: "", tenancy: "default" },
    monitoring: { state: "disabled" },
    subnetId: instance.subnetId,
    privateIpAddress: instance.privateIpAddress,
    groupSet: {},
    architecture: "x86_64",
    rootDeviceType: "ebs",
    rootDeviceName: "/dev/xvda",
    blockDeviceMapping: {},
    virtualizationType: "hvm",
    clientToken: instance.clientToken ?? "",
    tagSet: tagElements(instance.tags),
    hypervisor: "xen",
    iamInstanceProfile:
      association === undefined ? undefined : { arn: association.profileArn, id: association.profileId },
    metadataOptions: { state: "applied", httpTokens: "required", httpPutResponseHopLimit: 2, httpEndpoint: "enabled" },
  };
}

/** Tags as elements; left out when there are none. */
export function tagElements(tags: readonly Tag[]): XmlTree | undefined {
  return tags.length === 0 ? undefined : items(tags.map(({ key, value }) => ({ key, value })));
}

/** Instances grouped by the call that launched them. */
export function reservationElements(
  call: { account: Account; region: string },
  instances: readonly Instance[],
): XmlTree[] {
  const region = call.account.region(call.region);
  const byReservation = Map.groupBy(instances, (instance) => instance.reservationId);
  return [...byReservation].map(([reservationId, launched]) => ({
    reservationId,
    ownerId: call.account.settings.accountId,
    groupSet: {},
    instancesSet: items(launched.map((instance) => instanceElement(call, instance, region.stateOf(instance)))),
  }));
}

/** One association, in the state given. */
export function associationElement(association: ProfileAssociation, state: string): XmlTree {
  return {
    associationId: association.id,
    instanceId: association.instanceId,
    iamInstanceProfile: { arn: association.profileArn, id: association.profileId },
    state,
    timestamp: timestamp(association.associatedAtMs),
  };
}
