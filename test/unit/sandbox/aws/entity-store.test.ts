import { expect, test } from "vitest";
import { EntityStore } from "../../../../src/sandbox/aws/account/entity-store.ts";

function store(options: { delayMs?: number | (() => number); stale?: boolean; hindsightMs?: number } = {}) {
  const { delayMs = 0 } = options;
  const clock = { nowMs: 1_000 };
  const entities = new EntityStore<string>({
    now: () => clock.nowMs,
    delayMs: () => (typeof delayMs === "number" ? delayMs : delayMs()),
    staleWrites: () => options.stale === true,
    hindsightMs: () => options.hindsightMs ?? 0,
  });
  return { clock, entities };
}

test("shows a write at once when there is no delay", () => {
  const { entities } = store();
  entities.put("App", "one");
  expect(entities.visible("App")).toBe("one");
  entities.remove("App");
  expect(entities.visible("App")).toBeUndefined();
});

test("finds an entity by its name in any case", () => {
  const { entities } = store();
  entities.put("App", "one");
  entities.put("APP", "two");
  expect(entities.latest("app")).toBe("two");
  expect(entities.count()).toBe(1);
});

test("shows creation, change and deletion only after the delay", () => {
  const { clock, entities } = store({ delayMs: 100 });
  entities.put("a", "one");
  clock.nowMs += 50;
  entities.put("a", "two");
  expect(entities.visible("a")).toBeUndefined();
  expect(entities.latest("a")).toBe("two");
  clock.nowMs += 50;
  expect(entities.visible("a")).toBe("one");
  clock.nowMs += 50;
  expect(entities.visible("a")).toBe("two");
  entities.remove("a");
  expect(entities.latest("a")).toBeUndefined();
  expect(entities.allVisible()).toEqual(["two"]);
  clock.nowMs += 100;
  expect(entities.visible("a")).toBeUndefined();
});

test("never shows an older state after a newer one, whatever the delays drawn", () => {
  const delays = [100, 10];
  const { clock, entities } = store({ delayMs: () => delays.shift() ?? 0 });
  entities.put("a", "slow");
  entities.put("a", "fast");
  clock.nowMs += 50;
  expect(entities.visible("a")).toBeUndefined();
  clock.nowMs += 50;
  expect(entities.visible("a")).toBe("fast");
});

test("hides from stale writes what readers do not see, and keeps what they still see", () => {
  const { clock, entities } = store({ delayMs: 100, stale: true });
  entities.put("a", "one");
  expect(entities.writable("a")).toBeUndefined();
  clock.nowMs += 100;
  expect(entities.writable("a")).toBe("one");
  entities.put("a", "two");
  expect(entities.writable("a")).toBe("two");
  expect(entities.effective("a")).toEqual(["two", "one"]);
  entities.remove("a");
  expect(entities.writable("a")).toBeUndefined();
});

test("shows the same state however much past there is", () => {
  const { clock, entities } = store({ delayMs: 100 });
  for (let change = 0; change < 1_000; change += 1) {
    entities.put("a", String(change));
    clock.nowMs += 50;
  }
  expect(entities.visible("a")).toBe("998");
});

test("shows the past to someone who hears of everything later, deletions too", () => {
  const { clock, entities } = store({ delayMs: 100, hindsightMs: 50 });
  entities.put("App", "one");
  clock.nowMs += 120;
  expect([entities.visible("App"), entities.seenBehind("App", 50)]).toEqual(["one", undefined]);
  clock.nowMs += 30;
  expect(entities.seenBehind("App", 50)).toBe("one");
  entities.put("App", "two");
  clock.nowMs += 120;
  expect([entities.visible("App"), entities.seenBehind("App", 50)]).toEqual(["two", "one"]);
  entities.remove("App");
  clock.nowMs += 149;
  expect([entities.visible("App"), entities.seenBehind("App", 50)]).toEqual([undefined, "two"]);
  clock.nowMs += 1;
  expect(entities.seenBehind("App", 50)).toBeUndefined();
});
