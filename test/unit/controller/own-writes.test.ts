import { beforeEach, describe, expect, test } from "vitest";
import { OwnWrites } from "../../../src/controller/reconcile/mutation-cache.ts";
import type { KubeObject } from "../../../src/engine/ports.ts";

const version = (resourceVersion: string): KubeObject => ({ metadata: { resourceVersion } });
const KEY = "team-a/app";

let nowMs: number;
let ownWrites: OwnWrites;
beforeEach(() => {
  nowMs = 0;
  ownWrites = new OwnWrites(() => nowMs);
});

describe("what our last write answered", () => {
  test("stands in for a cache that shows what it replaced", () => {
    ownWrites.record(KEY, version("5"), version("7"));
    expect(ownWrites.newest(KEY, version("5"))).toEqual(version("7"));
  });

  test("stands in for every version that our writes in a row have replaced", () => {
    ownWrites.record(KEY, version("5"), version("6"));
    ownWrites.record(KEY, version("6"), version("7"));
    for (const old of ["5", "6"]) expect(ownWrites.newest(KEY, version(old))).toEqual(version("7"));
  });

  test("gives way to any version that it did not replace, and stays away then", () => {
    ownWrites.record(KEY, version("5"), version("7"));
    expect(ownWrites.newest(KEY, version("8"))).toEqual(version("8"));
    expect(ownWrites.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("gives way to the cache after a minute: the API server may have been set back to a backup", () => {
    ownWrites.record(KEY, version("5"), version("7"));
    nowMs = 59_999;
    expect(ownWrites.newest(KEY, version("5"))).toEqual(version("7"));
    nowMs = 60_000;
    expect(ownWrites.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is not remembered of a write that changed nothing", () => {
    ownWrites.record(KEY, version("5"), version("5"));
    expect(ownWrites.size).toBe(0);
    expect(ownWrites.newest(KEY, version("5"))).toEqual(version("5"));
  });

  test("is forgotten with the object", () => {
    ownWrites.record(KEY, version("5"), version("7"));
    expect(ownWrites.newest(KEY, undefined)).toBeUndefined();
    expect(ownWrites.size).toBe(0);
  });

  test("is about its own object alone", () => {
    ownWrites.record(KEY, version("5"), version("7"));
    expect(ownWrites.newest("team-b/app", version("5"))).toEqual(version("5"));
  });
});
