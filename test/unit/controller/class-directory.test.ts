import { describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileSpec, ObjectMeta } from "../../../src/api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION } from "../../../src/api/instance-profile-class.ts";
import { ClassDirectory, type Standing } from "../../../src/controller/class-directory.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass, anInstanceProfile, CLUSTER_ID } from "../../support/builders.ts";

const asDefault = { annotations: { [DEFAULT_CLASS_ANNOTATION]: "true" } };

function raw(object: object): KubeObject {
  return object as unknown as KubeObject;
}

function standing(
  object: InstanceProfile,
  classes: readonly object[],
  others: readonly InstanceProfile[] = [],
): Standing {
  return new ClassDirectory({
    classes: () => classes.map(raw),
    objects: () => [object, ...others].map(raw),
    clusterId: CLUSTER_ID,
  }).standingOf(object);
}

function saidOf(object: InstanceProfile, classes: readonly object[], others: readonly InstanceProfile[] = []): string {
  const found = standing(object, classes, others);
  if (found.kind === "refused") return `refused ${found.blocker.reason}: ${found.blocker.message}`;
  if (found.kind === "free") return "free";
  const verdict = found.violations.map(({ reason }) => reason).join(" ") || "fits";
  return `${found.class.metadata.name} ${verdict}${found.isStripped ? ", stripped" : ""}`;
}

function of(
  className: string | undefined,
  spec: Partial<InstanceProfileSpec> = {},
  metadata: Partial<ObjectMeta> = {},
) {
  return anInstanceProfile({ spec: { ...(className !== undefined && { className }), ...spec }, metadata });
}

const held = { finalizers: [FINALIZER] };
const going = { ...held, deletionTimestamp: "2026-01-01T00:00:00Z" };
const wide: Partial<InstanceProfileSpec> = {
  statements: [
    { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] },
    { effect: "Allow", actions: ["iam:*"], resources: ["*"] },
  ],
};

