import { staleStories } from "./stale-stories.ts";

// test/thorough/every-fault.test.ts tries every call.
staleStories({ step: 16, lagsMs: [30_000] });
