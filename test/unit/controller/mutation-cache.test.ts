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

describe("the reply to the last own write", () => {
  test("overrides a cache that shows the version that it replaced", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("7"));
  });

  test("overrides every version that consecutive own writes have replaced", () => {
    mutationCache.record(KEY, version("5"), version("6"));
    mutationCache.record(KEY, version("6"), version("7"));
    for (const old of ["5", "6"]) expect(mutationCache.newest(KEY, version(old))).toEqual(version("7"));
  });

  test("yields to any version that it did not replace, for good", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, version("8"))).toEqual(version("8"));
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("yields to the cache after a minute: the API server may have been restored from a backup", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    nowMs = 59_999;
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("7"));
    nowMs = 60_000;
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is not recorded for a write that changed nothing", () => {
    mutationCache.record(KEY, version("5"), version("5"));
    expect(mutationCache.size).toBe(0);
    expect(mutationCache.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is removed with the object", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest(KEY, undefined)).toBeUndefined();
    expect(mutationCache.size).toBe(0);
  });

  test("overrides only its own object", () => {
    mutationCache.record(KEY, version("5"), version("7"));
    expect(mutationCache.newest("team-b/app", version("5"))).toEqual(version("5"));
  });
});

test("a reply that is older than what it replaced is reported, and not recorded: etcd was restored", () => {
  const rewound: string[] = [];
  const relist = (from: string, to: string) => void rewound.push(`${from} ${to}`);
  const cache = new MutationCache(() => nowMs, { listedMs: 0, relist });
  cache.record(KEY, version("50"), version("7"));
  expect([rewound, cache.size]).toEqual([["50 7"], 0]);
});

test("a list that began after the write overrides it: what it shows was restored from a backup", () => {
  const watched = { listedMs: 0, relist() {} };
  const cache = new MutationCache(() => nowMs, watched);
  cache.record(KEY, version("5"), version("9"));
  watched.listedMs = nowMs;
  expect(cache.newest(KEY, version("5"))).toEqual(version("9"));
  watched.listedMs = nowMs + 1;
  expect(cache.newest(KEY, version("5"))).toEqual(version("5"));
});
