import type { ScenarioWorld } from "../support/scenario-world.ts";

export const RICH = {
  // A hash of it is in the owner tag, so it may not differ from world to world as names do.
  policyName: "access",
  description: "reads",
  managedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
  tags: { team: "a" },
};
export const EDITED = {
  description: "reads and writes",
  policyName: "renamed",
  statements: [{ effect: "Allow", actions: ["s3:*"], resources: ["*"] }],
  managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
  tags: { stage: "prod" },
  maxSessionDurationSeconds: 7200,
};

/** Where a story can be told: as far as its user is concerned. */
type StoryPlace = Pick<ScenarioWorld, "manifest" | "apply" | "delete">;

/** What the user asks for, after the controller had converged on `before` (if there is one). */
export interface Story {
  readonly name: string;
  readonly before?: (place: StoryPlace) => Promise<void>;
  readonly ask: (place: StoryPlace) => Promise<void>;
  /** What else must be the same at the end, besides object, roles and profiles. */
  readonly also?: () => Promise<unknown>;
}

export const STORIES: readonly Story[] = [
  { name: "create", ask: (place) => place.apply(place.manifest(RICH)) },
  {
    name: "edit",
    before: (place) => place.apply(place.manifest(RICH)),
    ask: (place) => place.apply(place.manifest(EDITED)),
  },
  {
    name: "delete",
    before: (place) => place.apply(place.manifest(RICH)),
    ask: (place) => place.delete(),
  },
];
