import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import type { KubeApi } from "../../support/kube-api.ts";
import { grid } from "../../support/large-objects.ts";
import { s3ReadOnly } from "../../support/manifest.ts";
import { plainKubeApi } from "../../support/plain-kube-api.ts";
import { type PodController, startPodController } from "../../support/pod-controller.ts";
import { type SandboxProcess, startSandboxProcess } from "../../support/sandbox-process.ts";

const PROFILES = "/apis/iam.instanceprofile.dev/v1beta1/namespaces/default/instanceprofiles";
/** A controller that hangs or has ended does not come to it at all; how fast it is, `npm run bench:judgement` measures. */
const WITHIN_MS = 10_000;

let folder: string;
let sandbox: SandboxProcess;
let api: KubeApi;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adversary-size-"));
  sandbox = await startSandboxProcess();
  api = plainKubeApi(sandbox.kubeUrl);
});

afterAll(async () => {
  await sandbox.stop();
  await rm(folder, { recursive: true, force: true });
});

type Fields = Readonly<Record<string, unknown>>;

async function create(name: string, spec: Fields = {}): Promise<void> {
  const body = s3ReadOnly({ namespace: "default", name }, spec);
  await api.expectOk({ method: "POST", path: PROFILES, body });
}

async function untilReady(controller: PodController, name: string, expected: string): Promise<void> {
  await controller.untilReady(async () => {
    const object = await api.expectOk({ method: "GET", path: `${PROFILES}/${name}` });
    const { metadata, status } = object as unknown as { metadata: { generation: number }; status?: Fields };
    const conditions = (status?.["conditions"] ?? []) as readonly Record<string, string>[];
    const ready = conditions.find(({ type }) => type === "Ready");
    const isCurrent = status?.["observedGeneration"] === metadata.generation;
    return isCurrent && `${ready?.["status"]} ${ready?.["reason"]}` === expected ? true : undefined;
  }, WITHIN_MS);
}

async function remove(controller: PodController, name: string): Promise<void> {
  await api.expectOk({ method: "DELETE", path: `${PROFILES}/${name}` });
  await controller.untilReady(async () => {
    const { status } = await api.request({ method: "GET", path: `${PROFILES}/${name}` });
    return status === 404 ? true : undefined;
  }, WITHIN_MS);
}

const LARGE: readonly { readonly name: string; readonly spec: Fields; readonly expected: string }[] = [
  { name: "100-x-300-x-200", spec: grid(100, 300, 200), expected: "False PolicyTooLarge" },
  { name: "all-that-iam-takes", spec: grid(1, 230, 150, 480), expected: "True InSync" },
];

/** The actions of the first statement are others afterwards. */
async function edit(name: string, spec: Fields): Promise<void> {
  const [statement, ...others] = spec["statements"] as readonly { readonly actions: readonly string[] }[];
  const actions = [...(statement?.actions.slice(1) ?? []), "s3:Edited"];
  await api.expectOk({
    method: "PATCH",
    path: `${PROFILES}/${name}`,
    body: { spec: { statements: [{ ...statement, actions }, ...others] } },
    contentType: "application/merge-patch+json",
  });
}

test("with the heap of a pod, a controller outlives large objects, their edits and deletions, and serves others", async () => {
  const first = await startPodController(sandbox, folder, "first");
  try {
    for (const { name, spec, expected } of LARGE) {
      await create(name, spec);
      await untilReady(first, name, expected);
      await create(`beside-${name}`);
      await untilReady(first, `beside-${name}`, "True InSync");
      await edit(name, spec);
      await untilReady(first, name, expected);
    }
  } finally {
    await first.stop();
  }
  const second = await startPodController(sandbox, folder, "second");
  try {
    await create("after-the-restart");
    await untilReady(second, "after-the-restart", "True InSync");
    for (const { name } of LARGE) await remove(second, name);
  } finally {
    await second.stop();
  }
}, 120_000);
