import { expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import { diff } from "../../../src/plan/diff.ts";
import { countBlockers, withCreations } from "../../../src/plan/quota-blockers.ts";
import { type InputObject, sharedNames } from "../../../src/plan/shared-names.ts";
import { anInstanceProfile, aPolicy, desiredOf, NOTHING } from "../../support/builders.ts";

const CREATE = diff(desiredOf(), NOTHING);

function named(name: string, spec: Partial<InstanceProfileSpec>, facts: Partial<InputObject> = {}): InputObject {
  const instanceProfileName = spec.instanceProfileName ?? spec.roleName;
  const object = anInstanceProfile({
    metadata: { name },
    spec: { ...spec, ...(instanceProfileName !== undefined && { instanceProfileName }) },
  });
  return { object, source: `${name}.yaml, document 1`, account: "", isBlocked: false, ...facts };
}

const messages = (...input: readonly InputObject[]) =>
  sharedNames(input).map((found) => found.map(({ path, message }) => message.replace(`${path}: `, "")));

test("objects of one input with names of their own do not block each other", () => {
  expect(messages(named("a", { roleName: "a" }), named("b", { roleName: "b" }))).toEqual([[], []]);
});

test("a role or an instance profile that two objects name is left to the first, in whatever case it is written", () => {
  const [first, second, third] = messages(
    named("a", { roleName: "app" }),
    named("b", { roleName: "APP", instanceProfileName: "b" }),
    named("c", { roleName: "c", instanceProfileName: "App" }),
  );
  const advice = "Only one object can own a name: choose another one.";
  expect(first).toEqual([]);
  expect(second).toEqual([`InstanceProfile team-a/a (a.yaml, document 1) also names role APP. ${advice}`]);
  expect(third).toEqual([`InstanceProfile team-a/a (a.yaml, document 1) also names instance profile App. ${advice}`]);
});

test("role and instance profile of one name are one fault", () => {
  const [, second] = messages(named("a", { roleName: "app" }), named("b", { roleName: "app" }));
  expect(second).toEqual([expect.stringContaining("also names role and instance profile app.")]);
});

test("a managed policy that two objects name is left to the first, whatever its path is", () => {
  const own = (name: string, path = "/") => ({
    managedPolicies: [{ ...aPolicy([], name, "spec.managedPolicies[0].statements"), path }],
  });
  const [first, second, third] = messages(
    named("a", { roleName: "a", ...own("big") }),
    named("b", { roleName: "b", ...own("BIG", "/x/") }),
    named("c", { roleName: "a", ...own("big") }),
  );
  expect(first).toEqual([]);
  expect(second).toEqual([
    expect.stringContaining("InstanceProfile team-a/a (a.yaml, document 1) also names managed policy BIG."),
  ]);
  expect(third).toEqual([
    expect.stringContaining("also names role and instance profile a."),
    expect.stringContaining("also names managed policy big."),
  ]);
});

test("an object that writes takes the name before one that is suspended or a dry run", () => {
  const [dryRun, suspended, writes] = messages(
    named("a", { roleName: "app", mode: "DryRun" }),
    named("b", { roleName: "app", suspend: true }),
    named("c", { roleName: "app" }),
  );
  expect(writes).toEqual([]);
  for (const others of [dryRun, suspended])
    expect(others).toEqual([expect.stringContaining("InstanceProfile team-a/c")]);
});

test("an object that is blocked anyway takes no name, and names are per account", () => {
  const blocked = named("a", { roleName: "app" }, { isBlocked: true });
  expect(messages(blocked, named("b", { roleName: "app" }))).toEqual([[], []]);
  const elsewhere = named("a", { roleName: "app" }, { account: "222222222222" });
  expect(messages(elsewhere, named("b", { roleName: "app" }))).toEqual([[], []]);
});

test("an object that is in the input twice is blocked the second time, whatever names it has", () => {
  const again = { ...named("a", { roleName: "other" }), source: "b.yaml, document 3" };
  const [first, second] = sharedNames([named("a", { roleName: "app" }), again]);
  expect(first).toEqual([]);
  expect(second).toEqual([
    {
      reason: "DuplicateObject",
      path: "metadata.name",
      message:
        "metadata.name: InstanceProfile team-a/a is also in a.yaml, document 1, and the last one applied wins. Remove one of them.",
    },
  ]);
});

test("the room that is left in an account goes to the first plans of an input", () => {
  const room = { used: 9, quota: 10 };
  const quotas = { roles: room, instanceProfiles: room } as unknown as Parameters<typeof countBlockers>[1];
  expect(countBlockers(CREATE, quotas)).toEqual([]);
  const left = withCreations(quotas, CREATE);
  expect(countBlockers(CREATE, left).map(({ reason }) => reason)).toEqual(["QuotaExceeded", "QuotaExceeded"]);
  const blocked = { ...CREATE, blockers: [{ reason: "X", message: "x" }] };
  expect(countBlockers(CREATE, withCreations(quotas, blocked))).toEqual([]);
});

test("objects can share a role that others manage, also with the object that manages it, but no instance profile", () => {
  const external = { roleName: "shared", role: { management: "External" } } as const;
  const input = [
    named("a", { roleName: "shared" }),
    named("b", { ...external, instanceProfileName: "b" }),
    named("c", { ...external, instanceProfileName: "c" }),
    named("d", { ...external, instanceProfileName: "C" }),
  ];
  expect(messages(...input).map((found) => found.length)).toEqual([0, 0, 0, 1]);
});
