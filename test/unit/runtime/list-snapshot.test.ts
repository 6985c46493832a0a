import { expect, test } from "vitest";
import { SnapshotReader } from "../../../src/runtime/watch/list-snapshot.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeFault, FakeListWatch } from "../../support/fake-list-watch.ts";

const never = new AbortController().signal;

/** A server without streams whose objects are so large that only so many fit into a page. */
function serverOf(names: readonly string[], fit: number): FakeListWatch {
  const api = new FakeListWatch();
  for (const name of names) api.put(name);
  api.onStream = (stream) => stream.send(new FakeFault("rejected"));
  api.beforePage = ({ limit = Number.POSITIVE_INFINITY }) => {
    if (Math.min(limit, names.length) > fit) throw new FakeFault("oversize");
  };
  return api;
}

test("a page that is too large comes in smaller ones, down to single objects", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `large-${i}`);
  for (const fit of [10, 1]) {
    const api = serverOf(names, fit);
    const { items } = await new SnapshotReader(api, new FakeClock()).take(never);
    expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted());
  }
});

test("a list whose pages had to be smaller is not asked for in one piece when the server forgets it half-way", async () => {
  const api = serverOf(
    Array.from({ length: 30 }, (_, i) => `large-${i}`),
    10,
  );
  const { beforePage } = api;
  api.beforePage = async (request) => {
    await beforePage(request);
    if (request.continueToken !== undefined) throw new FakeFault("expired");
  };
  await expect(new SnapshotReader(api, new FakeClock()).take(never)).rejects.toThrow("fake expired");
  expect(api.lists.map(({ limit }) => limit)).not.toContain(undefined);
});
