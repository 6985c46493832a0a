import type { Instance } from "../account/entities.ts";
import { timestamp } from "../protocol/answer.ts";
import type { InstancePlace, RoleCredentials, RoleState } from "./role-credentials.ts";

/** What the service knows: texts by path, directories as objects. */
type Tree = { readonly [name: string]: string | Tree | undefined };

/**
 * The text at a path below `/latest/`; undefined where there is nothing. A directory is the list of what is in it, with a
 * slash after each directory.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
 */
export function metadataAt(
  path: string,
  place: InstancePlace,
  instance: Instance,
  credentials: RoleCredentials,
): string | undefined {
  const names = path.split("/").filter((name) => name !== "");
  const found = names.reduce<string | Tree | undefined>(
    (at, name) => (typeof at === "object" && Object.hasOwn(at, name) ? at[name] : undefined),
    treeOf(place, instance, credentials.current()),
  );
  return typeof found === "object" ? listing(found) : found;
}

function listing(directory: Tree): string {
  return Object.entries(directory)
    .filter(([, content]) => content !== undefined)
    .map(([name, content]) => (typeof content === "object" ? `${name}/` : name))
    .join("\n");
}

function treeOf({ account, region }: InstancePlace, instance: Instance, role: RoleState): Tree {
  const { partition } = account.settings;
  const zone = `${region}a`;
  const hostname = `ip-${instance.privateIpAddress.replaceAll(".", "-")}.${region}.compute.internal`;
  const identity = {
    accountId: account.settings.accountId,
    architecture: "x86_64",
    availabilityZone: zone,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    pendingTime: timestamp(instance.launchedAtMs),
    privateIp: instance.privateIpAddress,
    region,
    version: "2017-09-30",
  };
  return {
    dynamic: { "instance-identity": { document: JSON.stringify(identity, null, 2) } },
    "meta-data": {
      "ami-id": instance.imageId,
      "ami-launch-index": String(instance.launchIndex),
      hostname,
      iam: iamTree(role),
      "instance-id": instance.id,
      "instance-type": instance.instanceType,
      "local-hostname": hostname,
      "local-ipv4": instance.privateIpAddress,
      placement: { "availability-zone": zone, region },
      "reservation-id": instance.reservationId,
      services: { domain: partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com", partition },
    },
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html tells of the codes. */
function iamTree(role: RoleState): Tree | undefined {
  switch (role.kind) {
    case "none":
      return undefined;
    case "failed": {
      const { association, failure } = role;
      const LastUpdated = timestamp(association.associatedAtMs);
      if (failure.code === "InstanceProfileNotFound") {
        return { info: text({ Code: failure.code, Message: "Instance Profile does not exist", LastUpdated }) };
      }
      const Message = `EC2 cannot assume the role ${failure.roleName}. Its trust policy does not let ec2.amazonaws.com in.`;
      return {
        info: info(LastUpdated, association),
        "security-credentials": { [failure.roleName]: text({ Code: failure.code, Message, LastUpdated }) },
      };
    }
    case "held": {
      const { association, session } = role;
      const LastUpdated = timestamp(session.startedAtMs);
      const credentials = text({
        Code: "Success",
        LastUpdated,
        Type: "AWS-HMAC",
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        Token: session.token,
        Expiration: timestamp(session.expiresAtMs),
      });
      return { info: info(LastUpdated, association), "security-credentials": { [session.roleName]: credentials } };
    }
  }
}

function info(LastUpdated: string, association: { readonly profileArn: string; readonly profileId: string }): string {
  const { profileArn: InstanceProfileArn, profileId: InstanceProfileId } = association;
  return text({ Code: "Success", LastUpdated, InstanceProfileArn, InstanceProfileId });
}

const text = (value: object): string => JSON.stringify(value, null, 2);
