import { expect, onTestFinished } from "vitest";
import { asMetadata, type WatchLine, type WatchStream } from "./client.ts";
import type { Declare } from "./suite.ts";
import { accepted, change, create, type World } from "./world.ts";

async function open(world: World, query: string, accept?: string): Promise<WatchStream> {
  const stream = await world.client.watch(`${world.widgets}?watch=true&${query}`, accept);
  onTestFinished(() => stream.close());
  return stream;
}

async function now(world: World): Promise<string> {
  return accepted(await world.client.get(`${world.widgets}?limit=1`)).metadata.resourceVersion;
}

const told = (lines: readonly WatchLine[]): readonly string[] =>
  lines.map(({ type, object }) => `${type} ${object.metadata.name}`);

/** Creates, changes, relabels and deletes a widget. */
async function live(world: World, name: string): Promise<void> {
  await create(world, name, undefined, { labels: { live: "yes" } });
  await change(world, name, { spec: { size: 4 } });
  await change(world, name, { metadata: { labels: { live: "no" } } });
  await change(world, name, { metadata: { labels: { live: "yes" } } });
  accepted(await world.client.delete(`${world.widgets}/${name}`));
}

/** GET with `watch=true`. */
export function watches(promise: Declare): void {
  promise("tells every change after a resourceVersion, in order and once", async (world) => {
    const stream = await open(world, `resourceVersion=${await now(world)}`);
    await live(world, "told");
    const lines = await stream.until(({ type }) => type === "DELETED");
    expect(told(lines)).toEqual(["ADDED told", "MODIFIED told", "MODIFIED told", "MODIFIED told", "DELETED told"]);
    const revisions = lines.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(revisions).toEqual([...new Set(revisions)].sort((left, right) => left - right));
    expect(lines.at(-1)?.object).toMatchObject({ spec: { size: 4 }, metadata: { labels: { live: "yes" } } });
  });

  promise("resumes after a change that was seen", async (world) => {
    const { metadata } = await create(world, "resumed");
    await change(world, "resumed", { spec: { size: 5 } });
    await change(world, "resumed", { spec: { size: 6 } });
    const stream = await open(
      world,
      `resourceVersion=${metadata.resourceVersion}&fieldSelector=metadata.name%3Dresumed`,
    );
    const lines = await stream.until(({ object }) => object.spec.size === 6);
    expect(lines.map(({ type, object }) => [type, object.spec.size])).toEqual([
      ["MODIFIED", 5],
      ["MODIFIED", 6],
    ]);
  });

  promise(
    "tells of an object that ceases to match a selector as deleted, and of its return as added",
    async (world) => {
      const stream = await open(world, `resourceVersion=${await now(world)}&labelSelector=live%3Dyes`);
      await live(world, "turning");
      const lines = [
        await stream.next(),
        await stream.next(),
        await stream.next(),
        await stream.next(),
        await stream.next(),
      ];
      expect(told(lines.filter((line) => line !== undefined))).toEqual([
        "ADDED turning",
        "MODIFIED turning",
        "DELETED turning",
        "ADDED turning",
        "DELETED turning",
      ]);
      expect(lines[2]?.object.metadata.labels).toEqual({ live: "yes" });
      expect(Number(lines[2]?.object.metadata.resourceVersion)).toBeGreaterThan(
        Number(lines[1]?.object.metadata.resourceVersion),
      );
    },
  );

  promise("starts with what is there when no resourceVersion is given", async (world) => {
    await create(world, "there", { color: "teal" });
    const stream = await open(world, "fieldSelector=spec.color%3Dteal");
    expect(await stream.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "there" } } });
    await change(world, "there", { spec: { size: 9 } });
    expect(await stream.next()).toMatchObject({ type: "MODIFIED", object: { spec: { size: 9 } } });
  });

  promise("marks the end of the initial state with a bookmark", async (world) => {
    const { metadata } = await create(world, "initial", { color: "pink" });
    const query =
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=spec.color%3Dpink";
    const stream = await open(world, query);
    expect(await stream.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "initial" } } });
    const bookmark = await stream.next();
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "Widget", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    expect(Number(bookmark?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(metadata.resourceVersion));
    await change(world, "initial", { spec: { size: 9 } });
    expect(await stream.next()).toMatchObject({ type: "MODIFIED" });
  });

  promise("tells only metadata when asked for only that", async (world) => {
    await create(world, "partial", { color: "gold" });
    const stream = await open(world, "fieldSelector=spec.color%3Dgold", asMetadata);
    const line = await stream.next();
    expect(line).toMatchObject({
      type: "ADDED",
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: { name: "partial" } },
    });
    expect(line?.object).not.toHaveProperty("spec");
  });

  promise("ends the stream after timeoutSeconds", async (world) => {
    const stream = await open(
      world,
      `resourceVersion=${await now(world)}&timeoutSeconds=1&fieldSelector=metadata.name%3Dnobody`,
    );
    expect(await stream.next()).toBeUndefined();
  });

  promise("tells one watcher nothing of another namespace", async (world) => {
    const other = `/apis/contract.example.dev/v1/namespaces/default/widgets`;
    const stream = await open(world, `resourceVersion=${await now(world)}`);
    const elsewhere = {
      apiVersion: "contract.example.dev/v1",
      kind: "Widget",
      metadata: { generateName: "else-" },
      spec: { color: "red" },
    };
    const created = accepted(await world.client.post(other, elsewhere));
    await create(world, "here");
    expect(await stream.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "here" } } });
    await world.client.delete(`${other}/${created.metadata.name}`);
  });

  promise("says 410 in the stream when the resourceVersion is forgotten", async (world) => {
    const { metadata } = await create(world, "forgotten");
    await change(world, "forgotten", { spec: { size: 5 } });
    await world.server.compact?.();
    const stream = await open(world, `resourceVersion=${metadata.resourceVersion}`);
    expect(stream.status).toBe(200);
    expect(await stream.next()).toMatchObject({
      type: "ERROR",
      object: {
        kind: "Status",
        status: "Failure",
        code: 410,
        reason: "Expired",
        message: expect.stringContaining("too old resource version"),
      },
    });
    expect(await stream.next()).toBeUndefined();
  });
}
