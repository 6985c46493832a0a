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

const own = (name: string, ...actions: readonly string[]) => ({ name, statements: allow(...actions) });

/** Managed policies of the object's own. */
const OWN = { managedPolicies: [own("crash-big", "s3:Get*"), own("crash-small", "sqs:Get*")] };

/** One goes, one comes, one gets another version, and the inline policy another name. */
const OTHER_OWN = {
  managedPolicies: [own("crash-big", "s3:List*"), own("crash-other", "ec2:Describe*")],
  policyName: "renamed",
};

let world: World;
/** The managed policies, but for the values of their tags, which name the object. */
const also = async (): Promise<unknown> =>
  Object.entries(world.aws.snapshot().policies).map(([arn, { document, tags }]) => [arn, document, Object.keys(tags)]);

function storiesOf(what: string, first: object, then: object): readonly Story[] {
  const make: Story["ask"] = (place) => place.apply(place.manifest({ ...first }));
  return [
    { name: `create ${what}`, ask: make, also },
    { name: `edit ${what}`, before: make, ask: (place) => place.apply(place.manifest({ ...then })), also },
    { name: `delete ${what}`, before: make, ask: (place) => place.delete(), also },
  ];
}

const STORIES = [
  ...storiesOf("several policies", SEVERAL, OTHERS),
  ...storiesOf("policies of the object's own", OWN, OTHER_OWN),
];

crashStories(
  async () => {
    world = await World.open();
    return world;
  },
  { isThorough: false, stories: STORIES },
);
