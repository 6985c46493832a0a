import { beforeEach, expect, test } from "vitest";
import { Acceptances } from "../../../src/controller/classes/acceptance.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
let clockMs = 0;
const monotonicMs = (): number => clockMs;
beforeEach(() => {
  clockMs = 0;
});
const readers = aClass({ maxPerNamespace: 1 });

function metadata(name: string) {
  return { uid: `uid-${name}`, namespace: "team-a", name };
}

function object(name: string, acceptedTime?: string): KubeObject {
  const status = acceptedTime && { class: { name: "readers", accountId: "123456789012", acceptedTime } };
  return { ...countable(name), ...(status && { status }) };
}

function countable(name: string) {
  return { metadata: metadata(name), spec: { roleName: name } };
}

/** How many objects count before this one. */
function before(acceptances: Acceptances, name: string): number {
  return acceptances.before(countable(name), readers).objects;
}

test("a reserved place counts: two objects that are reconciled concurrently cannot both take the last one", () => {
  const acceptances = new Acceptances({ objects: objectsOfList(() => [object("a"), object("b")]), monotonicMs });
  acceptances.reserve(countable("a"), readers, NOW);
  expect(before(acceptances, "b")).toBe(1);
  expect(before(acceptances, "a")).toBe(0);
});

test("a place is released when the acceptance is not written, or its object is deleted", () => {
  const acceptances = new Acceptances({ objects: objectsOfList(() => []), monotonicMs });
  acceptances.reserve(countable("a"), readers, NOW).release();
  expect(before(acceptances, "b")).toBe(0);
  acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(object("a"), true);
  expect(before(acceptances, "b")).toBe(0);
});

test("an accepted object without a spec counts", () => {
  const { spec: _, ...broken } = object("a", "2026-01-01T00:00:00.000Z");
  expect(before(new Acceptances({ objects: objectsOfList(() => [broken]), monotonicMs }), "b")).toBe(1);
});

test("a version of the object from before the acceptance does not release the place", () => {
  let cached = [object("a")];
  const acceptances = new Acceptances({ objects: objectsOfList(() => cached), monotonicMs });
  const { accepted } = acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(object("a"), false);
  expect(before(acceptances, "b")).toBe(1);
  cached = [object("a", accepted.acceptedTime)];
  acceptances.observed(object("a", accepted.acceptedTime), false);
  expect(before(acceptances, "b")).toBe(1);
});

test("each acceptance is later than earlier ones, even if the clock of the leader is behind", () => {
  const acceptances = new Acceptances({
    objects: objectsOfList(() => [object("a", "2026-01-01T00:05:00.000Z")]),
    monotonicMs,
  });
  expect(acceptances.reserve(countable("b"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.001Z");
  expect(acceptances.reserve(countable("c"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.002Z");
});

test("an acceptance that the watch shows in time never stops counting", () => {
  let cached = [object("a")];
  const acceptances = new Acceptances({ objects: objectsOfList(() => cached), monotonicMs });
  const { accepted, ended } = acceptances.reserve(countable("a"), readers, NOW);
  ended();
  cached = [object("a", accepted.acceptedTime)];
  clockMs += 3_600_000;
  expect(before(acceptances, "b")).toBe(1);
});
