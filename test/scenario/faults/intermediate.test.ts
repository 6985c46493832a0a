import { intermediateStories } from "./intermediate-stories.ts";

// test/e2e-apart/every-fault.test.ts tries every call.
intermediateStories({ isThorough: false });
