import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS, type RegisteredCommand } from "../contract/docs/command-register.ts";
import { documentAt, type Fence, ROOT, sectionOf } from "../contract/docs/document.ts";
import { commandsOf } from "../contract/docs/shell.ts";
import { findControlPlane } from "../support/control-plane.ts";
import { findControllerManager } from "../support/controller-manager.ts";
import { DocumentedWorld } from "../support/documented-world.ts";
import { findCommand } from "../support/kubectl.ts";
import { findAws } from "../support/moto.ts";

const controlPlane = findControlPlane(process.env);
const manager = controlPlane.kind === "assets" ? findControllerManager(controlPlane.assetsDir) : undefined;
const moto = findAws({ PATH: process.env["PATH"] });
const missing = ["kubectl", "helm", "aws"].filter((name) => findCommand(name) === undefined);
const canRun = manager !== undefined && moto.kind === "moto" && missing.length === 0;

const CLUSTER_PAGE = "docs/getting-started/cluster.md";
const WITH_CLASSES = "docs/how-to/teams.md";
const OF_HELM = ["deploy/chart/README.md", "docs/how-to/dry-run.md"];
const ON_CLUSTER = COMMANDS.filter(({ treatment }) => treatment?.kind === "cluster");
const PAGES = [...new Set(ON_CLUSTER.map(({ page }) => page))];
/** Pages for any cluster that has the controller; the one that brings classes is the last, as every object needs one then. */
const OTHERS = [...PAGES.filter((page) => ![CLUSTER_PAGE, WITH_CLASSES, ...OF_HELM].includes(page)), WITH_CLASSES];

const SAMPLE = readFileSync(join(ROOT, "crds/samples/s3-read-only.yaml"), "utf8");
const POLICY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}';
const TRUST = POLICY.replace("s3:GetObject", "sts:AssumeRole").replace(
  '"Resource":"*"',
  '"Principal":{"Service":"ec2.amazonaws.com"}',
);
const ANY_ROLE = "aws iam create-role --assume-role-policy-document file://ec2-trust.json --role-name";

/** What the words in capitals stand for. */
const WORDS: Readonly<Record<string, string>> = { ROLE_NAME: "s3-read-only", NAME: "s3-read-only" };

describe("the commands of the pages, on a real API server and moto", { skip: !canRun }, () => {
  let world: DocumentedWorld;

  beforeAll(async () => {
    if (!canRun || controlPlane.kind !== "assets") return;
    world = await DocumentedWorld.open(controlPlane.assetsDir, manager, moto.command);
  });
  afterAll(() => world?.close());

  async function run({ line, page, treatment }: RegisteredCommand): Promise<void> {
    const typed = line.replaceAll(/\b(?:ROLE_NAME|NAME)\b/g, (word) => WORDS[word] ?? word);
    const { status, output } = await world.type(typed);
    expect([page, line, status, output]).toEqual([page, line, (treatment as { status?: number }).status ?? 0, output]);
  }

  /** A section of the page about clusters, with a process in place of the pods that a command waits for. */
  async function playSection(heading: string): Promise<void> {
    for (const command of shownIn(sectionOf(CLUSTER_PAGE, heading).fences)) {
      if (command.treatment?.kind === "cluster") await run(command);
      else if (command.line.includes("deployment/instance-profile-controller")) await world.startPod();
    }
  }

  async function playPage(page: string): Promise<void> {
    for (const line of PREPARATIONS[page] ?? []) expect(await world.type(line)).toMatchObject({ status: 0 });
    const shown = ON_CLUSTER.filter((candidate) => candidate.page === page);
    // A section may need what a later one shows how to create.
    const creates = ({ line }: RegisteredCommand): boolean => line.startsWith("aws iam create-");
    for (const command of [...shown.filter(creates), ...shown.filter((other) => !creates(other))]) await run(command);
  }

  test("kustomize installs the controller, which creates, repairs and reports", { timeout: 300_000 }, async () => {
    for (const [path, text] of Object.entries(FILES)) await world.file(path, text);
    await playSection("Install with kustomize");
    await playSection("Create an instance profile");
    await playSection("Break it");
    expect((await world.type("kubectl describe iprof s3-read-only")).output).toContain("DriftRepaired");
  });

  test.each(OTHERS)("%s", { timeout: 300_000 }, (page) => playPage(page));

  test("what kustomize installed is removed, with what was in AWS", { timeout: 300_000 }, async () => {
    // What other pages have left, while there is a controller: without one, the CRDs would wait for it.
    for (const line of ["kubectl delete iprof karpenter-node", "kubectl delete iprofclass --all --wait=false"])
      expect(await world.type(line)).toMatchObject({ status: 0 });
    const [objects = [], kustomize = []] = cleanUp();
    for (const command of [...objects, ...kustomize]) await run(command);
    await world.stopPod();
    const { output } = await world.type("aws iam get-role --role-name s3-read-only");
    expect(output).toContain("NoSuchEntity");
  });

  test("Helm installs the same, by its own page and by that about clusters, and removes it", {
    timeout: 300_000,
  }, async () => {
    for (const page of OF_HELM) await playPage(page);
    await playSection("Install with Helm");
    await playSection("Create an instance profile");
    const [objects = [], , helm = []] = cleanUp();
    for (const command of [...objects, ...helm]) await run(command);
  });
});

