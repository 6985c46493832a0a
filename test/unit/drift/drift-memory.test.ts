import { expect, test } from "vitest";
import { DriftMemory } from "../../../src/engine/drift/drift-memory.ts";
import { UNKNOWN } from "../../../src/engine/observe/snapshot-index.ts";
import type { Part } from "../../../src/engine/observe/stale-observation.ts";
import { ABSENT } from "../../../src/model/observed-state.ts";

test("changes of more and more policies of an object that is not reconciled do not fill the memory", () => {
  const memory = new DriftMemory();
  const identity = { uid: "1", generation: 1 };
  const query = { ...identity, key: "a/app", isNew: false, isUserWaiting: false };
  memory.keepFor("queue");
  memory.recordState("a/app", identity, { role: ABSENT, instanceProfile: ABSENT });
  const touch = (names: number): void => {
    for (let i = 0; i < names; i += 1) memory.touch("a/app", new Set<Part>(["role", `inline policy p${i}`]));
  };
  touch(10);
  const few = memory.startingPoint(query, UNKNOWN);
  expect(few).toMatchObject({ kind: "observed", observation: { toReread: { size: 11 } } });
  touch(1_000);
  expect(memory.startingPoint(query, UNKNOWN)).toEqual(UNKNOWN);
});

test("nothing is kept of objects before the first source of events, and after the last one has ended", () => {
  const memory = new DriftMemory();
  const identity = { uid: "1", generation: 1 };
  const startOf = (key: string) => {
    memory.touch(key, new Set<Part>(["role"]));
    return memory.startingPoint({ ...identity, key, isNew: false, isUserWaiting: false }, UNKNOWN).kind;
  };
  const record = (key: string): void => memory.recordState(key, identity, { role: ABSENT, instanceProfile: ABSENT });
  record("a/before");
  for (const source of ["one", "other"]) memory.keepFor(source);
  record("a/app");
  memory.endFor("one");
  expect(["a/before", "a/app"].map(startOf)).toEqual(["unknown", "observed"]);
  memory.endFor("other");
  record("a/after");
  memory.keepFor("one");
  expect(["a/app", "a/after"].map(startOf)).toEqual(["unknown", "unknown"]);
});
