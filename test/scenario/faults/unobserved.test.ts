import { unobservedStories } from "./unobserved-stories.ts";

// test/e2e-apart/every-fault.test.ts tells them all.
unobservedStories({ isThorough: false });
