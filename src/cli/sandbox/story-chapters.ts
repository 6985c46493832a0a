import type { GuestReply, GuestReport } from "../../guest/s3-program.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { Guest } from "./guest-process.ts";
import {
  deleteLaunchTemplate,
  deleteSandboxPolicy,
  hasSandboxPolicy,
  hasSandboxRoleOrProfile,
  makeLaunchTemplate,
  makeSandboxBucket,
  terminateSandboxInstances,
} from "./sandbox-aws.ts";
import { deleteFromSandbox, readSandboxStatus } from "./sandbox-client.ts";
import type { Story } from "./sandbox-story.ts";

/** A part of the demo. Returns whether it went as on AWS; `guest` is the program on the first instance. */
type Chapter = (story: Story, guest: Guest) => Promise<boolean>;

/** The buckets of the demo. The program deletes SCRATCH. */
const BUCKETS = ["reports", "scratch"] as const;
const SCRATCH = "scratch";
const EDIT = {
  sid: "DeleteScratch",
  effect: "Allow",
  actions: ["s3:DeleteBucket"],
  resources: [`arn:aws:s3:::${SCRATCH}`],
};
const TEMPLATE = "workers";

/** What takes a second takes longer on a busy machine. */
const TIMEOUT_MS = 10_000;
const POLL_MS = 20;
const ROTATIONS = 2;
/** With credentials that last longer, the demo does not wait for rotations. */
const MAX_SHOWN_CREDENTIAL_MS = 60_000;

/** The program reads S3, and is denied a delete. */
const readAndTryToDelete: Chapter = async (story, guest) => {
  const listed = await guest.order({ operation: "ListBuckets" });
  story.show("list buckets", describeReply(listed));
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  story.show(`delete bucket ${SCRATCH}`, describeReply(deleted));
  return isListOf(listed, BUCKETS) && !deleted.isDone && deleted.code === "AccessDenied";
};

/** An edit of the manifest allows the delete for a moment. */
const deleteAfterEdit: Chapter = async (story, guest) => {
  story.io.out(`The same program, after an edit of the manifest that allows s3:DeleteBucket on ${EDIT.resources}:`);
  const spec = story.manifest["spec"] as { readonly statements?: readonly unknown[] };
  await story.apply({ ...story.manifest, spec: { ...spec, statements: [...(spec.statements ?? []), EDIT] } });
  const deleted = await guest.order({ operation: "DeleteBucket", bucket: SCRATCH });
  story.show(`delete bucket ${SCRATCH}`, describeReply(deleted));
  const listed = await guest.order({ operation: "ListBuckets" });
  story.show("list buckets", describeReply(listed));
  await story.apply(story.manifest);
  story.io.out("The edit is reverted.");
  return deleted.isDone && isListOf(listed, remaining());
};

/** Another client deletes the policy, and an event makes the controller write it again. */
const repairDrift: Chapter = async (story, guest) => {
  const { awsUrl } = story.places;
  story.io.out("Another client deletes the inline policy of the role, and the event of that wakes the controller:");
  await deleteSandboxPolicy(awsUrl, story.object);
  const elapsedMs = stopwatch();
  const isRepaired = await until(story, () => hasSandboxPolicy(awsUrl, story.object));
  const repairedMs = elapsedMs();
  const result = repairedMs < 1_000 ? "within a second" : `after ${repairedMs} ms`;
  story.show("policy", isRepaired ? `repaired ${result}` : "not repaired");
  // Requests before the repair were refused.
  await guest.order({ operation: "KeepListing" });
  return isRepaired;
};

/** Two more instances have the same profile: by its ARN, and from a launch template. */
const reuseProfile: Chapter = async (story) => {
  const { awsUrl, kubeUrl } = story.places;
  await makeLaunchTemplate(awsUrl, TEMPLATE, story.object.instanceProfileName);
  const arn = (await readSandboxStatus(kubeUrl, story.object))?.instanceProfile?.arn ?? "";
  story.io.out("The same program on two more instances with the same profile:");
  const instances = await Promise.all([
    story.launch({ "IamInstanceProfile.Arn": arn }),
    story.launch({ "LaunchTemplate.LaunchTemplateName": TEMPLATE }),
  ]);
  const replies = await Promise.all(instances.map(({ guest }) => guest.order({ operation: "ListBuckets" })));
  for (const [index, way] of ["by its ARN", "by launch template"].entries()) {
    story.show(way, describeReply(replies[index] as GuestReply));
  }
  return replies.every((reply) => isListOf(reply, remaining()));
};

