import { beforeEach, describe, expect, test } from "vitest";
import { parseInstanceProfile } from "../../../src/api/parse-instance-profile.ts";
import { type AcceptanceSources, Acceptances, accept } from "../../../src/controller/classes/acceptance.ts";
import type { ClassBinding } from "../../../src/controller/classes/class-binding.ts";
import { objectsOfList } from "../../../src/controller/classes/objects-by-class.ts";
import { MutationCache } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { KubeObject, ObjectClient, ObjectKey } from "../../../src/engine/ports.ts";
import { ConflictError, RetryableError } from "../../../src/errors.ts";
import { FakeKube } from "../../fakes/fake-kube.ts";
import { aClass, CLUSTER_ID } from "../../support/builders.ts";
import { s3ReadOnly } from "../../support/manifest.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const KEY: ObjectKey = { namespace: "team-a", name: "a" };
const OTHER: ObjectKey = { namespace: "team-a", name: "b" };
const readers = aClass({ maxPerNamespace: 1 });
const signal = new AbortController().signal;

let kube: FakeKube;
let clockMs: number;
const monotonicMs = (): number => clockMs;
let mutationCache: MutationCache;
beforeEach(() => {
  kube = new FakeKube();
  for (const key of [KEY, OTHER]) kube.apply({ ...s3ReadOnly(key) } as Record<string, unknown>);
  clockMs = 0;
  mutationCache = new MutationCache(monotonicMs);
});

function objectOf(key: ObjectKey): KubeObject {
  return kube.read(key) as KubeObject;
}

function acceptancesOf(sources: Partial<AcceptanceSources> = {}): Acceptances {
  return new Acceptances({
    objects: objectsOfList(() => [objectOf(KEY), objectOf(OTHER)]),
    monotonicMs,
    ...sources,
  });
}

function bindingOf(raw: KubeObject): ClassBinding {
  return {
    kind: "bound",
    class: readers,
    object: parseInstanceProfile(raw),
    violations: [],
    bounds: { class: readers, namespace: "team-a", clusterId: CLUSTER_ID, olderPeers: 0 },
    isStripped: false,
    isAccepted: false,
  };
}

/** Accepts the object, in the version that the cache shows. */
function accepting(
  acceptances: Acceptances,
  key: ObjectKey = KEY,
  { objects = kube, raw = objectOf(key), binding = bindingOf(raw), abort = signal } = {} as {
    objects?: ObjectClient;
    raw?: KubeObject;
    binding?: ClassBinding;
    abort?: AbortSignal;
  },
) {
  const deps = { objects, mutationCache, classes: { acceptances }, nowMs: () => NOW };
  return accept(deps, { key: `${key.namespace}/${key.name}`, raw, object: parseInstanceProfile(raw), binding }, abort);
}

/** How many objects the class counts before object b. */
function countedBeforeOther(acceptances: Acceptances): number {
  const { metadata, spec } = parseInstanceProfile(objectOf(OTHER));
  return acceptances.before({ metadata, spec }, readers).objects;
}

function metadata(name: string) {
  return { uid: `uid-${name}`, namespace: "team-a", name };
}

function cachedObject(name: string, acceptedTime?: string): KubeObject {
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
  const acceptances = new Acceptances({
    objects: objectsOfList(() => [cachedObject("a"), cachedObject("b")]),
    monotonicMs,
  });
  acceptances.reserve(countable("a"), readers, NOW);
  expect(before(acceptances, "b")).toBe(1);
  expect(before(acceptances, "a")).toBe(0);
});

test("a place is released when the acceptance is not written, or its object is deleted", () => {
  const acceptances = new Acceptances({ objects: objectsOfList(() => []), monotonicMs });
  acceptances.reserve(countable("a"), readers, NOW).release();
  expect(before(acceptances, "b")).toBe(0);
  acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(cachedObject("a"), true);
  expect(before(acceptances, "b")).toBe(0);
});

test("an accepted object without a spec counts", () => {
  const { spec: _, ...broken } = cachedObject("a", "2026-01-01T00:00:00.000Z");
  expect(before(new Acceptances({ objects: objectsOfList(() => [broken]), monotonicMs }), "b")).toBe(1);
});

test("a version of the object from before the acceptance does not release the place", () => {
  let cached = [cachedObject("a")];
  const acceptances = new Acceptances({ objects: objectsOfList(() => cached), monotonicMs });
  const { accepted } = acceptances.reserve(countable("a"), readers, NOW);
  acceptances.observed(cachedObject("a"), false);
  expect(before(acceptances, "b")).toBe(1);
  cached = [cachedObject("a", accepted.acceptedTime)];
  acceptances.observed(cachedObject("a", accepted.acceptedTime), false);
  expect(before(acceptances, "b")).toBe(1);
});

