import type { GuestReply } from "../../guest/s3-program.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { CommandIo } from "../io.ts";
import { type Guest, startGuest } from "./guest-process.ts";
import {
  deleteSandboxPolicy,
  hasSandboxPolicy,
  makeSandboxBucket,
  type RolePolicy,
  runSandboxInstance,
  SANDBOX_REGION,
} from "./sandbox-aws.ts";
import { applyToSandbox, type SandboxObject, waitForFinalStatus } from "./sandbox-client.ts";

/** The buckets that the demo creates. The program deletes SCRATCH. */
const BUCKETS = ["reports", "scratch"] as const;
const SCRATCH = "scratch";
const EDIT = {
  sid: "DeleteScratch",
  effect: "Allow",
  actions: ["s3:DeleteBucket"],
  resources: [`arn:aws:s3:::${SCRATCH}`],
};

/** The sandbox's events arrive at once. On a busy machine the repair takes longer than elsewhere. */
const REPAIR_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** The endpoints that the demo uses. */
export interface StoryPlaces {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly metadataUrl: (instanceId: string) => Promise<string>;
}

/** The result of the demo. */
export interface StoryEnd {
  readonly instanceId: string;
  /** Whether every step had the same result as on AWS. */
  readonly isAsExpected: boolean;
}

/** Prints one step and its result. */
type ShowStep = (step: string, result: string) => void;

/**
 * Shows what instance profiles are for, on an instance of the sandbox: a program without credentials reads S3 and is denied a
 * delete; the manifest is edited, and the program is allowed it; another client deletes a policy, and the controller repairs that. Restores
 * the manifest; the instance keeps running.
 *
 * Errors: the signal's reason; TerminalError when the sandbox rejects a request.
 */
export async function playStory(
  places: StoryPlaces,
  { manifest, object }: { readonly manifest: Manifest; readonly object: SandboxObject },
  { io, timeoutMs }: { readonly io: CommandIo; readonly timeoutMs: number },
): Promise<StoryEnd> {
  for (const bucket of BUCKETS) await makeSandboxBucket(places.awsUrl, bucket);
  const instanceId = await runSandboxInstance(places.awsUrl, object.instanceProfileName);
  const metadataUrl = await places.metadataUrl(instanceId);
  const guest = startGuest({ awsUrl: places.awsUrl, metadataUrl, region: SANDBOX_REGION });
  const showStep: ShowStep = (step, result) => io.out(`  ${step.padEnd(21)}  ${result}`);
  const apply = async (value: Manifest): Promise<void> => {
    await applyToSandbox(places.kubeUrl, value);
    await waitForFinalStatus(places.kubeUrl, object, { timeoutMs, signal: io.stop });
  };
  try {
    io.out(["", `On instance ${instanceId}, started with that profile, a program without configured credentials:`]);
    const isRefused = await readAndTryToDelete(guest, showStep);
    io.out(`The same program, after an edit of the manifest that allows s3:DeleteBucket on arn:aws:s3:::${SCRATCH}:`);
    await apply(withStatement(manifest));
    const isAllowed = await deleteAndRead(guest, showStep);
    await apply(manifest);
    io.out([
      "The edit is reverted.",
      "Another client deletes the inline policy of the role, and the event of that wakes the controller:",
    ]);
    const isRepaired = await driftAndRepair(places.awsUrl, object, io, showStep);
    return { instanceId, isAsExpected: isRefused && isAllowed && isRepaired };
  } finally {
    await guest.stop();
  }
}

/** An InstanceProfile as parsed from YAML. */
type Manifest = Readonly<Record<string, unknown>>;

function withStatement(manifest: Manifest): Manifest {
  const spec = manifest["spec"] as { readonly statements?: readonly unknown[] };
  return { ...manifest, spec: { ...spec, statements: [...(spec.statements ?? []), EDIT] } };
}

async function readAndTryToDelete(guest: Guest, showStep: ShowStep): Promise<boolean> {
  const listed = await guest.order({ operation: "ListBuckets" });
  showStep("list buckets", describeReply(listed));
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  showStep(`delete bucket ${SCRATCH}`, describeReply(deleted));
  return isListOf(listed, BUCKETS) && !deleted.isDone && deleted.code === "AccessDenied";
}

async function deleteAndRead(guest: Guest, showStep: ShowStep): Promise<boolean> {
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  showStep(`delete bucket ${SCRATCH}`, describeReply(deleted));
  const listed = await guest.order({ operation: "ListBuckets" });
  showStep("list buckets", describeReply(listed));
  const left = BUCKETS.filter((bucket) => bucket !== SCRATCH);
  return deleted.isDone && isListOf(listed, left);
}

async function driftAndRepair(awsUrl: string, policy: RolePolicy, io: CommandIo, showStep: ShowStep): Promise<boolean> {
  await deleteSandboxPolicy(awsUrl, policy);
  const startMs = systemClock.monotonicMs();
  const elapsedMs = (): number => Math.round(systemClock.monotonicMs() - startMs);
  while (!(await hasSandboxPolicy(awsUrl, policy))) {
    if (elapsedMs() > REPAIR_TIMEOUT_MS) {
      showStep("policy", "not repaired");
      return false;
    }
    await systemClock.sleep(POLL_MS, io.stop);
  }
  const repairedMs = elapsedMs();
  showStep("policy", `repaired ${repairedMs < 1_000 ? "within a second" : `after ${repairedMs} ms`}`);
  return true;
}

function isListOf(reply: GuestReply, buckets: readonly string[]): boolean {
  return reply.isDone && reply.buckets.join() === buckets.join();
}

function describeReply(reply: GuestReply): string {
  if (!reply.isDone) return `${reply.code}: ${reply.message}`;
  return reply.buckets.length > 0 ? reply.buckets.join(", ") : "done";
}
