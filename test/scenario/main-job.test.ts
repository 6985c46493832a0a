import { describe, expect, test } from "vitest";
import { World } from "../support/world.ts";
import { mainJobStories } from "./main-job-stories.ts";

describe("the main job", () => {
  mainJobStories(() => World.open());

  test("a second object on the same name in other letters is blocked: IAM takes them for one", async () => {
    const world = await World.open();
    const second = { ...world.key, name: "second" };
    await world.apply(world.manifest());
    const controller = world.controller();
    await controller.settle();
    await world.apply(world.manifest({ roleName: "S3-READ-ONLY" }, second));
    world.forgetCalls();
    await controller.settle(second);
    expect(await world.ready(second)).toBe("False OwnedByAnother");
    await world.delete(second);
    await controller.settle(second);
    expect(await world.object(second)).toBeUndefined();
    expect(world.awsWrites()).toEqual([]);
    await world.close();
  });
});
