import type { InstanceProfile, InstanceProfileSpec, ObjectMeta } from "../../src/api/instance-profile.ts";
import { CountedOrphans } from "../../src/controller/orphans/counted-orphans.ts";
import { DeletedObjects } from "../../src/controller/orphans/deleted-objects.ts";
import type { OrphanOptions } from "../../src/controller/orphans/orphan-options.ts";
import { type AwsAccount, openAwsAccount } from "../../src/engine/accounts/aws-account.ts";
import { ClaimIndex } from "../../src/engine/observe/instance-claims.ts";
import type { KubeObject } from "../../src/engine/ports.ts";
import { ASSOCIATED_BY_TAG, markerOf, REGIONS_TAG } from "../../src/model/instances/association-tags.ts";
import type { InstanceFacts, ObservedAssociation } from "../../src/model/instances/instance.ts";
import type { ObservedInstanceProfile } from "../../src/model/observed-state.ts";
import type { Tags } from "../../src/model/ownership.ts";
import { diff } from "../../src/plan/diff.ts";
import { FakeIam } from "../fakes/fake-iam.ts";
import { FakeKube } from "../fakes/fake-kube.ts";
import { NO_INSTANCES } from "../fakes/no-instances.ts";
import { anInstanceProfile, CLUSTER_ID, desiredOf, NOTHING } from "./builders.ts";
import { RecordingLogger } from "./recording-logger.ts";

const GUARDED_REGION = "eu-west-1";

/** A cluster and an AWS account in memory, with what deleted objects have left in them. */
export class OrphanDesk {
  readonly kube: FakeKube = new FakeKube();
  readonly iam: FakeIam = new FakeIam();
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly deleted: DeletedObjects = new DeletedObjects(CLUSTER_ID);
  /** The objects that the watch shows. */
  readonly cache: Map<string, KubeObject> = new Map();
  /** The instances that use any instance profile. */
  users: readonly InstanceFacts[] = [];
  /** Raised by each search for users of an instance profile. */
  searchFault: Error | undefined;
  /** The instances of the region, for an object that associates instances. */
  instances: readonly InstanceFacts[] = [];
  hasLiveObjects = true;
  readonly account: AwsAccount = openAwsAccount({
    change: { reader: this.iam, writer: this.iam },
    instanceReader: {
      ...NO_INSTANCES,
      readRegion: async () => this.instances,
      findUsers: async () => this.#found(),
      listAssociations: async () =>
        this.#found().map(({ instanceId, association }) => ({ instanceId, profileArn: association?.profileArn ?? "" })),
    },
    guardRegions: async () => [GUARDED_REGION],
    propagationWindowMs: 0,
    monotonicMs: () => 0,
  });

  #found(): readonly InstanceFacts[] {
    if (this.searchFault !== undefined) throw this.searchFault;
    return this.users;
  }

  /** Creates in AWS what the object asks for, and returns the object in deletion with the status that names it. */
  async leave(
    name = "app",
    { spec = {}, metadata = {} }: { spec?: Partial<InstanceProfileSpec>; metadata?: Partial<ObjectMeta> } = {},
  ): Promise<InstanceProfile> {
    const names = { roleName: name, instanceProfileName: name };
    const identity = { name, uid: `uid-${name}`, ...metadata };
    const { actions } = diff(desiredOf({ ...names, ...spec }, identity), NOTHING);
    for (const action of actions) await this.iam.perform(action);
    const { role, instanceProfile } = this.#entities(name);
    const managedPolicies = (spec.managedPolicies ?? []).map((policy) => {
      return { name: policy.name, arn: `arn:aws:iam::123456789012:policy/${policy.name}` };
    });
    const accountId = "123456789012";
    const deletionTimestamp = "2026-01-01T00:00:00Z";
    return anInstanceProfile({
      spec: { ...names, ...spec },
      metadata: { deletionTimestamp, ...identity },
      status: {
        ...{ accountId, observedGeneration: 1 },
        ...(role && { role }),
        ...(instanceProfile && { instanceProfile }),
        ...(managedPolicies.length > 0 && { managedPolicies }),
      },
    });
  }

  /** Changes the tags of the role, as another client would; undefined removes a tag. */
  tagRole(name: string, tags: Readonly<Record<string, string | undefined>>): void {
    this.iam.outsider(({ roles, ...others }) => {
      const role = roles[name];
      if (role === undefined) return { roles, ...others };
      const all = Object.entries({ ...role.tags, ...tags }).filter(([, value]) => value !== undefined);
      const changed = { ...role, tags: Object.fromEntries(all) as Record<string, string> };
      return { roles: { ...roles, [name]: changed }, ...others };
    });
  }

  /** Associates the instance profile with an instance, as the controller does for an object with `instances`. */
  associate(name: string, { metadata }: InstanceProfile): { readonly tags: Tags; readonly instance: InstanceFacts } {
    const { instanceProfiles } = this.iam.account;
    const profile = instanceProfiles[name] as ObservedInstanceProfile;
    const tags = { ...profile.tags, [REGIONS_TAG]: GUARDED_REGION };
    this.iam.outsider(({ roles }) => ({
      roles,
      instanceProfiles: { ...instanceProfiles, [name]: { ...profile, tags } },
    }));
    const owner = { clusterId: CLUSTER_ID, ...metadata };
    const user = aUser(name);
    const association = { ...(user.association as ObservedAssociation), associationId: "iip-assoc-1" };
    const marker = { [ASSOCIATED_BY_TAG]: markerOf(owner, user.instanceId) };
    const instance: InstanceFacts = { ...user, tags: marker, association };
    this.instances = [instance];
    return { tags, instance };
  }

  options(overrides: Partial<OrphanOptions> = {}): OrphanOptions {
    return {
      policy: "Delete",
      scope: { clusterId: CLUSTER_ID, namespaces: undefined },
      hasLabelSelector: false,
      client: this.kube,
      cache: this.cache,
      hasLiveObjects: async () => this.hasLiveObjects,
      events: this.kube,
      deleted: this.deleted,
      counted: new CountedOrphans(() => 0),
      crdDeletion: { deletedAlone: async (objects) => objects },
      monotonicMs: () => 0,
      claims: { of: () => ({ index: new ClaimIndex({ in: () => [] }) }) },
      logger: this.logger,
      observerOf: undefined,
      ...overrides,
    };
  }

  /** The names of the roles in AWS. */
  get roles(): readonly string[] {
    return Object.keys(this.iam.account.roles).sort();
  }

  #entities(name: string): Pick<NonNullable<InstanceProfile["status"]>, "role" | "instanceProfile"> {
    const { roles, instanceProfiles } = this.iam.account;
    const [role, profile] = [roles[name], instanceProfiles[name]];
    return {
      ...(role && { role: { arn: role.arn, id: role.roleId } }),
      ...(profile && { instanceProfile: { arn: profile.arn, id: profile.id } }),
    };
  }
}

/** An instance that uses the instance profile of this name. */
export function aUser(profile: string): InstanceFacts {
  const profileArn = `arn:aws:iam::123456789012:instance-profile/${profile}`;
  return {
    instanceId: "i-1",
    region: GUARDED_REGION,
    state: "running",
    tags: {},
    association: { associationId: "", profileArn, profileId: "AIPA", state: "associated" },
  };
}
