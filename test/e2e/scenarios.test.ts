import { describe } from "vitest";
import { crashStories } from "../scenario/crash-stories.ts";
import { mainJobStories } from "../scenario/main-job-stories.ts";
import { policyStories } from "../scenario/policy-stories.ts";
import { whyNoSite } from "../support/e2e-site.ts";
import { RealWorld } from "../support/real-world.ts";

const why = whyNoSite();

// What moto does not have is left to the scenarios on the sandbox (test/scenario): names that differ in case only, quotas
// (LimitExceeded), missing permissions (AccessDenied), delayed visibility, throttling, lists in another order.
describe.skipIf(why !== undefined)(`on a real API server and an AWS over the network${why ? ` (${why})` : ""}:`, () => {
  describe("the main job", () => mainJobStories(() => RealWorld.open()));
  describe("policies", () => policyStories(() => RealWorld.open()));
  crashStories(() => RealWorld.open(), { isThorough: false });
});
