import type { InstanceProfile, ProfileAssociation } from "../account/entities.ts";
import { ec2Id } from "../account/identifiers.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { describePage, readFilters } from "./filters.ts";
import { requireInstance } from "./instance-lookup.ts";
import { readProfileReference } from "./profile-reference.ts";
import { associationElement, associationOf } from "./render.ts";

/** Ties an instance to a profile under a new association id, whatever it had before. */
export function associate(call: Call, instanceId: string, profile: InstanceProfile): ProfileAssociation {
  const { account } = call;
  const association: ProfileAssociation = {
    id: ec2Id("iip-assoc", account.settings.random),
    instanceId,
    profileArn: account.instanceProfileArn(profile),
    profileId: profile.id,
    associatedAtMs: account.now(),
  };
  account.region(call.region).associations.set(association.id, association);
  return association;
}

function requireProfile(call: Call): InstanceProfile {
  const profile = readProfileReference(call);
  if (profile === undefined) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter IamInstanceProfile");
  }
  return profile;
}

/** AssociateIamInstanceProfile: for a running or stopped instance that has no profile. */
export function associateIamInstanceProfile(call: Call): XmlTree {
  const instance = requireInstance(call, call.params.get("InstanceId") ?? "");
  if (instance.state !== "running" && instance.state !== "stopped") {
    throw new AwsFault(
      "IncorrectInstanceState",
      400,
      `The instance '${instance.id}' is not in the 'running' or 'stopped' states.`,
    );
  }
  if (associationOf(call.account.region(call.region), instance.id) !== undefined) {
    throw new AwsFault("IncorrectState", 400, `There is an existing association for instance ${instance.id}`);
  }
  const association = associate(call, instance.id, requireProfile(call));
  return { iamInstanceProfileAssociation: associationElement(association, "associating") };
}

/** ReplaceIamInstanceProfileAssociation: only for a running instance; the association gets a new id. */
export function replaceIamInstanceProfileAssociation(call: Call): XmlTree {
  const present = requireAssociation(call);
  const instance = requireInstance(call, present.instanceId);
  if (instance.state !== "running") {
    throw new AwsFault("IncorrectInstanceState", 400, `The instance '${instance.id}' is not in the 'running' state.`);
  }
  const profile = requireProfile(call);
  call.account.region(call.region).associations.delete(present.id);
  const association = associate(call, instance.id, profile);
  return { iamInstanceProfileAssociation: associationElement(association, "associating") };
}

/** DisassociateIamInstanceProfile. */
export function disassociateIamInstanceProfile(call: Call): XmlTree {
  const association = requireAssociation(call);
  call.account.region(call.region).associations.delete(association.id);
  return { iamInstanceProfileAssociation: associationElement(association, "disassociating") };
}

function requireAssociation({ account, params, region }: Call): ProfileAssociation {
  const id = params.get("AssociationId") ?? "";
  const association = account.region(region).associations.get(id);
  if (association === undefined) {
    throw missing(id);
  }
  return association;
}

const missing = (id: string): AwsFault =>
  new AwsFault("InvalidAssociationID.NotFound", 400, `An invalid association-id of '${id}' was given`);

/** DescribeIamInstanceProfileAssociations: by id, or filtered by instance-id and state. */
export function describeIamInstanceProfileAssociations(call: Call): XmlTree {
  const { params } = call;
  const region = call.account.region(call.region);
  const ids = params.strings("AssociationId");
  const unknown = ids.find((id) => !region.associations.has(id));
  if (unknown !== undefined) {
    throw missing(unknown);
  }
  const passes = readFilters(params, ["instance-id", "state"]);
  const found = [...region.associations.values()]
    .filter((association) => ids.length === 0 || ids.includes(association.id))
    .filter((association) => passes((name) => (name === "state" ? ["associated"] : [association.instanceId])));
  const { page, nextToken } = describePage(params, found);
  const elements = page.map((association) => associationElement(association, "associated"));
  return { iamInstanceProfileAssociationSet: items(elements), nextToken };
}
