import { describe } from "vitest";
import { World } from "../support/world.ts";
import { crashStories } from "./crash-stories.ts";
import { STORIES } from "./stories.ts";

crashStories(() => World.open(), { isThorough: true });

describe("where each process begins with a scan that saw nothing of what is there,", () => {
  const open = async (): Promise<World> => Object.assign(await World.open(), { isPresumptionRefuted: true });
  crashStories(open, { isThorough: true, stories: STORIES.filter(({ name }) => name === "create") });
});
