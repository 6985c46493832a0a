import { expect, test } from "vitest";
import { leaderOnly, type WritingPorts } from "../../../src/controller/leader-guard.ts";
import type { EventRecord, ObjectKey } from "../../../src/engine/ports.ts";
import { NotLeadingError } from "../../../src/runtime/election/leader-election-options.ts";

const KEY: ObjectKey = { namespace: "default", name: "app" };
const { signal } = new AbortController();

/** Ports that write down what gets through, for a process that leads or does not. */
function guarded(): { readonly ports: WritingPorts; readonly seen: string[]; readonly process: { leads: boolean } } {
  const seen: string[] = [];
  const process = { leads: true };
  const note = async <T>(what: string, answer: T): Promise<T> => {
    seen.push(what);
    return answer;
  };
  const ports = leaderOnly(
    {
      objects: {
        get: () => note("get", {}),
        patch: () => note("patch", {}),
        patchStatus: () => note("patchStatus", {}),
      },
      events: { emit: ({ reason }) => void seen.push(reason) },
    },
    {
      mayWrite: () => process.leads,
      assertLeading() {
        if (!process.leads) throw new NotLeadingError("system/controller");
      },
    },
  );
  return { ports, seen, process };
}

const calls: readonly [string, (ports: WritingPorts) => Promise<unknown>][] = [
  ["patch", ({ objects }) => objects.patch(KEY, [], signal)],
  ["patchStatus", ({ objects }) => objects.patchStatus(KEY, [], signal)],
];

test.for(calls)("%s is sent only while the process is the leader", async ([what, call]) => {
  const { ports, seen, process } = guarded();
  await call(ports);
  process.leads = false;
  await expect(call(ports)).rejects.toThrow(NotLeadingError);
  expect(seen).toEqual([what]);
});

test("a standby can read, and emits no Events", async () => {
  const { ports, seen, process } = guarded();
  const event = { reason: "Created" } as EventRecord;
  ports.events.emit(event);
  process.leads = false;
  ports.events.emit(event);
  await ports.objects.get(KEY, signal);
  expect(seen).toEqual(["Created", "get"]);
});
