import { KeyedMutex } from "../../src/engine/concurrency.ts";
import { RecentWrites } from "../../src/engine/observe/recent-writes.ts";
import type { ConvergeDependencies } from "../../src/engine/reconcile/converge.ts";
import type { FakeIam } from "../fakes/fake-iam.ts";
import { withoutInstances } from "../fakes/no-instances.ts";

/** Converges on this IAM, with a live object, no instances, and reads that show each write at once; `more` replaces that. */
export function convergeDependencies(iam: FakeIam, more: Partial<ConvergeDependencies> = {}): ConvergeDependencies {
  return {
    reader: iam,
    writer: iam,
    recentWrites: new RecentWrites({ windowMs: 0, monotonicMs: () => 0 }),
    adoptions: new KeyedMutex(),
    precondition: async () => {},
    isAnnounced: () => true,
    instances: withoutInstances(),
    ...more,
  };
}
