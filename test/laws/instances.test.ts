import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstancesSpec } from "../../src/api/instances.ts";
import { execute } from "../../src/engine/execute/execute.ts";
import { ConflictError } from "../../src/errors.ts";
import { recordedRegions } from "../../src/model/instances/association-tags.ts";
import type { ObservedAssociation, ObservedInstance } from "../../src/model/instances/instance.ts";
import type { ObservedState } from "../../src/model/observed-state.ts";
import { type Action, type ActionOutcome, concernsInstance, isInstanceAction } from "../../src/plan/action.ts";
import { diff } from "../../src/plan/diff.ts";
import { hasProfile } from "../../src/plan/instances/instance-status.ts";
import { desiredAbsence, desiredOf, NOTHING, stateAfter } from "../support/builders.ts";

const OURS = "arn:aws:iam::123456789012:instance-profile/app";
const THEIRS = "arn:aws:iam::123456789012:instance-profile/other";
const PROFILE = { instanceProfileName: "app", path: "/" };

const spec: fc.Arbitrary<InstancesSpec | undefined> = fc.option(
  fc.record({
    region: fc.constantFrom("eu-west-1", "eu-north-1"),
    onConflict: fc.constantFrom("Keep" as const, "Replace" as const),
    selector: fc.constant({ matchTags: { app: "web" } }),
  }),
  { nil: undefined },
);

const association: fc.Arbitrary<ObservedAssociation | undefined> = fc.option(
  fc.record({
    associationId: fc.constantFrom("iip-assoc-1", "iip-assoc-2", ""),
    profileArn: fc.constantFrom(OURS, THEIRS),
    profileId: fc.constantFrom("AIPAEXAMPLE", "AIPAGONE", ""),
    state: fc.constantFrom(
      "associated" as const,
      "associated" as const,
      "associating" as const,
      "disassociating" as const,
    ),
  }),
  { nil: undefined },
);

const instance: fc.Arbitrary<Omit<ObservedInstance, "instanceId">> = fc.record({
  region: fc.constantFrom("eu-west-1", "eu-north-1"),
  state: fc.constantFrom("pending" as const, "running" as const, "stopping" as const, "stopped" as const),
  association,
  isSelected: fc.boolean(),
  isMarked: fc.boolean(),
  precededBy: fc.constantFrom(undefined, undefined, "team-a/older"),
  isYielded: fc.boolean(),
});

/** A converged object of one spec, and what EC2 has when the next spec comes. */
const world = fc
  .record({ before: spec, wanted: spec, instances: fc.array(instance, { maxLength: 6 }) })
  .map(({ before, wanted, instances }) => {
    const made = stateAfter(NOTHING, diff(desiredOf(withInstances(before)), NOTHING).actions);
    const found = instances.map((one, i): ObservedInstance => {
      const isSelected = one.isSelected && wanted?.region === one.region;
      return { ...one, isSelected, instanceId: `i-${i}`, isYielded: isSelected && one.isYielded };
    });
    const state: ObservedState = { ...made, instances: { found, missingIds: [], unsearched: [] } };
    return { desired: desiredOf(withInstances(wanted)), state, wanted };
  });

function withInstances(instances: InstancesSpec | undefined): { instances?: InstancesSpec } {
  return instances === undefined ? {} : { instances };
}

function foundIn({ instances }: ObservedState): readonly ObservedInstance[] {
  return instances?.found ?? [];
}

function stateRegions({ instanceProfile }: ObservedState): readonly string[] {
  return instanceProfile.presence === "present" ? recordedRegions(instanceProfile.tags) : [];
}

function prefixes(actions: readonly Action[]): readonly (readonly Action[])[] {
  return Array.from({ length: actions.length + 1 }, (_, cut) => actions.slice(0, cut));
}

/** Each instance before and after. */
function pairs(
  before: ObservedState,
  after: ObservedState,
): readonly (readonly [ObservedInstance, ObservedInstance])[] {
  return foundIn(before).map((then, i) => [then, foundIn(after)[i] ?? then]);
}

/** What becomes of the world when the object stays, or goes. */
const course = fc.tuple(world, fc.boolean()).map(([{ desired, state, wanted }, isGoing]) => {
  const plan = diff(isGoing ? desiredAbsence(withInstances(wanted)) : desired, state);
  const actions = plan.blockers.length > 0 ? [] : plan.actions;
  return { state, wanted, isGoing, actions, end: stateAfter(state, actions) };
});

const REFUSED = new ConflictError("it has changed", { reason: "InstanceChanged" });

