import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { appliesAndPatches } from "./applies-and-patches.ts";
import { builtIns } from "./built-ins.ts";
import { Client, type KubeServerUnderTest } from "./client.ts";
import { creates } from "./creates.ts";
import { deletions } from "./deletions.ts";
import { discovery } from "./discovery.ts";
import { lists } from "./lists.ts";
import { tables } from "./tables.ts";
import { updates } from "./updates.ts";
import { watches } from "./watches.ts";
import { accepted, group, type World, widgetDefinition } from "./world.ts";

/** Declares one promise of the contract. */
export type Declare = (sentence: string, check: (world: World) => Promise<void>) => void;

/** A promise that a server does not keep, and why that is all right. */
interface Skipped {
  /** The sentence of the test, word for word. */
  readonly test: string;
  readonly reason: string;
}

/** How the contract is held against one server. */
export interface KubeContract {
  readonly name: string;
  open(): Promise<KubeServerUnderTest>;
  /** Every entry must name a test: one that does not fails the suite. */
  readonly skip?: readonly Skipped[];
}

const chapters: Readonly<Record<string, (promise: Declare) => void>> = {
  discovery,
  creates,
  updates,
  "applies and patches": appliesAndPatches,
  deletions,
  lists,
  watches,
  tables,
  "built-in kinds": builtIns,
};

/** What a client may expect of a Kubernetes API server. Each implementation of one is held to it: ours, and the real one. */
export function kubeContract({ name, open, skip = [] }: KubeContract): void {
  describe(`the Kubernetes API of ${name}`, () => {
    let world: World;

    beforeAll(async () => {
      world = await newWorld(await open());
    });

    afterAll(async () => {
      await world?.server.close();
    });

    const sentences = new Set<string>();
    const promise: Declare = (sentence, check) => {
      sentences.add(sentence);
      const skipped = skip.find((entry) => entry.test === sentence);
      if (skipped === undefined) test(sentence, () => check(world));
      else test.skip(`${sentence} (${skipped.reason})`, () => check(world));
    };
    for (const [title, chapter] of Object.entries(chapters)) describe(title, () => chapter(promise));

    test("skips only promises that there are", () => {
      expect(skip.filter((entry) => !sentences.has(entry.test))).toEqual([]);
    });
  });
}

async function newWorld(server: KubeServerUnderTest): Promise<World> {
  const client = new Client(server);
  const namespace = `contract-${randomUUID().slice(0, 8)}`;
  const widgets = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
  const definition = await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition);
  if (definition.status !== 409) accepted(definition);
  accepted(await client.post("/api/v1/namespaces", { metadata: { name: namespace } }));
  await vi.waitFor(async () => accepted(await client.get(widgets)), { timeout: 20_000, interval: 20 });
  return { server, client, namespace, widgets };
}
