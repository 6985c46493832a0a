import type { GuestReply } from "../../guest/s3-program.ts";
import type { CommandIo } from "../io.ts";
import { type Guest, startGuest } from "./guest-process.ts";
import { makeSandboxBucket, runSandboxInstance, SANDBOX_REGION } from "./sandbox-aws.ts";
import { applyToSandbox, type SandboxObject, statusOnceSettled } from "./sandbox-client.ts";

/** The buckets that there are at the start, and the one that the program is to delete. */
const BUCKETS = ["reports", "scratch"] as const;
const SCRATCH = "scratch";
const EDIT = {
  sid: "DeleteScratch",
  effect: "Allow",
  actions: ["s3:DeleteBucket"],
  resources: [`arn:aws:s3:::${SCRATCH}`],
};

/** What the story is told with. */
export interface StoryPlaces {
  readonly kubeUrl: string;
  readonly awsUrl: string;
  readonly metadataUrl: (instanceId: string) => Promise<string>;
}

/** How the story ended. */
export interface StoryEnd {
  readonly instanceId: string;
  /** Whether every step went as it does on AWS. */
  readonly isAsExpected: boolean;
}

/** One step: what was done, and what came of it. */
type Tell = (step: string, result: string) => void;

/**
 * What instance profiles are for, on an instance of the sandbox: a program without credentials reads S3 and is refused a
 * delete; the manifest is edited, and the same program may. At the end the manifest is as it was, and the instance runs.
 *
 * Errors: the signal's reason; TerminalError when the sandbox refuses what it is asked.
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
  const tell: Tell = (step, result) => io.out(`  ${step.padEnd(21)}  ${result}`);
  const apply = async (value: Manifest): Promise<void> => {
    await applyToSandbox(places.kubeUrl, value);
    await statusOnceSettled(places.kubeUrl, object, { timeoutMs, signal: io.stop });
  };
  try {
    io.out(["", `On instance ${instanceId}, started with that profile, a program that has no credentials configured:`]);
    const isRefused = await readAndTryToDelete(guest, tell);
    io.out(`The manifest edited, to allow s3:DeleteBucket on arn:aws:s3:::${SCRATCH}; the same program:`);
    await apply(withStatement(manifest));
    const isAllowed = await deleteAndRead(guest, tell);
    await apply(manifest);
    io.out("The edit is taken back.");
    return { instanceId, isAsExpected: isRefused && isAllowed };
  } finally {
    await guest.stop();
  }
}

/** An InstanceProfile as YAML has it. */
type Manifest = Readonly<Record<string, unknown>>;

function withStatement(manifest: Manifest): Manifest {
  const spec = manifest["spec"] as { readonly statements?: readonly unknown[] };
  return { ...manifest, spec: { ...spec, statements: [...(spec.statements ?? []), EDIT] } };
}

async function readAndTryToDelete(guest: Guest, tell: Tell): Promise<boolean> {
  const listed = await guest.order({ operation: "ListBuckets" });
  tell("list buckets", inWords(listed));
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  tell(`delete bucket ${SCRATCH}`, inWords(deleted));
  return isListOf(listed, BUCKETS) && !deleted.isDone && deleted.code === "AccessDenied";
}

async function deleteAndRead(guest: Guest, tell: Tell): Promise<boolean> {
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  tell(`delete bucket ${SCRATCH}`, inWords(deleted));
  const listed = await guest.order({ operation: "ListBuckets" });
  tell("list buckets", inWords(listed));
  const left = BUCKETS.filter((bucket) => bucket !== SCRATCH);
  return deleted.isDone && isListOf(listed, left);
}

function isListOf(reply: GuestReply, buckets: readonly string[]): boolean {
  return reply.isDone && reply.buckets.join() === buckets.join();
}

function inWords(reply: GuestReply): string {
  if (!reply.isDone) return `${reply.code}: ${reply.message}`;
  return reply.buckets.length > 0 ? reply.buckets.join(", ") : "done";
}
