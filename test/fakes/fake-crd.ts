import { CrdDeletion, type CrdDeletionPolicy } from "../../src/controller/reconcile/crd-deletion.ts";
import type { CrdReader, CrdState } from "../../src/engine/ports.ts";
import { type Logger, silentLogger } from "../../src/telemetry.ts";

/** The CRD of InstanceProfiles, as far as its deletion goes. */
export class FakeCrd implements CrdReader {
  readonly name: string = "instanceprofiles.iam.instanceprofile.dev";
  isBeingDeleted = false;
  /** False: the account may not read it, so that discovery answers. */
  isReadable = true;
  /** What the API server answers instead. */
  fault: Error | undefined;
  /** Waited for once the CRD was read, before the reply arrives. */
  beforeReply: () => Promise<void> = async () => {};
  /** How often it was read. */
  reads = 0;

  async read(): Promise<CrdState> {
    this.reads += 1;
    if (this.fault !== undefined) throw this.fault;
    const state = { isBeingDeleted: this.isBeingDeleted, isConfirmed: this.isReadable };
    await this.beforeReply();
    return state;
  }
}

/** What a controller makes of it. */
export function crdDeletionOf(
  crd: CrdReader = new FakeCrd(),
  {
    policy = "Retain",
    monotonicMs = () => 0,
    logger = silentLogger,
  }: { policy?: CrdDeletionPolicy; monotonicMs?: () => number; logger?: Logger } = {},
): CrdDeletion {
  return new CrdDeletion({ crd, policy, monotonicMs, logger });
}
