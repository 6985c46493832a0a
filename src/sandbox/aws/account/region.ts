import type { AwkwardnessSwitches } from "../awkwardness.ts";
import type { Instance, InstanceState, LaunchTemplate, ProfileAssociation } from "./entities.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IamInstanceProfileAssociation.html */
export type AssociationState = "associating" | "associated" | "disassociating" | "disassociated";

/** The state that leads to each resting one. */
const onTheWay: Readonly<Record<Instance["state"], InstanceState>> = {
  running: "pending",
  stopped: "stopping",
  terminated: "shutting-down",
};

/** How long a terminated instance is still shown: "usually around one hour". */
const terminatedShownMs = 3_600_000;

/** What a region must know of the account around it. */
interface Surroundings {
  now(): number;
  readonly switches: AwkwardnessSwitches;
}

/** The EC2 things of one region: launch templates, and instances and their profile associations, each on its way from state to state. */
export class Region {
  readonly #around: Surroundings;
  readonly #instances = new Map<string, Instance>();
  readonly #launchTemplates = new Map<string, LaunchTemplate>();
  readonly #associations = new Map<string, ProfileAssociation>();
  /** By instance, oldest first. */
  readonly #byInstance = new Map<string, readonly ProfileAssociation[]>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Every instance that is still shown, in the order of their launch. */
  instances(): Instance[] {
    return [...this.#instances.values()].filter((instance) => this.#isShown(instance));
  }

  instance(id: string): Instance | undefined {
    const instance = this.#instances.get(id);
    return instance !== undefined && this.#isShown(instance) ? instance : undefined;
  }

  putInstance(instance: Instance): void {
    this.#instances.set(instance.id, instance);
  }

  /** In the order of their creation. */
  launchTemplates(): LaunchTemplate[] {
    return [...this.#launchTemplates.values()];
  }

  putLaunchTemplate(template: LaunchTemplate): void {
    this.#launchTemplates.set(template.id, template);
  }

  removeLaunchTemplate(id: string): void {
    this.#launchTemplates.delete(id);
  }

  /** What the instance does now. */
  stateOf({ state, movedAtMs }: Instance): InstanceState {
    return this.#isThere(movedAtMs) ? state : onTheWay[state];
  }

  /** Every association that is still shown, those being taken away among them. */
  associations(): ProfileAssociation[] {
    return [...this.#associations.values()].filter((one) => this.associationState(one) !== "disassociated");
  }

  association(id: string): ProfileAssociation | undefined {
    const association = this.#associations.get(id);
    return association !== undefined && this.associationState(association) !== "disassociated"
      ? association
      : undefined;
  }

  /** The association that gives the instance its profile. */
  currentAssociation(instanceId: string): ProfileAssociation | undefined {
    const latest = this.#byInstance.get(instanceId)?.at(-1);
    return latest?.endedAtMs === undefined ? latest : undefined;
  }

  /** Whether an association of the instance is there, be it one that is being taken away. */
  hasAssociation(instanceId: string): boolean {
    return (this.#byInstance.get(instanceId) ?? []).some((one) => this.associationState(one) !== "disassociated");
  }

  associationState({ associatedAtMs, endedAtMs }: ProfileAssociation): AssociationState {
    if (endedAtMs !== undefined) {
      return this.#isThere(endedAtMs) ? "disassociated" : "disassociating";
    }
    return this.#isThere(associatedAtMs) ? "associated" : "associating";
  }

  addAssociation(association: ProfileAssociation): void {
    const others = (this.#byInstance.get(association.instanceId) ?? []).filter(({ id }) => this.association(id));
    this.#byInstance.set(association.instanceId, [...others, association]);
    this.#associations.set(association.id, association);
  }

  /** Begins to take an association away; it as it is then. */
  endAssociation(association: ProfileAssociation): ProfileAssociation {
    const ended = { ...association, endedAtMs: this.#around.now() };
    const others = this.#byInstance.get(ended.instanceId) ?? [];
    this.#byInstance.set(
      ended.instanceId,
      others.map((one) => (one.id === ended.id ? ended : one)),
    );
    this.#associations.set(ended.id, ended);
    return ended;
  }

  #isShown({ state, movedAtMs }: Instance): boolean {
    return state !== "terminated" || this.#around.now() - movedAtMs < terminatedShownMs;
  }

  #isThere(sinceMs: number): boolean {
    return this.#around.now() - sinceMs >= (this.#around.switches.current.ec2TransitionMs ?? 0);
  }
}
