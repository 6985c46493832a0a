import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../contract/cli/run-cli.ts";
import type { Manifest } from "../support/cluster-user.ts";
import { Ec2User } from "../support/ec2-user.ts";
import { World } from "../support/world.ts";

const FOLDER = join(import.meta.dirname, "../../examples");
const EXAMPLES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** What uses the profile: the one file that is neither the manifest nor its test. */
function consumerOf(example: string): string {
  const [file = "", ...more] = readdirSync(join(FOLDER, example)).filter(
    (name) => !/^(?:profile|test)\.yaml$/.test(name),
  );
  expect(more).toEqual([]);
  return readFileSync(join(FOLDER, example, file), "utf8");
}

let world: World;
let user: Ec2User;
beforeAll(async () => {
  world = await World.open();
  user = new Ec2User(world.aws.url, "us-east-1");
});
beforeEach(() => world.reset());
afterAll(async () => {
  user.close();
  await world.close();
});

test("the table of the README names every example", () => {
  const named = [...readFileSync(join(FOLDER, "README.md"), "utf8").matchAll(/^\| \[([\w-]+)\]\(\1\)/gm)].map(
    ([, name]) => name,
  );
  expect(named.toSorted()).toEqual(EXAMPLES.toSorted());
});

describe.each(EXAMPLES)("the example %s", (example) => {
  const file = (name: string): string => join(FOLDER, example, name);
  const object: Manifest = parse(readFileSync(file("profile.yaml"), "utf8"));

  test("is valid, and meets its policy test", async () => {
    const { status, out } = await runCli(["validate", "-f", file("profile.yaml"), "-f", file("test.yaml")]);
    expect([status, out]).toEqual([0, expect.stringMatching(/2 checked, 0 invalid/)]);
    // The one warning is of a managed policy, which only plan reads.
    expect(out.match(/warning: .*/g)?.filter((line) => !line.includes("plan reads managed policies")) ?? []).toEqual(
      [],
    );
  });

  test("becomes Ready, its consumer names it, an instance starts with it, and it goes when the instance is gone", async () => {
    const { roleName } = object.spec as { readonly roleName: string };
    expect(consumerOf(example)).toMatch(new RegExp(`\\b${roleName}\\b`));
    const key = { namespace: "default", name: example };
    const controller = world.controller();
    await world.apply({ ...object, metadata: { ...object.metadata, ...key } });
    await controller.settle(key);
    expect(await world.ready(key)).toBe("True InSync");
    await user.terminate(await user.runOne({ profile: roleName }));
    world.nowMs += 600_000;
    await world.delete(key);
    await controller.settle(key);
    expect(await world.awsState()).toEqual({ roles: {}, instanceProfiles: {} });
  });
});
