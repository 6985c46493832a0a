import { intermediateStories } from "./intermediate-stories.ts";

// test/thorough/every-fault.test.ts tries every call.
intermediateStories({ isThorough: false });
