import { refusedStories } from "./refused-stories.ts";

// test/thorough/every-fault.test.ts refuses every call in every way.
refusedStories({ isThorough: false });
