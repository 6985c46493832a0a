import { describe, expect, test } from "vitest";
import type { InstanceProfile, InstanceProfileStatus, ObjectMeta } from "../../../src/api/instance-profile.ts";
import { DEFAULT_CLASS_ANNOTATION } from "../../../src/api/instance-profile-class.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import type { ClassBinding } from "../../../src/controller/classes/class-binding.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { FINALIZER } from "../../../src/controller/finalizer.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { TAG_KEYS } from "../../../src/model/ownership.ts";
import { aClass, anInstanceProfile, CLUSTER_ID, type SpecOverrides } from "../../support/builders.ts";

const asDefault = { annotations: { [DEFAULT_CLASS_ANNOTATION]: "true" } };

function raw(object: object): KubeObject {
  return object as unknown as KubeObject;
}

function binding(
  object: InstanceProfile,
  classes: readonly object[],
  others: readonly InstanceProfile[] = [],
  requiresClass = false,
): ClassBinding {
  return new ClassResolver({
    classes: () => classes.map(raw),
    objects: objectsOfList(() => [object, ...others].map(raw)),
    clusterId: CLUSTER_ID,
    requiresClass,
  }).bindingOf(object);
}

function saidOf(object: InstanceProfile, classes: readonly object[], others: readonly InstanceProfile[] = []): string {
  const found = binding(object, classes, others);
  if (found.kind === "refused") return `refused ${found.blocker.reason}: ${found.blocker.message}`;
  if (found.kind === "free") return "free";
  const verdict = found.violations.map(({ reason }) => reason).join(" ") || "fits";
  return `${found.class.metadata.name} ${verdict}${found.isStripped ? ", stripped" : ""}`;
}

function of(
  className: string | undefined,
  spec: SpecOverrides = {},
  metadata: Partial<ObjectMeta> = {},
  status?: InstanceProfileStatus,
) {
  const all = { ...(className !== undefined && { className }), ...spec };
  return anInstanceProfile({ spec: all, metadata, ...(status && { status }) });
}

/** The status of an object that class readers has accepted. */
function accepted(second = 0, name = "readers", accountId = "123456789012"): InstanceProfileStatus {
  return { class: { name, accountId, acceptedTime: `2026-01-01T00:00:0${second}.000Z` } };
}

const held = { finalizers: [FINALIZER] };
const going = { ...held, deletionTimestamp: "2026-01-01T00:00:00Z" };
const wide: SpecOverrides = {
  statements: [
    { effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] },
    { effect: "Allow", actions: ["iam:*"], resources: ["*"] },
  ],
};

