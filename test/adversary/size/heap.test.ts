import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LARGE_SPECS } from "../../support/large-objects.ts";

/** The program itself takes some 40 MiB, and a judgement must take no more than 50 beside it; a pod has 249. */
const MAX_HEAP_MIB = 90;

let worker: Worker;

async function start(): Promise<void> {
  const file = join(import.meta.dirname, "../../support/judging-worker.ts");
  worker = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MIB } });
  await answer();
}

/** Rejects with ERR_WORKER_OUT_OF_MEMORY when the worker's heap does not suffice. */
async function answer(): Promise<unknown> {
  const [message] = await once(worker, "message");
  return message;
}

beforeAll(start);
afterAll(async () => {
  await worker.terminate();
});

describe("a judgement takes less heap than a pod has to spare", () => {
  test.each(LARGE_SPECS.map(({ name }) => name))("for %s", async (name) => {
    worker.postMessage(name);
    try {
      expect(await answer()).toBe(name);
    } catch (error) {
      await start();
      throw error;
    }
  });
});