test("each acceptance is later than earlier ones, even if the clock of the leader is behind", () => {
  const acceptances = new Acceptances({
    objects: objectsOfList(() => [cachedObject("a", "2026-01-01T00:05:00.000Z")]),
    monotonicMs,
  });
  expect(acceptances.reserve(countable("b"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.001Z");
  expect(acceptances.reserve(countable("c"), readers, NOW).accepted.acceptedTime).toBe("2026-01-01T00:05:00.002Z");
});

test("an acceptance that the watch shows in time never stops counting", () => {
  let cached = [cachedObject("a")];
  const acceptances = new Acceptances({ objects: objectsOfList(() => cached), monotonicMs });
  const { accepted, ended } = acceptances.reserve(countable("a"), readers, NOW);
  ended();
  cached = [cachedObject("a", accepted.acceptedTime)];
  clockMs += 3_600_000;
  expect(before(acceptances, "b")).toBe(1);
});

test("an acceptance is in the status before the reconcile continues, with the account and the deletion terms", async () => {
  const { object, raw } = await accepting(acceptancesOf());
  const record = {
    name: "readers",
    accountId: "123456789012",
    acceptedTime: "2026-01-01T00:00:00.000Z",
    allowedDeletionPolicies: ["Delete"],
    allowForceDelete: false,
  };
  expect(objectOf(KEY)["status"]).toEqual({
    observedGeneration: -1,
    role: { name: "a" },
    instanceProfile: { name: "a" },
    class: record,
  });
  expect(object.status?.class).toEqual(record);
  expect(raw).toEqual(objectOf(KEY));
  expect(object.metadata.resourceVersion).toBe(parseInstanceProfile(raw).metadata.resourceVersion);
});

test("the next reconcile sees the acceptance although the watch lags", async () => {
  const cached = objectOf(KEY);
  await accepting(acceptancesOf());
  expect(mutationCache.newest("team-a/a", cached)).toEqual(objectOf(KEY));
});

test("an object without a class is not accepted by one", async () => {
  const raw = objectOf(KEY);
  const binding: ClassBinding = { kind: "free", object: parseInstanceProfile(raw) };
  expect((await accepting(acceptancesOf(), KEY, { raw, binding })).raw).toBe(raw);
  expect(kube.writes).toEqual([]);
});

describe("the last place in a namespace", () => {
  test("is taken once, also by two reconciles at the same time", async () => {
    const acceptances = acceptancesOf();
    const both = await Promise.allSettled([accepting(acceptances), accepting(acceptances, OTHER)]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(both[1]).toMatchObject({
      reason: new ConflictError("class readers accepted another object before team-a/b. The controller retries.", {
        reason: "TooManyObjects",
      }),
    });
    expect(kube.writes).toEqual(["patchStatus"]);
  });

  test("is taken also by a role that a deleted object left in AWS", async () => {
    const left = { uid: "uid-gone", name: "gone", roleName: "gone", accepted: undefined };
    const acceptances = acceptancesOf({ orphans: { of: () => [left as never] } });
    await expect(accepting(acceptances)).rejects.toThrow("accepted another object before team-a/a");
    expect(kube.writes).toEqual([]);
  });
});

test("only the version that was checked is accepted, and the place of another version is free again", async () => {
  const raw = objectOf(KEY);
  kube.annotate(KEY, { changed: "meanwhile" });
  const acceptances = acceptancesOf();
  await expect(accepting(acceptances, KEY, { raw })).rejects.toBeInstanceOf(ConflictError);
  expect(objectOf(KEY)).not.toHaveProperty("status");
  expect(countedBeforeOther(acceptances)).toBe(0);
});

describe("a failed acceptance counts only until the watch would have shown it", () => {
  const LOST = new RetryableError("the reply was lost", { reason: "Network" });

  /** The API server, with this reply to the write. */
  const replying = (reply: () => Promise<KubeObject>): ObjectClient => ({
    get: (key) => kube.get(key),
    patch: reply,
    patchStatus: reply,
  });

  test.each<[string, () => readonly KubeObject[]]>([
    ["its object is no longer in the cache", () => []],
    ["its object is still in the cache, without the acceptance", () => [objectOf(KEY)]],
  ])("when the reply is lost and %s", async (_, objects) => {
    const acceptances = acceptancesOf({ objects: objectsOfList(objects) });
    const attempt = accepting(acceptances, KEY, { objects: replying(() => Promise.reject(LOST)) });
    await expect(attempt).rejects.toBe(LOST);
    clockMs += 59_999;
    expect(countedBeforeOther(acceptances)).toBe(1);
    clockMs += 1;
    expect(countedBeforeOther(acceptances)).toBe(0);
  });

  test("when the process stops writing, for example after it lost the Lease", async () => {
    const acceptances = acceptancesOf();
    const stop = new AbortController();
    const stopped = (): Promise<KubeObject> =>
      new Promise((_, reject) => stop.signal.addEventListener("abort", () => reject(stop.signal.reason)));
    const attempt = accepting(acceptances, KEY, { objects: replying(stopped), abort: stop.signal });
    clockMs += 600_000;
    expect(countedBeforeOther(acceptances), "while the request is in progress").toBe(1);
    stop.abort(new Error("the Lease is lost"));
    await expect(attempt).rejects.toThrow("the Lease is lost");
    clockMs += 60_000;
    expect(countedBeforeOther(acceptances)).toBe(0);
  });

  test("and not at all when the API server rejects it", async () => {
    const acceptances = acceptancesOf();
    const refusal = new ConflictError("another version", { reason: "PatchTestFailed" });
    const attempt = accepting(acceptances, KEY, { objects: replying(() => Promise.reject(refusal)) });
    await expect(attempt).rejects.toBe(refusal);
    expect(countedBeforeOther(acceptances)).toBe(0);
  });
});
