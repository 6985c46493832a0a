import { intermediateStories } from "./intermediate-stories.ts";

// test/e2e/every-fault.test.ts tries every call.
intermediateStories({ isThorough: false });