describe("the class of an object", () => {
  test("is the one that its spec names", () => {
    expect(saidOf(of("readers"), [aClass()])).toBe("readers fits");
    expect(saidOf(of("readers", wide), [aClass()])).toBe("readers ActionNotAllowed");
  });

  test("is the default class when its spec names none", () => {
    expect(saidOf(of(undefined), [aClass(), aClass({}, { metadata: { name: "main", ...asDefault } })])).toBe(
      "main fits",
    );
    expect(saidOf(of("readers"), [aClass(), aClass({}, { metadata: { name: "main", ...asDefault } })])).toBe(
      "readers fits",
    );
  });

  test("is required as soon as the cluster has classes, so that omitting className does not bypass them", () => {
    expect(saidOf(of(undefined), [])).toBe("free");
    expect(saidOf(of(undefined), [aClass()])).toBe(
      "refused ClassRequired: spec.className is not set, and no InstanceProfileClass is marked as the default. If the cluster has classes, every " +
        "object needs one. Mark a class as the default with the annotation " +
        'iam.instanceprofile.dev/is-default-class: "true", or create the object again with spec.className. ' +
        "Deleting an object deletes its role, unless spec.deletionPolicy retains it.",
    );
    expect(saidOf(of(undefined, {}, held), [aClass()])).toMatch(/^refused ClassRequired/);
    expect(saidOf(of(undefined, {}, held, { handedOverTo: "b" }), [aClass()])).toMatch(
      /Cluster b has adopted the role of this object, so deleting the object leaves AWS as it is\.$/,
    );
  });

  test("is required with --require-class even if the cluster has none, except of objects in deletion", () => {
    expect(binding(of(undefined), [], [], true)).toEqual({
      kind: "refused",
      blocker: {
        reason: "ClassRequired",
        message:
          "spec.className is not set, and no InstanceProfileClass is marked as the default. With --require-class, every object needs a class. " +
          'Mark a class as the default with the annotation iam.instanceprofile.dev/is-default-class: "true", or create the object again with spec.className. Deleting an object deletes its role, unless spec.deletionPolicy retains it.',
      },
    });
    expect(binding(of(undefined, {}, held), [], [], true).kind).toBe("refused");
    expect(binding(of(undefined, {}, going), [], [], true).kind).toBe("free");
    expect(binding(of("readers"), [aClass()], [], true).kind).toBe("bound");
    const main = aClass({}, { metadata: asDefault });
    expect(binding(of(undefined), [main], [], true).kind).toBe("bound");
  });

  test("is reported when it does not exist, is invalid, or is being deleted", () => {
    expect(saidOf(of("nobody"), [aClass()])).toBe(
      "refused ClassNotFound: InstanceProfileClass nobody does not exist. Existing classes: readers. Create the class, or create the object again with another spec.className. Deleting an object deletes its role, unless spec.deletionPolicy retains it.",
    );
    const broken = { ...aClass(), spec: { account: { id: "1" } } };
    expect(saidOf(of("readers"), [broken])).toMatch(
      /^refused ClassInvalid: InstanceProfileClass "readers" is invalid: .* Correct the class\.$/,
    );
    const leaving = aClass({}, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
    expect(saidOf(of("readers"), [leaving])).toBe(
      "refused ClassNotFound: InstanceProfileClass readers is being deleted. Create the object again with another spec.className. Deleting an object deletes its role, unless spec.deletionPolicy retains it.",
    );
    expect(saidOf(of("readers", {}, {}, accepted()), [leaving])).toBe("readers fits");
    // An author can write a finalizer into a manifest.
    expect(saidOf(of("readers", {}, held), [leaving])).toMatch(/^refused ClassNotFound/);
    expect(saidOf(of("readers", {}, {}, accepted(0, "other")), [leaving])).toMatch(/^refused ClassNotFound/);
    expect(saidOf(of("readers", {}, going), [leaving])).toBe("readers fits");
  });

  test("is ambiguous when two are the default", () => {
    const two = ["b", "a"].map((name) => aClass({}, { metadata: { name, ...asDefault } }));
    expect(saidOf(of(undefined), two)).toBe(
      "refused ClassAmbiguous: classes a, b are all marked as the default. Remove the annotation iam.instanceprofile.dev/is-default-class from " +
        "all but one.",
    );
  });

  test("does not move a role to another account", () => {
    const there = (accountId: string, metadata: Partial<ObjectMeta> = held): InstanceProfile =>
      anInstanceProfile({ metadata, status: { accountId } });
    const main = aClass({}, { metadata: { name: "main", ...asDefault } });
    expect(saidOf(there("123456789012"), [main])).toBe("main fits");
    expect(saidOf(there("210987654321"), [main])).toMatch(
      /^refused ClassAccountChanged: the object is bound to AWS account 210987654321, but class main is for account 123456789012\. The controller does not move roles/,
    );
    expect(saidOf(there("210987654321", going), [main])).toMatch(/^refused ClassAccountChanged/);
    // Whoever replaces the whole object takes its finalizer off, and not its status.
    expect(saidOf(there("210987654321", {}), [main])).toMatch(/^refused ClassAccountChanged/);
    const acceptedThere = of(undefined, {}, {}, accepted(0, "old", "210987654321"));
    expect(saidOf(acceptedThere, [main])).toMatch(/^refused ClassAccountChanged/);
  });
});

describe("an object in deletion", () => {
  test("is not checked against its class", () => {
    expect(saidOf(of("readers", wide, going), [aClass()])).toBe("readers fits");
  });

  test("is deleted without a class when it had none, although the cluster has classes now", () => {
    expect(saidOf(of(undefined, {}, going), [aClass()])).toBe("free");
    expect(saidOf(of("nobody", {}, going), [aClass()])).toMatch(/^refused ClassNotFound/);
  });

  test("gets the class's deletion policy when its spec sets none", () => {
    const keeping = aClass({ deletionPolicy: "Retain", allowedDeletionPolicies: ["Delete", "Retain"] });
    const found = binding(of("readers", {}, going), [keeping]);
    expect(found).toMatchObject({ object: { spec: { deletionPolicy: "Retain" } } });
  });

  test("gets a deletion policy that its class allows, whatever its spec says", () => {
    const retaining = binding(of("readers", { deletionPolicy: "Retain" }, going), [aClass()]);
    expect(retaining).toMatchObject({ violations: [] });
    expect(retaining).not.toHaveProperty("object.spec.deletionPolicy");
    const kept = aClass({ allowedDeletionPolicies: ["Retain"] });
    for (const spec of [{}, { deletionPolicy: "Delete" as const }]) {
      expect(binding(of("readers", spec, going), [kept])).toMatchObject({
        object: { spec: { deletionPolicy: "Retain" } },
      });
    }
  });
});

describe("an object that no longer complies with its class", () => {
  test("is kept or stripped, as the class says", () => {
    expect(saidOf(of("readers", wide, held), [aClass({ onViolation: "Keep" })])).toBe("readers ActionNotAllowed");
    const found = binding(of("readers", wide, {}, accepted()), [aClass({ onViolation: "Strip" })]);
    expect(found).toMatchObject({
      isStripped: true,
      object: { spec: { inlinePolicies: [{ statements: [{ actions: ["s3:GetObject"] }] }] } },
    });
  });

  test("is not created, although the class strips", () => {
    expect(saidOf(of("readers", wide), [aClass({ onViolation: "Strip" })])).toBe("readers ActionNotAllowed");
    expect(saidOf(of("readers", wide, held), [aClass({ onViolation: "Strip" })])).toBe("readers ActionNotAllowed");
  });

  test("is stripped when it was created before the class", () => {
    const there = of(undefined, wide, {}, { role: { arn: "arn:aws:iam::123456789012:role/app", id: "AROA1" } });
    expect(saidOf(there, [aClass({ onViolation: "Strip" }, { metadata: { ...asDefault } })])).toBe(
      "readers ActionNotAllowed, stripped",
    );
  });

  test("is stripped although its name cannot change", () => {
    const strict = aClass({ onViolation: "Strip", roleNamePrefix: "other-" });
    expect(saidOf(of("readers", wide, {}, accepted()), [strict])).toBe(
      "readers RoleNameNotAllowed ActionNotAllowed, stripped",
    );
  });
});

describe("when a namespace has more objects than allowed", () => {
  const limited = aClass({ maxPerNamespace: 1 }, { metadata: { ...asDefault } });
  const named = (
    name: string,
    status?: InstanceProfileStatus,
    metadata: Partial<ObjectMeta> = {},
    className?: string,
  ): InstanceProfile => of(className, {}, { name, uid: `uid-${name}`, ...metadata }, status);

  test("those that were accepted first count, whatever their names and creation times", () => {
    const [first, second] = [
      named("z", accepted(1)),
      named("a", accepted(2), { creationTimestamp: "2020-01-01T00:00:00Z" }),
    ];
    expect(saidOf(first, [limited], [second])).toBe("readers fits");
    expect(saidOf(second, [limited], [first])).toBe("readers TooManyObjects");
  });

  test("an object that is not accepted yet is denied while no place is free, however old it is", () => {
    const old = named("a", undefined, { creationTimestamp: "2020-01-01T00:00:00Z" });
    expect(saidOf(old, [limited], [named("z", accepted(1))])).toBe("readers TooManyObjects");
    expect(saidOf(old, [limited], [named("z")])).toBe("readers fits");
  });

  test("an object counts until it no longer exists, also when it is suspended or being deleted", () => {
    const own = named("own");
    const leaving = named("z", accepted(1), { deletionTimestamp: "2026-01-01T00:00:05Z" });
    expect(saidOf(own, [limited], [leaving])).toBe("readers TooManyObjects");
    const suspended = of("readers", { suspend: true }, { name: "z", uid: "uid-z" }, accepted(1));
    expect(saidOf(own, [limited], [suspended])).toBe("readers TooManyObjects");
  });

  test("objects of other namespaces and classes do not count", () => {
    const own = named("own");
    expect(saidOf(own, [limited], [named("z", accepted(1), { namespace: "team-b" })])).toBe("readers fits");
    expect(saidOf(own, [limited], [named("z", accepted(1, "other"))])).toBe("readers fits");
  });

  test("manifests that were never in a cluster count in their order, after existing objects", () => {
    const saidOfManifest = (object: InstanceProfile, all: readonly InstanceProfile[]): string | undefined => {
      const options = {
        classes: () => [raw(limited)],
        objects: objectsOfList(() => all.map(raw)),
        clusterId: CLUSTER_ID,
      };
      const found = new ClassResolver({ ...options, countsListed: true }).bindingOf(object);
      return found.kind === "bound" ? found.violations[0]?.reason : found.kind;
    };
    const [one, two] = [named("b", undefined, { uid: "" }), named("a", undefined, { uid: "" })];
    expect(saidOfManifest(one, [one, two])).toBeUndefined();
    expect(saidOfManifest(two, [one, two])).toBe("TooManyObjects");
    expect(saidOfManifest(one, [one, named("z", accepted(1))])).toBe("TooManyObjects");
  });
});

describe("an object without a path of its own", () => {
  const strict = aClass({ path: "/k8s/{namespace}/" });
  const pathOf = (object: InstanceProfile): string => {
    const found = binding(object, [strict]);
    return found.kind === "bound"
      ? `${found.object.spec.path} ${found.violations.map(({ reason }) => reason)}`
      : found.kind;
  };
  const withRole = (path: string) =>
    of("readers", {}, {}, { role: { arn: `arn:aws:iam::123456789012:role${path}app`, id: "AROA1" } });

  test("gets the path of its class, before it has a role and while its role is there", () => {
    expect(pathOf(of("readers"))).toBe("/k8s/team-a/ ");
    expect(pathOf(withRole("/k8s/team-a/"))).toBe("/k8s/team-a/ ");
  });

  test("violates its class while it has a role elsewhere: a role cannot move", () => {
    expect(pathOf(withRole("/"))).toBe("/ PathNotAllowed");
    expect(pathOf(withRole("/k8s/team-b/"))).toBe("/ PathNotAllowed");
  });

  test("is held to another path that it chooses", () => {
    expect(pathOf(of("readers", { path: "/k8s/team-b/" }))).toBe("/k8s/team-b/ PathNotAllowed");
  });
});

describe("an object without roleName", () => {
  const PREFIXED = aClass({ roleNamePrefix: "{namespace}-" });
  const parsedOf = (spec: object, status?: InstanceProfileStatus): InstanceProfile =>
    parseInstanceProfile({
      ...anInstanceProfile({ metadata: { name: "web" } }),
      spec: { statements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }], ...spec },
      ...(status && { status }),
    });
  const namesOf = (object: InstanceProfile, of: object) => {
    const found = binding(object, [of]);
    if (found.kind === "refused") throw new Error(found.blocker.message);
    const { roleName, instanceProfileName, inlinePolicies } = found.object.spec;
    return [roleName, instanceProfileName, inlinePolicies[0]?.name];
  };

  test("has a name with the prefix of its class, and so does its instance profile", () => {
    expect(namesOf(parsedOf({ className: "readers" }), PREFIXED)).toEqual([
      "team-a--web",
      "team-a--web",
      "team-a--web",
    ]);
    const other = aClass({ roleNamePrefix: "prod-" });
    const policyName = "team-a--web"; // It is inside of the role, so no prefix has to tell it from others.
    expect(namesOf(parsedOf({ className: "readers" }), other)).toEqual([
      "prod-team-a--web",
      "prod-team-a--web",
      policyName,
    ]);
    const named = parsedOf({ className: "readers", instanceProfileName: "prod-web" });
    expect(namesOf(named, other)).toEqual(["prod-team-a--web", "prod-web", policyName]);
    expect(saidOf(named, [other])).toBe("readers fits");
  });

  test("keeps the name that status records, whatever the prefix of its class becomes, and then violates it", () => {
    const status = { ...accepted(), role: { name: "old-team-a--web" } };
    const object = parsedOf({ className: "readers" }, status);
    expect(namesOf(object, aClass({ roleNamePrefix: "old-" }))[0]).toBe("old-team-a--web");
    expect(saidOf(object, [aClass({ roleNamePrefix: "old-" })])).toBe("readers fits");
    expect(namesOf(object, aClass({ roleNamePrefix: "new-" }))[0]).toBe("old-team-a--web");
    expect(saidOf(object, [aClass({ roleNamePrefix: "new-" })])).toBe("readers RoleNameNotAllowed");
  });

  test("takes the prefix of its class as long as nothing was created for it", () => {
    const object = parsedOf({ className: "readers" }, { role: { name: "old-team-a--web" } });
    expect(namesOf(object, aClass({ roleNamePrefix: "new-" }))[0]).toBe("new-team-a--web");
  });

  test("is refused when the prefix of the class leaves no room for a name", () => {
    const object = parsedOf({ className: "readers" });
    expect(saidOf(object, [aClass({ roleNamePrefix: "p".repeat(60) })])).toBe("readers RoleNameNotAllowed");
    expect(saidOf(object, [aClass({ roleNamePrefix: "p".repeat(51) })])).toBe("readers fits");
  });
});

