import { unobservedStories } from "./unobserved-stories.ts";

// test/thorough/every-fault.test.ts plays them all.
unobservedStories({ isThorough: false });