/** What comes of the actions where EC2 refuses every write to these instances. */
async function carriedOut(
  state: ObservedState,
  actions: readonly Action[],
  refused: ReadonlySet<string>,
): Promise<ObservedState> {
  const perform = async (action: Action): Promise<ActionOutcome> => {
    if (isInstanceAction(action) && [...refused].some((id) => concernsInstance(action, id))) throw REFUSED;
    return { created: undefined };
  };
  const plan = { actions, blockers: [], unmanagedPolicies: [] };
  const { applied } = await execute(plan, { perform }, new AbortController().signal);
  return stateAfter(
    state,
    applied.map(({ action }) => action),
  );
}

describe("the laws of association", () => {
  test("applying a plan leaves nothing to plan, and a plan cut anywhere comes to the same end", () => {
    fc.assert(
      fc.property(world, ({ desired, state }) => {
        const { actions } = diff(desired, state);
        const whole = stateAfter(state, actions);
        expect(diff(desired, whole).actions).toEqual([]);
        for (const done of prefixes(actions)) {
          const middle = stateAfter(state, done);
          expect(stateAfter(middle, diff(desired, middle).actions)).toEqual(whole);
        }
      }),
    );
  });

  test("wherever a plan is cut, what it has associated is marked, in a region that the profile records", () => {
    fc.assert(
      fc.property(world, ({ desired, state }) => {
        for (const done of prefixes(diff(desired, state).actions)) {
          const middle = stateAfter(state, done);
          const regions = stateRegions(middle);
          const associated = pairs(state, middle).filter(
            ([then, now]) => now.association !== undefined && now.association !== then.association,
          );
          expect(associated.filter(([, now]) => !now.isMarked || !regions.includes(now.region))).toEqual([]);
        }
      }),
    );
  });

  test("an instance that EC2 refuses changes nothing for the others, and what is left of it is not forgotten", async () => {
    const refused = fc.uniqueArray(fc.constantFrom<string[]>("i-0", "i-1", "i-2", "i-3", "i-4", "i-5"), {
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(course, refused, async ({ state, actions, end }, ids) => {
        const isRefused = new Set(ids);
        const middle = await carriedOut(state, actions, isRefused);
        const free = pairs(end, middle).filter(([, { instanceId }]) => !isRefused.has(instanceId));
        expect(free.map(([, now]) => now)).toEqual(free.map(([whole]) => whole));
        const regions = stateRegions(middle);
        const marked = foundIn(state).filter(({ instanceId, isMarked }) => isRefused.has(instanceId) && isMarked);
        const written = actions.some(
          (action) => isInstanceAction(action) && ids.some((id) => concernsInstance(action, id)),
        );
        for (const { instanceId, region } of written ? marked : []) {
          expect(foundIn(middle).find((one) => one.instanceId === instanceId)?.isMarked).toBe(true);
          expect(stateRegions(state).includes(region) ? regions : [region]).toContain(region);
        }
      }),
    );
  });

  test("no write reaches an instance that the object neither selects nor has associated", () => {
    fc.assert(
      fc.property(course, ({ state, actions, isGoing }) => {
        const written = new Set(actions.filter(isInstanceAction).map((action) => action.instanceId));
        const strange = foundIn(state).filter(({ isSelected, isMarked }) => !isMarked && (isGoing || !isSelected));
        expect(strange.filter(({ instanceId }) => written.has(instanceId))).toEqual([]);
      }),
    );
  });

  test("another profile leaves an instance only where the spec says Replace, or an object that comes later put it there", () => {
    fc.assert(
      fc.property(course, ({ state, end, wanted }) => {
        const lost = pairs(state, end).filter(
          ([then, now]) => then.association?.profileArn === THEIRS && now.association !== then.association,
        );
        for (const [then] of lost) {
          expect(then.isSelected && then.precededBy === undefined).toBe(true);
          expect(wanted?.onConflict === "Replace" || then.isYielded).toBe(true);
        }
      }),
    );
  });

  test("the profile leaves no instance that somebody else gave it to", () => {
    fc.assert(
      fc.property(course, ({ state, end }) => {
        const given = pairs(state, end).filter(([then]) => !then.isMarked && hasProfile(then, PROFILE));
        expect(given.filter(([, now]) => !hasProfile(now, PROFILE))).toEqual([]);
      }),
    );
  });

  test("an object goes only when no instance carries its profile any more, unless by force", () => {
    fc.assert(
      fc.property(world, ({ state, wanted }) => {
        const plan = diff(desiredAbsence(withInstances(wanted)), state);
        const users = foundIn(stateAfter(state, plan.actions)).filter((one) => hasProfile(one, PROFILE));
        expect(plan.blockers.map(({ reason }) => reason)).toEqual(users.length > 0 ? ["InstancesUseProfile"] : []);
        const force = { annotations: { "iam.instanceprofile.dev/force-delete": "true" } };
        expect(diff(desiredAbsence(withInstances(wanted), force), state).blockers).toEqual([]);
      }),
    );
  });
});
