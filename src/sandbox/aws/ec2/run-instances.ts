import type { Instance } from "../account/entities.ts";
import { ec2Id } from "../account/identifiers.ts";
import { passRolePermission } from "../authorization/permissions.ts";
import { AwsFault } from "../fault.ts";
import type { Call, Permission } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { associate } from "./associations.ts";
import { refuseDryRun } from "./dry-run.ts";
import { withLaunchTemplate } from "./launch-templates.ts";
import { readProfileReference } from "./profile-reference.ts";
import { instanceElement } from "./render.ts";
import { readTagSpecifications } from "./tags.ts";

/**
 * RunInstances, also from a launch template. Any well-formed image id is taken for an image, and everything about networks and disks is ignored. A
 * ClientToken that was used before answers with what it started then.
 */
export function runInstances(given: Call): XmlTree {
  const call = withLaunchTemplate(given);
  const { account, params } = call;
  const region = account.region(call.region);
  const imageId = requireImage(call);
  const count = readCount(call);
  const profile = readProfileReference(call);
  const tags = readTagSpecifications(params, "instance");
  refuseDryRun(call);
  const clientToken = params.get("ClientToken");
  const earlier = clientToken === undefined ? [] : region.instances().filter((one) => one.clientToken === clientToken);
  if (earlier.length > 0) {
    return reservation(call, earlier);
  }
  const reservationId = ec2Id("r", account.settings.random);
  const launched = Array.from({ length: count }, (_, launchIndex): Instance => {
    const { random } = account.settings;
    return {
      id: ec2Id("i", random),
      reservationId,
      imageId,
      instanceType: params.get("InstanceType") ?? "m1.small",
      launchIndex,
      launchedAtMs: account.now(),
      state: "running",
      movedAtMs: account.now(),
      tags,
      clientToken,
      subnetId: params.get("SubnetId"),
      keyName: params.get("KeyName"),
      privateIpAddress: `10.0.${random.integer(0, 255)}.${random.integer(4, 254)}`,
    };
  });
  for (const instance of launched) {
    region.putInstance(instance);
    if (profile !== undefined) {
      associate(call, instance.id, profile);
    }
  }
  return reservation(call, launched);
}

function reservation(call: Call, instances: readonly Instance[]): XmlTree {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: call.account.settings.accountId,
    groupSet: {},
    instancesSet: items(instances.map((instance) => instanceElement(call, instance, "pending"))),
  };
}

function requireImage({ params }: Call): string {
  const imageId = params.get("ImageId");
  if (imageId === undefined) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter ImageId");
  }
  if (!/^ami-[0-9a-f]{8}([0-9a-f]{9})?$/.test(imageId)) {
    throw new AwsFault("InvalidAMIID.Malformed", 400, `Invalid id: "${imageId}" (expecting "ami-...")`);
  }
  return imageId;
}

function readCount({ params }: Call): number {
  const min = Number(params.get("MinCount") ?? Number.NaN);
  const max = Number(params.get("MaxCount") ?? Number.NaN);
  if (!Number.isInteger(min) || !Number.isInteger(max)) {
    const missing = Number.isInteger(min) ? "MaxCount" : "MinCount";
    throw new AwsFault("MissingParameter", 400, `The request must contain the parameter ${missing}`);
  }
  if (min < 1 || max < min || max > 1_000) {
    throw new AwsFault("InvalidParameterValue", 400, `Value ( ${min}-${max} ) for instance count is invalid.`);
  }
  return max;
}

/** What launching with a profile takes, and giving one to an instance. */
export function profilePermission(call: Call): readonly Permission[] {
  const { account, params } = withLaunchTemplate(call);
  const given = params.get("IamInstanceProfile.Name") ?? params.get("IamInstanceProfile.Arn")?.split("/").at(-1);
  return passRolePermission(account, account.instanceProfiles.latest(given ?? "")?.roleName);
}
