import { describe } from "vitest";
import { burstStories } from "../scenario/faults/burst-stories.ts";
import { intermediateStories } from "../scenario/faults/intermediate-stories.ts";
import { refusedStories } from "../scenario/faults/refused-stories.ts";
import { staleStories } from "../scenario/faults/stale-stories.ts";
import { unobservedStories } from "../scenario/faults/unobserved-stories.ts";

// In virtual time and without servers: here for the time it takes. test/scenario/faults tries some points of each story.
describe("at every point of every story:", () => {
  intermediateStories({ isThorough: true });
  staleStories({ step: 1, lagsMs: [100, 30_000, 90_000] });
  unobservedStories({ isThorough: true });
  refusedStories({ isThorough: true });
  burstStories({ size: 200 });
});
