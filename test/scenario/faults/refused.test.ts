import { refusedStories } from "./refused-stories.ts";

// test/e2e-apart/every-fault.test.ts refuses every call in every way.
refusedStories({ isThorough: false });
