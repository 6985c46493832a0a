import { expect, test } from "vitest";
import { Acceptances } from "../../../src/controller/acceptance.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { aClass } from "../../support/builders.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const readers = aClass({ maxPerNamespace: 1 });

function metadata(name: string) {
  return { uid: `uid-${name}`, namespace: "team-a", name };
}

function object(name: string, acceptedTime?: string): KubeObject {
  const status = acceptedTime && { class: { name: "readers", accountId: "123456789012", acceptedTime } };
  return { metadata: metadata(name), ...(status && { status }) };
}

test("a place that is being taken is taken: two objects that are reconciled at once cannot both have the last one", () => {
  const acceptances = new Acceptances(() => [object("a"), object("b")]);
  acceptances.reserve(metadata("a"), readers, NOW);
  expect(acceptances.countBefore(metadata("b"), "readers")).toBe(1);
  expect(acceptances.countBefore(metadata("a"), "readers")).toBe(0);
});

test("a place is free again when the acceptance could not be written, or its object is gone", () => {
  const acceptances = new Acceptances(() => []);
  acceptances.reserve(metadata("a"), readers, NOW).release();
  expect(acceptances.countBefore(metadata("b"), "readers")).toBe(0);
  acceptances.reserve(metadata("a"), readers, NOW);
  acceptances.observed(object("a"), true);
  expect(acceptances.countBefore(metadata("b"), "readers")).toBe(0);
});

test("a version of the object from before the acceptance frees no place", () => {
  let cached = [object("a")];
  const acceptances = new Acceptances(() => cached);
  const { accepted } = acceptances.reserve(metadata("a"), readers, NOW);
  acceptances.observed(object("a"), false);
  expect(acceptances.countBefore(metadata("b"), "readers")).toBe(1);
  cached = [object("a", accepted.acceptedTime)];
  acceptances.observed(object("a", accepted.acceptedTime), false);
  expect(acceptances.countBefore(metadata("b"), "readers")).toBe(1);
});

test("each acceptance is later than those before, also by the clock of a leader that is behind", () => {
  const acceptances = new Acceptances(() => [object("a", "2026-01-01T00:05:00.000Z")]);
  expect(acceptances.reserve(metadata("b"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.001Z");
  expect(acceptances.reserve(metadata("c"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.002Z");
});