/** The blocks of the last section of the page about clusters: the objects, kustomize, Helm, the cluster itself. */
function cleanUp(): readonly (readonly RegisteredCommand[])[] {
  return sectionOf(CLUSTER_PAGE, "Clean up").fences.map((fence) => shownIn([fence]));
}

/** The commands of blocks of that page, in their order. */
function shownIn(fences: readonly Fence[]): readonly RegisteredCommand[] {
  const known = COMMANDS.filter(({ page }) => page === CLUSTER_PAGE);
  return fences.flatMap(commandsOf).flatMap(({ line }) => known.find((command) => command.line === line) ?? []);
}

const [CLASSES = "", , UPLOADS = ""] = documentAt(WITH_CLASSES)
  .fences.filter(({ language }) => language === "yaml")
  .map(({ text }) => text);

/** The files that the pages take as given. */
const FILES: Readonly<Record<string, string>> = {
  "trust.json": TRUST,
  "ec2-trust.json": TRUST,
  "values.sed": documentAt("docs/getting-started/eks.md").fences.find(({ language }) => language === "sed")?.text ?? "",
  "karpenter-node.yaml": SAMPLE.replaceAll("s3-read-only", "karpenter-node"),
  "read.json": POLICY,
  "write.json": POLICY.replace("Get", "Put"),
  "manifests/app.yaml": SAMPLE.replace('"s3:List*"', '"s3:List*", "s3:PutObject"'),
  "../base/manifests/app.yaml": SAMPLE,
  "overlays/prod/app.yaml": SAMPLE,
  "overlays/prod/kustomization.yaml": "resources: [app.yaml]\n",
  "tests/app.json": JSON.stringify({
    apiVersion: "iam.instanceprofile.dev/v1beta1",
    kind: "InstanceProfileTest",
    metadata: { name: "app", namespace: "default" },
    spec: { instanceProfile: "s3-read-only", deny: [{ actions: ["iam:*"] }] },
  }),
  "profiles.yaml": "# removed {\n#   from = aws_iam_role.web\n# }\n",
  "classes/team-a.yaml": (CLASSES.split("---\n")[0] ?? "")
    .replace("111122223333:policy", "123456789012:policy")
    .replaceAll(/^ +(?:roleArn|externalId):.*\n/gm, "")
    .replace('"111122223333"', '"123456789012"'),
  "uploads/uploads.yaml": UPLOADS,
};

/** What a page takes as given beside files. */
const PREPARATIONS: Readonly<Record<string, readonly string[]>> = {
  "deploy/README.md": [`${ANY_ROLE} instance-profile-controller`, ...argoCd()],
  "docs/how-to/consumers.md": ["kubectl apply -f karpenter-node.yaml"],
  "docs/how-to/migrate-from.md": [
    `${ANY_ROLE} web`,
    "aws iam put-role-policy --role-name web --policy-name web --policy-document file://read.json",
  ],
  [WITH_CLASSES]: ["kubectl apply -f classes", "rm -r manifests && mv uploads manifests"],
};

function argoCd(): readonly string[] {
  return ["kubectl create namespace argocd", "kubectl -n argocd create configmap argocd-cm"];
}
