import { World } from "../support/world.ts";
import { crashStories } from "./crash-stories.ts";

crashStories(() => World.open(), { isThorough: true });
