import { type AwsInstance, Ec2User } from "../support/ec2-user.ts";
import { EC2_TRUST, outsider } from "../support/outsider.ts";
import { REGION, World } from "../support/world.ts";
import { crashStories } from "./crash-stories.ts";
import type { Story } from "./stories.ts";

/** The world that is open, and its EC2. */
const place: { world?: World; ec2?: Ec2User } = {};

function ec2(): Ec2User {
  if (place.ec2 === undefined) throw new Error("the world is not open");
  return place.ec2;
}

async function open(): Promise<World> {
  place.world = await World.open();
  place.ec2 = new Ec2User(place.world.aws.url, REGION);
  return place.world;
}

const asks = (app: string, onConflict = "Replace"): object => ({
  // A hash of it is in the owner tag, so it may not differ from world to world as names do.
  policyName: "access",
  instances: { region: REGION, selector: { matchTags: { app } }, onConflict },
});

/** Instances that have another profile. */
async function launchTaken(): Promise<void> {
  const url = place.world?.aws.url ?? "";
  await outsider(url, "CreateRole", { RoleName: "other", AssumeRolePolicyDocument: EC2_TRUST });
  await outsider(url, "CreateInstanceProfile", { InstanceProfileName: "other" });
  await outsider(url, "AddRoleToInstanceProfile", { InstanceProfileName: "other", RoleName: "other" });
  await ec2().run({ tags: { app: "web", n: "taken" }, profile: "other" });
  await ec2().stop(await ec2().runOne({ tags: { app: "web", n: "taken and stopped" }, profile: "other" }));
}

/** Instances without what differs from run to run: the markers name their ids. */
async function allInstances(): Promise<readonly AwsInstance[]> {
  const found = (await ec2().all()).map((one) => ({
    ...one,
    tags: Object.fromEntries(Object.entries(one.tags).map(([key, value]) => [key, value.replace(/@i-.*/, "@itself")])),
  }));
  return found.toSorted((one, other) => ((one.tags["n"] ?? "") < (other.tags["n"] ?? "") ? -1 : 1));
}

type Place = Parameters<Story["ask"]>[0];

const apply = (app: string) => (place: Place) => place.apply(place.manifest(asks(app) as never));

const stories: readonly Story[] = [
  {
    // One instance loses the profile, two get it instead of another: every kind of write to EC2 is in it.
    name: "an edit of the selector",
    before: async (world) => {
      await launchTaken();
      await ec2().run({ tags: { app: "db", n: "of the other selector" } });
      await apply("db")(world);
    },
    ask: apply("web"),
    also: allInstances,
  },
  {
    name: "the end of an object with instances",
    before: async (world) => {
      await ec2().run({ tags: { app: "web", n: "bare" } });
      await apply("web")(world);
    },
    ask: (world) => world.delete(),
    also: allInstances,
  },
];

crashStories(open, { isThorough: false, stories });
