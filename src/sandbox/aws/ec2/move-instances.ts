import type { Instance, InstanceState } from "../account/entities.ts";
import { AwsFault } from "../fault.ts";
import type { Call } from "../handler.ts";
import { items, type XmlTree } from "../protocol/answer.ts";
import { refuseDryRun } from "./dry-run.ts";
import { requireInstance } from "./instance-lookup.ts";
import { stateElement } from "./render.ts";

/** One of the calls that move instances from state to state. */
interface Transition {
  readonly from: readonly InstanceState[];
  /** The state that the answer tells of. */
  readonly through: InstanceState;
  readonly to: Instance["state"];
}

type Move = "start" | "stop" | "terminate";

const transitions: Readonly<Record<Move, Transition>> = {
  start: { from: ["stopped", "running", "pending"], through: "pending", to: "running" },
  stop: { from: ["running", "stopped", "stopping"], through: "stopping", to: "stopped" },
  terminate: {
    from: ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"],
    through: "shutting-down",
    to: "terminated",
  },
};

/**
 * StartInstances, StopInstances, TerminateInstances: all of the instances or none. Instances that are there already, or on
 * the way, stay. Terminating takes the association with it.
 */
export function moveInstances(call: Call, move: Move): XmlTree {
  const transition = transitions[move];
  const region = call.account.region(call.region);
  const ids = call.params.strings("InstanceId");
  if (ids.length === 0) {
    throw new AwsFault("MissingParameter", 400, "The request must contain the parameter InstanceId");
  }
  const instances = ids.map((id) => requireInstance(call, id));
  const stuck = instances.find((instance) => !transition.from.includes(region.stateOf(instance)));
  if (stuck !== undefined) {
    throw new AwsFault(
      "IncorrectInstanceState",
      400,
      `The instance '${stuck.id}' is not in a state from which it can be ${move === "stop" ? "stopped" : "started"}.`,
    );
  }
  refuseDryRun(call);
  return { instancesSet: items(instances.map((instance) => moveInstance(call, instance, transition))) };
}

function moveInstance(call: Call, instance: Instance, { through, to }: Transition): XmlTree {
  const region = call.account.region(call.region);
  const previous = region.stateOf(instance);
  const isThere = instance.state === to;
  if (!isThere) {
    region.putInstance({ ...instance, state: to, movedAtMs: call.account.now() });
  }
  const association = to === "terminated" ? region.currentAssociation(instance.id) : undefined;
  if (association !== undefined) {
    region.endAssociation(association);
  }
  return {
    instanceId: instance.id,
    currentState: stateElement(isThere ? previous : through),
    previousState: stateElement(previous),
  };
}
