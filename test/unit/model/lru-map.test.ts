import { expect, test } from "vitest";
import { LruMap } from "../../../src/model/lru-map.ts";

test("lets go of what was not used for longest, and says so", () => {
  const gone: number[] = [];
  const map = new LruMap<number>(3, (value) => gone.push(value));
  for (const value of [1, 2, 3]) map.set(`key ${value}`, value);
  expect(map.get("key 1")).toBe(1);
  map.set("key 4", 4);
  map.set("key 3", 33);
  map.set("key 5", 5);
  expect(gone).toEqual([2, 1]);
  expect([...map.values()]).toEqual([4, 33, 5]);
  expect(map.get("key 2")).toBeUndefined();
});
