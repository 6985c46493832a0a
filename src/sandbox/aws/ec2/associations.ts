import type { Instance, InstanceProfile, ProfileAssociation } from "../account/entities.ts";
import { ec2Id } from "../account/identifiers.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { refuseDryRun } from "./dry-run.ts";
import { describePage, readFilters } from "./filters.ts";
import { requireInstance } from "./instance-lookup.ts";
import { readProfileReference } from "./profile-reference.ts";
import { associationElement } from "./render.ts";

/** Ties an instance to a profile under a new association id. */
export function associate(call: Call, instanceId: string, profile: InstanceProfile): ProfileAssociation {
  const { account } = call;
  const association: ProfileAssociation = {
    id: ec2Id("iip-assoc", account.settings.random),
    instanceId,
    profileArn: account.instanceProfileArn(profile),
    profileId: profile.id,
    associatedAtMs: account.now(),
  };
  account.region(call.region).addAssociation(association);
  return association;
}

/** AssociateIamInstanceProfile: for a running or stopped instance that has no profile, nor one that is still going. */
export function associateIamInstanceProfile(call: Call): XmlTree {
  const instance = requireInstance(call, call.params.get("InstanceId") ?? "");
  requireState(call, instance, ["running", "stopped"]);
  if (call.account.region(call.region).hasAssociation(instance.id)) {
    throw new AwsFault("IncorrectState", 400, `There is an existing association for instance ${instance.id}`);
  }
  const profile = requireProfile(call);
  refuseDryRun(call);
  const association = associate(call, instance.id, profile);
  return { iamInstanceProfileAssociation: associationElement(association, "associating") };
}

/** ReplaceIamInstanceProfileAssociation: only for a running instance. The new association has an id of its own. */
export function replaceIamInstanceProfileAssociation(call: Call): XmlTree {
  const present = requireAssociation(call);
  const instance = requireInstance(call, present.instanceId);
  requireState(call, instance, ["running"]);
  const profile = requireProfile(call);
  refuseDryRun(call);
  call.account.region(call.region).endAssociation(present);
  const association = associate(call, instance.id, profile);
  return { iamInstanceProfileAssociation: associationElement(association, "associating") };
}

/** DisassociateIamInstanceProfile, in any state of the instance. */
export function disassociateIamInstanceProfile(call: Call): XmlTree {
  const association = requireAssociation(call);
  refuseDryRun(call);
  const ended = call.account.region(call.region).endAssociation(association);
  return { iamInstanceProfileAssociation: associationElement(ended, "disassociating") };
}

/** DescribeIamInstanceProfileAssociations: by id, or filtered by instance-id and state. */
export function describeIamInstanceProfileAssociations(call: Call): XmlTree {
  const { params } = call;
  const region = call.account.region(call.region);
  const ids = params.strings("AssociationId");
  const unknown = ids.find((id) => region.association(id) === undefined);
  if (unknown !== undefined) {
    throw missing(unknown);
  }
  const passes = readFilters(params, ["instance-id", "state"]);
  refuseDryRun(call);
  const found = region
    .associations()
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .filter((one) => passes((name) => [name === "state" ? region.associationState(one) : one.instanceId]));
  const { page, nextToken } = describePage(params, found);
  const elements = page.map((association) => associationElement(association, region.associationState(association)));
  return { iamInstanceProfileAssociationSet: items(elements), nextToken };
}

function requireProfile(call: Call): InstanceProfile {
  const profile = readProfileReference(call);
  if (profile === undefined) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter IamInstanceProfile");
  }
  return profile;
}

function requireState(call: Call, instance: Instance, states: readonly Instance["state"][]): void {
  const state = call.account.region(call.region).stateOf(instance);
  if (!states.some((allowed) => allowed === state)) {
    const words = states.map((allowed) => `'${allowed}'`).join(" or ");
    throw new AwsFault(
      "IncorrectInstanceState",
      400,
      `The instance '${instance.id}' is not in the ${words} state${states.length > 1 ? "s" : ""}.`,
    );
  }
}

/** One that is being taken away cannot be replaced or taken away again. */
function requireAssociation({ account, params, region }: Call): ProfileAssociation {
  const id = params.get("AssociationId") ?? "";
  const association = account.region(region).association(id);
  if (association === undefined || association.endedAtMs !== undefined) {
    throw missing(id);
  }
  return association;
}

const missing = (id: string): AwsFault =>
  new AwsFault("InvalidAssociationID.NotFound", 400, `An invalid association-id of '${id}' was given`);
