import { describe, expect, test } from "vitest";
import type { InstanceProfileSpec } from "../../../src/api/instance-profile.ts";
import { type DesiredPresent, desiredState } from "../../../src/model/desired-state.ts";
import { TAG_KEYS, type Tags } from "../../../src/model/ownership.ts";
import { diff } from "../../../src/plan/diff.ts";
import { verifyOwnership } from "../../../src/plan/ownership-guard.ts";
import { anInstanceProfile, CLUSTER_ID, createdState, desiredOf } from "../../support/builders.ts";

const CREATED = createdState();
const ADOPTING: Partial<InstanceProfileSpec> = { adoptionPolicy: "IfExists" };

/** The created role with these tags changed, or removed where they are undefined. */
function roleWith(tags: Readonly<Record<string, string | undefined>>) {
  const all = Object.entries({ ...CREATED.role.tags, ...tags }).filter(([, value]) => value !== undefined);
  return { ...CREATED.role, tags: Object.fromEntries(all) as Tags };
}

/** Reason and message of the refusal; `allowed` where there is none. */
function verdictOn(entity: Parameters<typeof verifyOwnership>[1], desired: DesiredPresent = desiredOf()): string {
  const verdict = verifyOwnership(desired, entity);
  return verdict.kind === "allowed" ? "allowed" : `${verdict.blocker.reason}: ${verdict.blocker.message}`;
}

const UNOWNED_ROLE = { ...CREATED.role, tags: {} };
const UNOWNED_PROFILE = { ...CREATED.instanceProfile, tags: {} };
const REMEDY =
  "Choose another name, or delete that object first. If that object no longer exists, remove the tags iam.instanceprofile.dev/* and " +
  "set adoptionPolicy: IfExists.";

describe("an entity with the owner tags of another object", () => {
  test("is refused, and the message names its owner", () => {
    expect(verdictOn(roleWith({ [TAG_KEYS.name]: "other" }))).toBe(
      `OwnedByAnother: role app is owned by InstanceProfile team-a/other. ${REMEDY}`,
    );
    expect(verdictOn(roleWith({ [TAG_KEYS.clusterId]: "cluster-2", [TAG_KEYS.uid]: "uid-2" }))).toBe(
      "OwnedByAnother: role app is owned by InstanceProfile team-a/app of cluster cluster-2. " +
        REMEDY.replace(
          "object first.",
          "object first, or set spec.adoptFrom.clusterId to cluster-2 to adopt from that cluster.",
        ),
    );
  });

  test("but this object's uid is refused, and the message names the cluster id of both", () => {
    expect(verdictOn(roleWith({ [TAG_KEYS.clusterId]: "cluster-2" }))).toBe(
      "OwnedByAnother: role app has the tags of this object with cluster id cluster-2, and this controller runs with cluster id " +
        "cluster-1. Start the controller with the former --cluster-id, or set spec.adoptFrom.clusterId to it.",
    );
  });

  test("is refused also when the object may adopt", () => {
    expect(verdictOn(roleWith({ [TAG_KEYS.namespace]: "team-b" }), desiredOf(ADOPTING))).toMatch(
      /^OwnedByAnother: role app is owned by InstanceProfile team-b\/app\./,
    );
  });

  test.each([TAG_KEYS.clusterId, TAG_KEYS.namespace, TAG_KEYS.name])(
    "is refused also when the tag %s is missing",
    (key) => {
      for (const desired of [desiredOf(), desiredOf(ADOPTING)]) {
        expect(verdictOn(roleWith({ [key]: undefined }), desired)).toMatch(
          /^OwnedByAnother: role app has only some of the tags \S+cluster-id, \S+namespace, \S+name, so its owner is unknown/,
        );
      }
    },
  );
});

test("an entity with the three deciding tags of the object is allowed, whatever its other tags are", () => {
  expect(verdictOn(CREATED.instanceProfile)).toBe("allowed");
  const others = { [TAG_KEYS.uid]: undefined, [TAG_KEYS.applied]: "?", [TAG_KEYS.adopted]: "perhaps" };
  expect(verdictOn(roleWith(others))).toBe("allowed");
});

describe("an entity without owner tags", () => {
  test("is refused without adoption, although the name matches", () => {
    expect(verdictOn(UNOWNED_ROLE)).toMatch(/^AlreadyExists: role app already exists and was not created by this/);
    expect(verdictOn(UNOWNED_PROFILE)).toMatch(/^AlreadyExists: instance profile app already exists/);
  });

  test("is refused where neither a class nor the operator allows the adoption that the spec asks for", () => {
    const denied = desiredState(anInstanceProfile({ spec: ADOPTING }), CLUSTER_ID) as DesiredPresent;
    expect(verdictOn(UNOWNED_ROLE, denied)).toMatch(
      /^AdoptionNotAllowed: role app already exists .* only if the controller runs with --allow-adoption\./,
    );
  });

  test("is adopted with adoptionPolicy: IfExists", () => {
    expect(verifyOwnership(desiredOf(ADOPTING), UNOWNED_ROLE)).toEqual({ kind: "allowed", adopted: true });
  });

  test.each(["/aws-service-role/ec2.amazonaws.com/", "/AWS-Reserved/sso.amazonaws.com/"])(
    "is not adopted under the path %s, which belongs to an AWS service",
    (path) => {
      expect(verdictOn({ ...UNOWNED_ROLE, path }, desiredOf({ ...ADOPTING, path }))).toBe(
        `AdoptionNotAllowed: role app has path ${path}, so an AWS service manages it, and it cannot be adopted. Choose another name.`,
      );
    },
  );
});

test("an adopted entity stays adopted, and a created one does not become adopted", () => {
  expect(verifyOwnership(desiredOf(), CREATED.role)).toEqual({ kind: "allowed", adopted: false });
  expect(verifyOwnership(desiredOf(), roleWith({ [TAG_KEYS.adopted]: "true" }))).toEqual({
    kind: "allowed",
    adopted: true,
  });
});

test("an entity under another path than that of the spec is refused, because IAM cannot change a path", () => {
  const message =
    "exists with path /x/, and the spec has path /; IAM cannot change a path. " +
    "Create the object with the existing path, or delete the existing entity.";
  expect(verdictOn({ ...CREATED.role, path: "/x/" })).toBe(`PathConflict: role app ${message}`);
  expect(verdictOn({ ...UNOWNED_PROFILE, path: "/x/" }, desiredOf(ADOPTING))).toBe(
    `PathConflict: instance profile app ${message}`,
  );
});

test("a plan names the role and the instance profile, once where the reason is the same", () => {
  const state = { role: UNOWNED_ROLE, instanceProfile: { ...UNOWNED_PROFILE, path: "/x/" } };
  const reasonsOf = (spec: Partial<InstanceProfileSpec>) =>
    diff(desiredOf(spec), state).blockers.map((it) => it.reason);
  expect(reasonsOf({})).toEqual(["AlreadyExists"]);
  expect(reasonsOf(ADOPTING)).toEqual(["PathConflict"]);
});