describe("an object around a role of others, without a class,", () => {
  const external = of(undefined, { roleName: "shared", role: { management: "External" } });
  const kindOf = (object: InstanceProfile, allowsExternalRoles: boolean): string =>
    new ClassResolver({
      classes: () => [],
      objects: objectsOfList(() => []),
      clusterId: CLUSTER_ID,
      allowsExternalRoles,
    }).bindingOf(object).kind;

  test("is refused unless the operator allows it, and can always be deleted", () => {
    expect(kindOf(external, false)).toBe("refused");
    expect(kindOf(external, true)).toBe("free");
    expect(kindOf({ ...external, metadata: { ...external.metadata, ...going } }, false)).toBe("free");
    expect(saidOf(external, [])).toMatch(/^refused ExternalRoleNotAllowed/);
  });
});

describe("an object that names no role and has lost its status", () => {
  const manifest = (className?: string) => ({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfile",
    metadata: { name: "web", namespace: "team-a", uid: "uid-1", generation: 1, resourceVersion: "1" },
    spec: { ...(className && { className }) },
  });

  test.each([undefined, "gone"])("has the role of its owner tags, also where its class %s refuses it", (className) => {
    const resolver = new ClassResolver({
      classes: () => [],
      objects: objectsOfList(() => []),
      clusterId: CLUSTER_ID,
      requiresClass: true,
    });
    const tags = { [TAG_KEYS.clusterId]: CLUSTER_ID, [TAG_KEYS.uid]: "uid-1" };
    resolver.roleNames.collector([raw(manifest(className))])?.({ roleName: "old-name", arn: "", roleId: "", tags });
    const object = parseInstanceProfile(manifest(className));
    expect(resolver.bindingOf(object).kind).toBe("refused");
    expect(resolver.underRecordedTerms(object).spec).toMatchObject({
      roleName: "old-name",
      instanceProfileName: "old-name",
    });
    expect(resolver.filled(object).spec.roleName).toBe("old-name");
  });
});
