import { threadCpuUsage } from "node:process";

/** What a piece of work took. */
export interface WorkCost {
  /** The longest block of the event loop, in processor time of this thread: other work on the machine does not make it longer. */
  readonly blockMs: number;
  /** How much larger the heap of this thread was at most than before. */
  readonly heapMib: number;
}

/** Does the work and measures it. */
export async function costOf(work: () => Promise<void>): Promise<WorkCost> {
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  let [blockMs, heap, last] = [0, heapBefore, cpuMs()];
  const measure = (): void => {
    blockMs = Math.max(blockMs, cpuMs() - last);
    heap = Math.max(heap, process.memoryUsage().heapUsed);
    last = cpuMs();
  };
  const timer = setInterval(measure, 1);
  try {
    await work();
    measure();
  } finally {
    clearInterval(timer);
  }
  return { blockMs, heapMib: (heap - heapBefore) / 2 ** 20 };
}

function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1_000;
}