/** The program on the first instance goes on while its credentials are replaced twice. */
const rotateCredentials: Chapter = async (story, guest) => {
  const seconds = `${story.credentialMs / 1_000} s`;
  if (story.credentialMs > MAX_SHOWN_CREDENTIAL_MS) {
    story.io.out(`Credentials last ${seconds}: the rotation is not shown.`);
    return true;
  }
  story.io.out(`The first program still runs. Its credentials last ${seconds} here, and hours on AWS:`);
  let report: GuestReport | undefined;
  const isRotated = await until(
    story,
    async () => {
      const reply = await guest.order({ operation: "Report" });
      report = reply.isDone ? reply.report : undefined;
      return (report?.accessKeyIds.length ?? 0) > ROTATIONS;
    },
    TIMEOUT_MS + ROTATIONS * story.credentialMs,
  );
  const { accessKeyIds = [], requests = 0, refused = 0 } = report ?? {};
  story.show("access key", accessKeyIds.slice(0, ROTATIONS + 1).join(", then "));
  story.show("list buckets", `${requests} requests, ${refused === 0 ? "none" : refused} refused`);
  return isRotated && refused === 0;
};

/** The launch template keeps the object from being deleted, until it is deleted itself. */
async function deleteObject(story: Story, instanceIds: readonly string[]): Promise<boolean> {
  const { awsUrl, kubeUrl } = story.places;
  await terminateSandboxInstances(awsUrl, instanceIds);
  await deleteFromSandbox(kubeUrl, story.object);
  story.io.out(
    `The instances are terminated and the object is deleted, but launch template ${TEMPLATE} still names the profile:`,
  );
  let blocker = "";
  const isBlocked = await until(story, async () => {
    const [ready] = (await readSandboxStatus(kubeUrl, story.object))?.conditions ?? [];
    blocker = `${ready?.reason}: ${ready?.message}`;
    return ready?.reason === "LaunchTemplatesUseProfile";
  });
  story.show("deletion", blocker);
  await deleteLaunchTemplate(awsUrl, TEMPLATE);
  story.io.out("The launch template is deleted:");
  const isGone = await until(story, async () => (await readSandboxStatus(kubeUrl, story.object)) === undefined);
  const isLeft = await hasSandboxRoleOrProfile(awsUrl, story.object);
  story.show("deletion", isGone && !isLeft ? "done: object, role and instance profile are deleted" : "not done");
  return isBlocked && isGone && !isLeft;
}

const CHAPTERS: readonly Chapter[] = [
  readAndTryToDelete,
  deleteAfterEdit,
  repairDrift,
  reuseProfile,
  rotateCredentials,
];

/**
 * Shows what instance profiles are for, on instances of the sandbox, to the deletion of the object. Returns whether every step had
 * the same result as on AWS.
 *
 * Errors: the signal's reason; TerminalError when the sandbox rejects a request.
 */
export async function playStory(story: Story): Promise<boolean> {
  for (const bucket of BUCKETS) await makeSandboxBucket(story.places.awsUrl, bucket);
  try {
    const { id, guest } = await story.launch({ "IamInstanceProfile.Name": story.object.instanceProfileName });
    await guest.order({ operation: "KeepListing" });
    story.io.out(["", `On instance ${id}, started with that profile, a program without configured credentials:`]);
    let isAsExpected = true;
    for (const chapter of CHAPTERS) isAsExpected = (await chapter(story, guest)) && isAsExpected;
    await story.stopGuests();
    return (await deleteObject(story, story.instanceIds)) && isAsExpected;
  } finally {
    await story.stopGuests();
  }
}

/** Polls until the check holds. False when the time is up. Errors: the reason of the signal to stop. */
async function until({ io }: Story, check: () => Promise<boolean>, timeoutMs = TIMEOUT_MS): Promise<boolean> {
  const elapsedMs = stopwatch();
  while (!(await check())) {
    if (elapsedMs() > timeoutMs) return false;
    await systemClock.sleep(POLL_MS, io.stop);
  }
  return true;
}

function stopwatch(): () => number {
  const startMs = systemClock.monotonicMs();
  return () => Math.round(systemClock.monotonicMs() - startMs);
}

function remaining(): readonly string[] {
  return BUCKETS.filter((bucket) => bucket !== SCRATCH);
}

function isListOf(reply: GuestReply, buckets: readonly string[]): boolean {
  return reply.isDone && reply.buckets.join() === buckets.join();
}

function describeReply(reply: GuestReply): string {
  if (!reply.isDone) return `${reply.code}: ${reply.message}`;
  return reply.buckets.length > 0 ? reply.buckets.join(", ") : "done";
}
