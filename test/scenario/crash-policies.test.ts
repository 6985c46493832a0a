import { World } from "../support/world.ts";
import { crashStories } from "./crash-stories.ts";
import type { Story } from "./stories.ts";

const allow = (...actions: readonly string[]) => [{ effect: "Allow", actions, resources: ["*"] }];

/** Several inline policies, and a managed policy of the object's own. The names may not differ from world to world: see stories.ts. */
const SEVERAL = {
  policyName: "access",
  inlinePolicies: [
    { name: "queue", statements: allow("sqs:SendMessage") },
    { name: "limits", document: { Statement: { Effect: "Deny", Action: "s3:GetObjectAcl", Resource: "*" } } },
  ],
  managedPolicies: [{ name: "crash-big", statements: allow("dynamodb:GetItem") }],
};

/** One policy goes, one comes, one changes both ways, and the managed policy gets another version. */
const OTHERS = {
  ...SEVERAL,
  inlinePolicies: [
    { name: "queue", statements: allow("sqs:ReceiveMessage") },
    { name: "topic", statements: allow("sns:Publish") },
  ],
  managedPolicies: [{ name: "crash-big", statements: allow("dynamodb:Query") }],
};

let world: World;
/** The managed policies, but for the values of their tags, which name the object. */
const also = async (): Promise<unknown> =>
  Object.entries(world.aws.snapshot().policies).map(([arn, { document, tags }]) => [arn, document, Object.keys(tags)]);

const STORIES: readonly Story[] = [
  { name: "create", ask: (place) => place.apply(place.manifest(SEVERAL)), also },
  {
    name: "edit",
    before: (place) => place.apply(place.manifest(SEVERAL)),
    ask: (place) => place.apply(place.manifest(OTHERS)),
    also,
  },
  {
    name: "delete",
    before: (place) => place.apply(place.manifest(SEVERAL)),
    ask: (place) => place.delete(),
    also,
  },
];

crashStories(
  async () => {
    world = await World.open();
    return world;
  },
  { isThorough: false, stories: STORIES },
);
