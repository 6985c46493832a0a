import { burstStories } from "./burst-stories.ts";

burstStories({ size: 30 });
