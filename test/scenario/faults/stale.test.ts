import { staleStories } from "./stale-stories.ts";

// test/e2e-apart/every-fault.test.ts tries every call.
staleStories({ step: 16, lagsMs: [30_000] });
