import { beforeEach, describe, expect, test } from "vitest";
import { MutationCache } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";

const version = (resourceVersion: string): KubeObject => ({ metadata: { resourceVersion } });
const KEY = "team-a/app";

let nowMs: number;
let mutationCache: MutationCache;
beforeEach(() => {
  nowMs = 0;
  mutationCache = new MutationCache(() => nowMs);
});

describe("what our last write answered", () => {
  test("stands in for a cache that shows what it replaced", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("7"));
  });

  test("stands in for every version that our writes in a row have replaced", () => {
    mutationCache.record(KEY, version("5"), version("6"));
    mutationCache.record(KEY, version("6"), version("7"));
    for (const old of ["5", "6"]) expect(mutationCache.newest(KEY, version(old))).toEqual(version("7"));
  });

  test("gives way to any version that it did not replace, and stays away then", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, version("8"))).toEqual(version("8"));
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("gives way to the cache after a minute: the API server may have been set back to a backup", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    nowMs = 59_999;
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("7"));
    nowMs = 60_000;
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is not remembered of a write that changed nothing", () => {
    mutationCache.record(KEY, version("5"), version("5"));
    expect(mutationCache.size).toBe(0);
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is forgotten with the object", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, undefined)).toBeUndefined();
    expect(mutationCache.size).toBe(0);
  });

  test("is about its own object alone", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest("team-b/app", version("5"))).toEqual(version("5"));
  });
});
