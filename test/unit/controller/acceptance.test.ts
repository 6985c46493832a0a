import { beforeEach, describe, expect, test } from "vitest";
import { accept } from "../../../src/controller/classes/accept.ts";
import { Acceptances } from "../../../src/controller/classes/acceptance.ts";
import type { ClassBinding } from "../../../src/controller/classes/class-binding.ts";
import { MutationCache } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";
import { aClass, anInstanceProfile } from "../../support/builders.ts";

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
  const acceptances = new Acceptances({ objects: () => [object("a"), object("b")], monotonicMs });
  acceptances.reserve(countable("a"), readers, NOW);
  expect(before(acceptances, "b")).toBe(1);
  expect(before(acceptances, "a")).toBe(0);
});

test("a place is released when the acceptance is not written, or its object is deleted", () => {
  const acceptances = new Acceptances({ objects: () => [], monotonicMs });
  acceptances.reserve(countable("a"), readers, NOW).release();
  expect(before(acceptances, "b")).toBe(0);
  acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(object("a"), true);
  expect(before(acceptances, "b")).toBe(0);
});

test("an accepted object without a spec counts", () => {
  const { spec: _, ...broken } = object("a", "2026-01-01T00:00:00.000Z");
  expect(before(new Acceptances({ objects: () => [broken], monotonicMs }), "b")).toBe(1);
});

test("a version of the object from before the acceptance does not release the place", () => {
  let cached = [object("a")];
  const acceptances = new Acceptances({ objects: () => cached, monotonicMs });
  const { accepted } = acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(object("a"), false);
  expect(before(acceptances, "b")).toBe(1);
  cached = [object("a", accepted.acceptedTime)];
  acceptances.observed(object("a", accepted.acceptedTime), false);
  expect(before(acceptances, "b")).toBe(1);
});

test("each acceptance is later than earlier ones, even if the clock of the leader is behind", () => {
  const acceptances = new Acceptances({ objects: () => [object("a", "2026-01-01T00:05:00.000Z")], monotonicMs });
  expect(acceptances.reserve(countable("b"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.001Z");
  expect(acceptances.reserve(countable("c"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.002Z");
});

describe("a failed acceptance counts only until the watch would have shown it", () => {
  const one = anInstanceProfile({ metadata: metadata("a") });
  const binding: ClassBinding = {
    kind: "bound",
    class: readers,
    object: one,
    violations: [],
    bounds: { class: readers, namespace: "team-a", clusterId: "cluster-1", olderPeers: 0 },
    isStripped: false,
    isAccepted: false,
  };
  const LOST = new RetryableError("the reply was lost", { reason: "Network" });

  /** Tries to accept object a; what the API server answers comes from `patch`. */
  function attempt(acceptances: Acceptances, patch: () => Promise<KubeObject>, signal: AbortSignal): Promise<unknown> {
    const objects = { get: async () => undefined, patch, patchStatus: patch };
    const deps = { objects, mutationCache: new MutationCache(monotonicMs), classes: { acceptances }, nowMs: () => NOW };
    const raw = one as unknown as KubeObject;
    return accept(deps, { key: "team-a/a", raw, object: one, binding }, signal).catch((error: unknown) => error);
  }

  const places = (acceptances: Acceptances): number => before(acceptances, "b");

  test.each<[string, readonly KubeObject[]]>([
    ["its object was gone from the cache before", []],
    ["its object is there, and asks for it no longer", [object("a")]],
  ])("when the reply is lost and %s", async (_, cached) => {
    const acceptances = new Acceptances({ objects: () => cached, monotonicMs });
    await attempt(acceptances, () => Promise.reject(LOST), new AbortController().signal);
    clockMs += 59_999;
    expect(places(acceptances)).toBe(1);
    clockMs += 1;
    expect(places(acceptances)).toBe(0);
  });

  test("when the process stops writing, for example after it lost the Lease", async () => {
    const acceptances = new Acceptances({ objects: () => [object("a")], monotonicMs });
    const abort = new AbortController();
    const asked = attempt(
      acceptances,
      () => new Promise((_, reject) => abort.signal.addEventListener("abort", () => reject(abort.signal.reason))),
      abort.signal,
    );
    clockMs += 600_000;
    expect(places(acceptances), "while the request is under way").toBe(1);
    abort.abort(new Error("the lease is lost"));
    await asked;
    clockMs += 60_000;
    expect(places(acceptances)).toBe(0);
  });

  test("and not at all when the API server rejects it", async () => {
    const acceptances = new Acceptances({ objects: () => [object("a")], monotonicMs });
    const refusal = new ConflictError("another version", { reason: "PatchTestFailed" });
    await attempt(acceptances, () => Promise.reject(refusal), new AbortController().signal);
    expect(places(acceptances)).toBe(0);
  });

  test("an acceptance that the watch shows in time never stops counting", async () => {
    let cached = [object("a")];
    const acceptances = new Acceptances({ objects: () => cached, monotonicMs });
    const { accepted, ended } = acceptances.reserve(countable("a"), readers, NOW);
    ended();
    cached = [object("a", accepted.acceptedTime)];
    clockMs += 3_600_000;
    expect(places(acceptances)).toBe(1);
  });
});
