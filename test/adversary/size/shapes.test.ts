import { describe, expect, test } from "vitest";
import { boundedObject, oversizeIn } from "../../../src/api/bounded-object.ts";
import type { InstanceProfile } from "../../../src/api/instance-profile.ts";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { readShippedCrd } from "../../../src/cli/manifests/crd-file.ts";
import { blockersOf, type ClassBinding } from "../../../src/controller/classes/class-binding.ts";
import { ClassResolver } from "../../../src/controller/classes/class-resolver.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { compileCrd } from "../../../src/crd/compile-crd.ts";
import type { JsonObject } from "../../../src/crd/contract.ts";
import { desiredState } from "../../../src/model/desired-state.ts";
import { diff } from "../../../src/plan/diff.ts";
import { lint } from "../../../src/plan/lint/lint.ts";
import { CLUSTER_ID, NOTHING, stateAfter, statementsIn } from "../../support/builders.ts";
import { LARGE_SPECS, type LargeSpec, MAX_OBJECT_BYTES } from "../../support/large-objects.ts";
import { s3ReadOnly } from "../../support/manifest.ts";

/** What no longer reaches a comparison, by the name of its shape, and what its author is told; the rest is planned as usual. */
const INLINE = ["PolicyTooLarge spec.statements"];
const TRUST = ["PolicyTooLarge spec.trust"];
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  "20 statements of 300 actions on 200 resources": INLINE,
  "40 statements of 300 actions on 200 resources": INLINE,
  "100 statements of 300 actions on 200 resources": INLINE,
  "100 statements of 300 actions, as short as can be": INLINE,
  "100 statements of 200 resources, as short as can be": INLINE,
  "300 times the same action on 200 times the same resource": INLINE,
  "notActions and notResources as many as there may be": INLINE,
  "actions of nothing but wildcards": INLINE,
  "actions that repeat a letter between stars": INLINE,
  "actions that nearly match an escalating one": INLINE,
  "resources that repeat a letter between stars": INLINE,
  "resources of unclosed variables": INLINE,
  "resources of unclosed variables with defaults": INLINE,
  "resources of nothing but colons": INLINE,
  "as many condition keys as there may be": INLINE,
  "condition values as long as they may be": INLINE,
  "condition values of blanks, which no quota counts": INLINE,
  "condition values of quotes, each two characters in JSON": INLINE,
  "condition values of letters beyond ASCII": INLINE,
  "condition operators that differ in case alone": INLINE,
  "condition operators and keys as long as an object has room for": INLINE,
  "trust statements with as many principals as there may be": TRUST,
  "trust principals as long as they may be": TRUST,
  "trust statements with as many conditions as there may be": TRUST,
  "sids as long as they may be": INLINE,
  "everything at once": [...INLINE, ...TRUST],
};

const specOf = (name: string): LargeSpec["spec"] => LARGE_SPECS.find((shape) => shape.name === name)?.spec ?? {};

const SHAPES: readonly LargeSpec[] = [
  ...LARGE_SPECS,
  {
    name: "everything at once",
    spec: {
      ...specOf("tags as many and as long as there may be"),
      ...specOf("trust statements with as many principals as there may be"),
      ...specOf("20 statements of 300 actions on 200 resources"),
    },
  },
];
const OVERSIZE = SHAPES.filter(({ name }) => ANSWERS[name] !== undefined);
const FITTING = SHAPES.filter(({ name }) => ANSWERS[name] === undefined);

const crd = compileCrd(readShippedCrd()).versions[0];

function manifestOf({ spec }: LargeSpec, metadata: JsonObject = {}): JsonObject {
  const { metadata: names, ...rest } = s3ReadOnly({ namespace: "team-a", name: "app" }, spec, metadata);
  return {
    ...rest,
    metadata: { uid: "uid-1", resourceVersion: "1", generation: 1, ...(names as object) },
  } as JsonObject;
}

function bindingOf(object: InstanceProfile): ClassBinding {
  return new ClassResolver({ classes: () => [], objects: objectsOfList(() => []), clusterId: CLUSTER_ID }).bindingOf(
    object,
  );
}

