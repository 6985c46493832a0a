import { unobservedStories } from "./unobserved-stories.ts";

// test/e2e/every-fault.test.ts tells them all.
unobservedStories({ isThorough: false });
