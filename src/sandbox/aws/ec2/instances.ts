import type { Instance, InstanceState } from "../account/entities.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { describePage, readFilters } from "./filters.ts";
import { requireInstance } from "./instance-lookup.ts";
import { associationOf, reservationElements, stateElement } from "./render.ts";
import { refuseDryRun } from "./run-instances.ts";

const knownFilters = [
  "instance-id",
  "instance-state-name",
  "iam-instance-profile.arn",
  "iam-instance-profile.id",
  "image-id",
  "instance-type",
  "tag-key",
  "tag:",
];

/** DescribeInstances: by id or by filters. */
export function describeInstances(call: Call): XmlTree {
  const { params } = call;
  const ids = params.strings("InstanceId");
  const passes = readFilters(params, knownFilters);
  const candidates =
    ids.length === 0
      ? [...call.account.region(call.region).instances.values()]
      : ids.map((id) => requireInstance(call, id));
  const found = candidates.filter((instance) => passes((name) => filterValues(call, instance, name)));
  const { page, nextToken } = describePage(params, found);
  return { reservationSet: items(reservationElements(call, page)), nextToken };
}

function filterValues(call: Call, instance: Instance, filter: string): readonly string[] | undefined {
  if (filter.startsWith("tag:")) {
    return instance.tags.filter((tag) => `tag:${tag.key}` === filter).map((tag) => tag.value);
  }
  const association = associationOf(call.account.region(call.region), instance.id);
  const values: Readonly<Record<string, readonly string[]>> = {
    "instance-id": [instance.id],
    "instance-state-name": [instance.state],
    "iam-instance-profile.arn": association === undefined ? [] : [association.profileArn],
    "iam-instance-profile.id": association === undefined ? [] : [association.profileId],
    "image-id": [instance.imageId],
    "instance-type": [instance.instanceType],
    "tag-key": instance.tags.map((tag) => tag.key),
  };
  return values[filter];
}

/** One of the calls that move instances from state to state. */
interface Transition {
  readonly from: readonly InstanceState[];
  /** The state that the answer tells of. */
  readonly through: InstanceState;
  readonly to: InstanceState;
}

type Move = "start" | "stop" | "terminate";

const transitions: Readonly<Record<Move, Transition>> = {
  start: { from: ["stopped", "running"], through: "pending", to: "running" },
  stop: { from: ["running", "stopped"], through: "stopping", to: "stopped" },
  terminate: { from: ["running", "stopped", "terminated"], through: "shutting-down", to: "terminated" },
};

/**
 * StartInstances, StopInstances, TerminateInstances: all of the instances or none. Instances that are there already stay.
 * Terminating takes the association with it.
 */
export function moveInstances(call: Call, name: Move): XmlTree {
  const transition = transitions[name];
  const region = call.account.region(call.region);
  const ids = call.params.strings("InstanceId");
  if (ids.length === 0) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter InstanceId");
  }
  const instances = ids.map((id) => requireInstance(call, id));
  const stuck = instances.find((instance) => !transition.from.includes(instance.state));
  if (stuck !== undefined) {
    throw new AwsFault(
      "IncorrectInstanceState",
      400,
      `The instance '${stuck.id}' is not in a state from which it can be ${name === "stop" ? "stopped" : "started"}.`,
    );
  }
  refuseDryRun(call);
  const changes = instances.map((instance) => {
    const current = instance.state === transition.to ? transition.to : transition.through;
    region.instances.set(instance.id, { ...instance, state: transition.to });
    const association = transition.to === "terminated" ? associationOf(region, instance.id) : undefined;
    if (association !== undefined) {
      region.associations.delete(association.id);
    }
    return {
      instanceId: instance.id,
      currentState: stateElement(current),
      previousState: stateElement(instance.state),
    };
  });
  return { instancesSet: items(changes) };
}