describe("the class of an object", () => {
  test("is the one that it names", () => {
    expect(saidOf(of("readers"), [aClass()])).toBe("readers fits");
    expect(saidOf(of("readers", wide), [aClass()])).toBe("readers ActionNotAllowed");
  });

  test("is the default when it names none", () => {
    expect(saidOf(of(undefined), [aClass(), aClass({}, { metadata: { name: "main", ...asDefault } })])).toBe(
      "main fits",
    );
    expect(saidOf(of("readers"), [aClass(), aClass({}, { metadata: { name: "main", ...asDefault } })])).toBe(
      "readers fits",
    );
  });

  test("is none only where there are none: leaving className out is no way around them", () => {
    expect(saidOf(of(undefined), [])).toBe("free");
    expect(saidOf(of(undefined), [aClass()])).toBe(
      "refused ClassRequired: spec.className is not set, and no InstanceProfileClass is marked as the default. Where there are classes every " +
        'object needs one: create it anew with className, or mark a class with annotation iam.instanceprofile.dev/is-default-class: "true".',
    );
    expect(saidOf(of(undefined, {}, held), [aClass()])).toMatch(/^refused ClassRequired/);
  });

  test("that is not there, cannot be read, or is going, is said to be so", () => {
    expect(saidOf(of("nobody"), [aClass()])).toBe(
      "refused ClassNotFound: InstanceProfileClass nobody does not exist; there are readers. Create it, or create the object anew with another className.",
    );
    const broken = { ...aClass(), spec: { account: { id: "1" } } };
    expect(saidOf(of("readers"), [broken])).toMatch(
      /^refused ClassInvalid: InstanceProfileClass "readers" is invalid: .* Mend the class\.$/,
    );
    const leaving = aClass({}, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
    expect(saidOf(of("readers"), [leaving])).toBe(
      "refused ClassNotFound: InstanceProfileClass readers is being deleted. Use another class.",
    );
    expect(saidOf(of("readers", {}, held), [leaving])).toBe("readers fits");
    expect(saidOf(of("readers", {}, going), [leaving])).toBe("readers fits");
  });

  test("is nobody's choice when two are the default", () => {
    const two = ["b", "a"].map((name) => aClass({}, { metadata: { name, ...asDefault } }));
    expect(saidOf(of(undefined), two)).toBe(
      "refused ClassAmbiguous: classes a, b are all marked as the default. Take annotation iam.instanceprofile.dev/is-default-class off all " +
        "but one.",
    );
  });

  test("does not move a role to another account", () => {
    const there = (accountId: string, metadata: Partial<ObjectMeta> = held): InstanceProfile =>
      anInstanceProfile({ metadata, status: { accountId } });
    const main = aClass({}, { metadata: { name: "main", ...asDefault } });
    expect(saidOf(there("123456789012"), [main])).toBe("main fits");
    expect(saidOf(there("210987654321"), [main])).toMatch(
      /^refused ClassAccountChanged: the role is in AWS account 210987654321, and class main is of account 123456789012\. Nothing is moved:/,
    );
    expect(saidOf(there("210987654321", going), [main])).toMatch(/^refused ClassAccountChanged/);
    // Written by somebody else into an object that nothing was made for yet.
    expect(saidOf(there("210987654321", {}), [main])).toBe("main fits");
  });
});

describe("an object that goes", () => {
  test("is not judged", () => {
    expect(saidOf(of("readers", wide, going), [aClass()])).toBe("readers fits");
  });

  test("goes without a class when it had none, though there are some now", () => {
    expect(saidOf(of(undefined, {}, going), [aClass()])).toBe("free");
    expect(saidOf(of("nobody", {}, going), [aClass()])).toMatch(/^refused ClassNotFound/);
  });

  test("has the class's deletion policy when it has none of its own", () => {
    const found = standing(of("readers", {}, going), [aClass({ deletionPolicy: "Retain" })]);
    expect(found).toMatchObject({ object: { spec: { deletionPolicy: "Retain" } } });
  });
});

describe("an object that no longer fits", () => {
  test("is left as it is, or cut down to what fits, as the class says", () => {
    expect(saidOf(of("readers", wide, held), [aClass({ onViolation: "Keep" })])).toBe("readers ActionNotAllowed");
    const found = standing(of("readers", wide, held), [aClass({ onViolation: "Strip" })]);
    expect(found).toMatchObject({
      isStripped: true,
      object: { spec: { statements: [{ actions: ["s3:GetObject"] }] } },
    });
  });

  test("is not begun, though the class would cut it down", () => {
    expect(saidOf(of("readers", wide), [aClass({ onViolation: "Strip" })])).toBe("readers ActionNotAllowed");
  });

  test("is cut down though its name cannot change", () => {
    const strict = aClass({ onViolation: "Strip", roleNamePrefix: "other-" });
    expect(saidOf(of("readers", wide, held), [strict])).toBe(
      "readers RoleNameNotAllowed RoleNameNotAllowed ActionNotAllowed, stripped",
    );
  });
});

describe("of more objects than a namespace may have", () => {
  const limited = aClass({ maxPerNamespace: 1 }, { metadata: { ...asDefault } });
  const made = (
    name: string,
    second: number,
    metadata: Partial<ObjectMeta> = {},
    className?: string,
  ): InstanceProfile => of(className, {}, { name, creationTimestamp: `2026-01-01T00:00:0${second}Z`, ...metadata });

  test("the oldest count, and of two of one second the first by name", () => {
    const [first, second, twin] = [made("b", 1), made("a", 2), made("c", 1)];
    expect(saidOf(first, [limited], [second, twin])).toBe("readers fits");
    expect(saidOf(second, [limited], [first, twin])).toBe("readers TooManyObjects");
    expect(saidOf(twin, [limited], [first, second])).toBe("readers TooManyObjects");
  });

  test("those of other namespaces and classes do not count, nor those that go", () => {
    const own = made("z", 9);
    expect(saidOf(own, [limited], [made("a", 1, { namespace: "team-b" })])).toBe("readers fits");
    expect(saidOf(own, [limited], [made("a", 1, {}, "other")])).toBe("readers fits");
    expect(saidOf(own, [limited], [made("a", 1, { deletionTimestamp: "2026-01-01T00:00:05Z" })])).toBe("readers fits");
    expect(saidOf(own, [limited], [made("a", 1, {}, "readers")])).toBe("readers TooManyObjects");
  });
});