const small = parseInstanceProfile(manifestOf({ name: "small", spec: {} }));
const there = stateAfter(NOTHING, diff(desiredState(small, CLUSTER_ID), NOTHING).actions);

test("there are at least 20 shapes that IAM takes in no account, and 10 that it may take", () => {
  expect(OVERSIZE.length).toBeGreaterThanOrEqual(20);
  expect(FITTING.length).toBeGreaterThanOrEqual(10);
  expect(Object.keys(ANSWERS).toSorted()).toEqual(OVERSIZE.map(({ name }) => name).toSorted());
});

describe.each(SHAPES)("$name", (shape) => {
  const manifest = manifestOf(shape);

  test("is what an API server stores", () => {
    expect(JSON.stringify(manifest).length).toBeLessThan(MAX_OBJECT_BYTES);
    expect(crd?.validate(crd.applyDefaults(structuredClone(manifest)))).toEqual([]);
  });

  test("gets its answer", () => {
    const blockers = blockersOf(bindingOf(parseInstanceProfile(manifest)));
    expect(blockers.map(({ reason, message }) => `${reason} ${message.split(":")[0]}`)).toEqual(
      ANSWERS[shape.name] ?? [],
    );
  });

  test("takes little room in the cache of a controller", () => {
    expect(JSON.stringify(boundedObject(manifest)).length).toBeLessThan(140_000);
  });
});

describe.each(OVERSIZE)("of $name", (shape) => {
  test("nothing is written, whatever is in AWS", () => {
    const desired = desiredState(parseInstanceProfile(manifestOf(shape)), CLUSTER_ID);
    for (const state of [NOTHING, there]) {
      const { actions, blockers } = diff(desired, state);
      expect(actions).toEqual([]);
      expect(blockers.map(({ reason }) => reason)).toContain("PolicyTooLarge");
    }
  });

  test("all goes when the object is deleted", () => {
    const going = parseInstanceProfile(manifestOf(shape, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
    expect(blockersOf(bindingOf(going))).toEqual([]);
    const { actions, blockers } = diff(desiredState(going, CLUSTER_ID), there);
    expect(blockers).toEqual([]);
    expect(actions.map(({ kind }) => kind)).toContain("DeleteRole");
  });

  test("no more is read than it takes to see that it is too large", () => {
    let reads = 0;
    const counted = <T extends object>(value: T): T =>
      new Proxy(value, {
        get(target, key, receiver) {
          reads += 1;
          const found = Reflect.get(target, key, receiver);
          return typeof found === "object" && found !== null ? counted(found) : found;
        },
      });
    expect(oversizeIn(boundedObject(counted(manifestOf(shape))))).not.toEqual([]);
    expect(reads).toBeLessThan(12_000);
  });
});

describe.each(FITTING)("$name, which IAM may take,", (shape) => {
  const object = parseInstanceProfile(manifestOf(shape));
  const desired = desiredState(object, CLUSTER_ID);

  test("is created, then found in sync", () => {
    const { actions } = diff(desired, NOTHING);
    expect(actions.map(({ kind }) => kind)).toContain("CreateRole");
    expect(diff(desired, stateAfter(NOTHING, actions)).actions).toEqual([]);
  });

  test("is linted", () => {
    expect(lint(object)).toBeInstanceOf(Array);
  });

  test("is replaced by another policy, and replaces it, by one write of the policy each", () => {
    const full = stateAfter(NOTHING, diff(desired, NOTHING).actions);
    const puts = (from: typeof desired, to: typeof full): number =>
      diff(from, to).actions.filter(({ kind }) => kind === "PutRolePolicy").length;
    const other = desiredState(
      { ...object, spec: { ...object.spec, inlinePolicies: small.spec.inlinePolicies } },
      CLUSTER_ID,
    );
    const before = stateAfter(NOTHING, diff(other, NOTHING).actions);
    const writes = [puts(other, full), puts(desired, before)];
    expect(Math.max(...writes)).toBeLessThanOrEqual(
      statementsIn(object.spec).some(({ effect }) => effect === "Deny") ? 2 : 1,
    );
  });
});
