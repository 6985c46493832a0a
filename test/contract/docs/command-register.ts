import { DOCUMENTS } from "./document.ts";
import { commandsOf } from "./shell.ts";

/** What becomes of a command that a page shows: tests run it, or there is a reason why none does. */
export type Treatment =
  /** Run as it stands by `test/e2e-docs/documented-commands.test.ts`, on a real API server and moto; ends with `status`, else 0. */
  | { readonly kind: "cluster"; readonly status?: number }
  /** Run by other tests: each file has the text. */
  | { readonly kind: "test"; readonly evidence: readonly (readonly [file: string, text: string])[] }
  | { readonly kind: "not run"; readonly why: string };

/** The treatment of the commands of a page that match. The first that matches counts. */
interface Rule {
  readonly page: string;
  readonly command: RegExp;
  readonly treatment: Treatment;
}

const CLUSTER: Treatment = { kind: "cluster" };
const NO_PODS = "there is no kubelet, so no pod runs; the test starts the process of the deployment itself";
const NO_CONTAINERS = "needs a container runtime";
const IN_STORY = ranBy(["test/contract/docs/story.test.ts", "docs/getting-started/sandbox.md"]);
const DELETIONS = ranBy(["test/e2e-apart/uninstall.test.ts", '["delete", "-k", DEPLOY_FOLDER]']);
const INSTALLS = ranBy(["test/support/uninstall-world.ts", '"apply", "-k", DEPLOY_FOLDER']);

const RULES: readonly Rule[] = [
  rule(
    "README.md",
    /^npm ci && npm start$|^npm start$/,
    [".ci/run", "npm ci"],
    ["test/contract/docs/story.test.ts", "STORY.at(0)"],
  ),
  rule(
    "README.md",
    /^npm ci && npm test$/,
    [".ci/run", "npm run check"],
    ["package.json", "npm run dead && npm run test:all"],
    ["package.json", "TESTS=quick npm run test:all"],
  ),
  notRun("SECURITY.md", /^(?:cosign|gh) /, "no release is published here"),

  { page: "docs/getting-started/sandbox.md", command: /./, treatment: IN_STORY },
  notRun("docs/getting-started/cluster.md", /^(?:docker|kind) /, NO_CONTAINERS),
  notRun("docs/getting-started/cluster.md", / (?:rollout status|port-forward) /, NO_PODS),
  { page: "docs/getting-started/cluster.md", command: /./, treatment: CLUSTER },

  notRun("docs/getting-started/eks.md", /^docker /, NO_CONTAINERS),
  notRun("docs/getting-started/eks.md", /^aws eks |open-id-connect-provider/, "needs an EKS cluster"),
  notRun("docs/getting-started/eks.md", / wait deployment\//, NO_PODS),
  rule("docs/getting-started/eks.md", /^aws cloudformation deploy /, [
    "test/contract/deploy/aws-side.test.ts",
    "CloudFormation creates the boundary and the role that the AWS CLI commands create",
  ]),
  rule("docs/getting-started/eks.md", /^terraform |^aws iam (?!get-)| delete-stack /, [
    "test/e2e/terraform.test.ts",
    "creates the AWS side of a cluster as CloudFormation and the AWS CLI do",
  ]),
  rule("docs/getting-started/eks.md", /^helm /, ["test/e2e-apart/helm.test.ts", '"upgrade", "--install", RELEASE']),
  rule("docs/getting-started/eks.md", /^kubectl (?:apply -k|label) /, [
    "test/e2e/control-plane.test.ts",
    "takes each overlay",
  ]),
  rule("docs/getting-started/eks.md", / namespace /, ["test/e2e-apart/uninstall.test.ts", '"delete", "namespace"']),
  rule("docs/getting-started/eks.md", / (?:iprof|apply -f|get-instance-profile)\b/, [
    "test/contract/deploy/eks-role.test.ts",
    "creates and deletes the first object of the page",
  ]),
  { page: "docs/getting-started/eks.md", command: /^sed /, treatment: CLUSTER },

  notRun("deploy/README.md", /^docker /, NO_CONTAINERS),
  notRun("deploy/README.md", /^aws eks /, "needs an EKS cluster"),
  rule("deploy/README.md", / run --account-id /, [
    "test/support/uninstall-world.ts",
    '[PROGRAM, "run", "--kubeconfig"',
  ]),
  notRun("deploy/README.md", /deploy\/monitoring$/, "needs the CRDs of the Prometheus operator"),
  notRun("deploy/README.md", /^kubectl label namespace monitoring /, "needs the namespace of a Prometheus"),
  { page: "deploy/README.md", command: /./, treatment: CLUSTER },
  // The test plays the part of the kubelet.
  rule("deploy/chart/README.md", /^helm test /, ["test/e2e-apart/helm.test.ts", '"test", RELEASE']),
  { page: "deploy/chart/README.md", command: /./, treatment: CLUSTER },

  { page: "docs/how-to/backup-and-restore.md", command: /./, treatment: CLUSTER },
  rule("docs/how-to/hand-over.md", /^npx --no instance-profile-controller (?:plan|export) /, [
    "test/contract/cli/hand-over.test.ts",
    "--adopt-from",
  ]),
  notRun(
    "docs/how-to/hand-over.md",
    /^(?:kubectl|aws iam) /,
    "needs two clusters, which test/scenario/hand-over.test.ts plays",
  ),
  { page: "docs/how-to/consumers.md", command: /./, treatment: CLUSTER },
  rule("docs/how-to/conformance.md", /^(?:sed|aws iam create-policy) /, [
    "test/contract/conformance/sandbox.test.ts",
    "conformance-policy.json",
  ]),
  rule("docs/how-to/conformance.md", / --endpoint-url /, ["test/contract/conformance/process.test.ts", "endpoint-url"]),
  notRun("docs/how-to/conformance.md", /^npm run e2e:aws /, "needs an AWS account"),
  rule("docs/how-to/dry-run.md", / -k deploy\/overlays\//, ["test/e2e/control-plane.test.ts", "takes each overlay"]),
  notRun("docs/how-to/dry-run.md", / (?:logs|rollout status) /, NO_PODS),
  rule("docs/reference/logs.md", / logs /, ["test/contract/docs/logs.test.ts", "the query of the page about logs"]),
  { page: "docs/how-to/dry-run.md", command: /./, treatment: CLUSTER },
  rule("docs/how-to/drift-events.md", /^aws cloudformation deploy /, [
    "test/contract/deploy/drift-events.test.ts",
    "drift-events.yaml",
  ]),
  { page: "docs/how-to/find-unused-roles.md", command: /^kubectl /, treatment: CLUSTER },
  rule("docs/how-to/find-unused-roles.md", / (?:report|plan -f proposed.yaml)/, [
    "test/contract/cli/report.test.ts",
    'await report("--access", "team-a/forty", "-o", "yaml")',
  ]),
  { page: "docs/how-to/gitops.md", command: /./, treatment: CLUSTER },
  rule("docs/how-to/migrate-from.md", /^npx .* export --from-/, [
    "test/contract/cli/coming-in.test.ts",
    '"--from-terraform-state"',
  ]),
  rule("docs/how-to/migrate-from.md", /profiles\.yaml$|export --path-prefix/, [
    "test/contract/docs/migrate.test.ts",
    '"Export and review"',
  ]),
  notRun("docs/how-to/migrate-from.md", /^terraform /, "needs a workspace with a remote state"),
  notRun("docs/how-to/migrate-from.md", /services\.k8s\.aws/, "needs the CRDs of ACK"),
  { page: "docs/how-to/migrate-from.md", command: /^sed |convert/, treatment: CLUSTER },
  notRun("docs/how-to/pipeline.md", / krew install /, "no release is published here"),
  rule("docs/how-to/pipeline.md", /^kubectl iprof /, ["test/contract/deploy/krew.test.ts", '"iprof", "validate"']),
  notRun("docs/how-to/review-access.md", /^git worktree /, "needs a clone with a remote branch"),
  rule("docs/how-to/review-access.md", / validate -f manifests$/, [
    "test/contract/cli/policy-tests.test.ts",
    "docs/how-to/review-access.md",
  ]),
  { page: "docs/how-to/review-access.md", command: / access diff /, treatment: { kind: "cluster", status: 2 } },
  { page: "docs/how-to/review-access.md", command: /./, treatment: CLUSTER },
  rule("docs/how-to/teams.md", / sandbox --cluster-id /, ["test/contract/cli/usage.test.ts", "sandbox"]),
  { page: "docs/how-to/scale-out.md", command: /./, treatment: CLUSTER },
  { page: "docs/how-to/teams.md", command: / plan /, treatment: { kind: "cluster", status: 2 } },
  { page: "docs/how-to/teams.md", command: /./, treatment: CLUSTER },
  { page: "docs/how-to/uninstall.md", command: /^kubectl delete -k /, treatment: DELETIONS },
  { page: "docs/how-to/uninstall.md", command: /^kubectl apply -k /, treatment: INSTALLS },
  rule("docs/how-to/uninstall.md", / release /, ["test/e2e-apart/uninstall.test.ts", '"release", "-A", "--yes"']),
  { page: "docs/how-to/uninstall.md", command: /./, treatment: CLUSTER },
  { page: "docs/how-to/upgrade.md", command: /^kubectl apply -k /, treatment: INSTALLS },
  { page: "docs/how-to/upgrade.md", command: /./, treatment: CLUSTER },
  { page: "docs/how-to/work-with-objects.md", command: /./, treatment: CLUSTER },

  notRun("docs/reference/commands.md", /^docker /, NO_CONTAINERS),
  rule("docs/reference/instance-profile.md", /^aws ec2 run-instances /, [
    "docs/getting-started/sandbox.md",
    "aws ec2 run-instances",
  ]),
  { page: "docs/reference/instance-profile.md", command: /./, treatment: CLUSTER },
  notRun(
    "docs/schemas/README.md",
    /^kubeconform /,
    "kubeconform is not among the tools; published-schemas.test.ts validates with ajv",
  ),
  { page: "docs/troubleshooting.md", command: /./, treatment: CLUSTER },
];

/** A command of a page, with its place in the list of rules; none when no rule knows it. */
export interface RegisteredCommand {
  readonly page: string;
  readonly line: string;
  readonly rule: number;
  readonly treatment: Treatment | undefined;
}

/** Every command that the pages show in blocks of `sh` and `console`. */
export const COMMANDS: readonly RegisteredCommand[] = DOCUMENTS.flatMap(({ path, fences }) =>
  fences.flatMap(commandsOf).map(({ line }) => {
    const place = RULES.findIndex(({ page, command }) => page === path && command.test(line));
    return { page: path, line, rule: place, treatment: RULES[place]?.treatment };
  }),
);

/** The rules that no command needs. */
export function idleRules(): readonly string[] {
  const used = new Set(COMMANDS.map(({ rule: place }) => place));
  return RULES.filter((_, place) => !used.has(place)).map(({ page, command }) => `${page}: ${command}`);
}

function ranBy(...evidence: readonly (readonly [file: string, text: string])[]): Treatment {
  return { kind: "test", evidence };
}

function rule(page: string, command: RegExp, ...evidence: readonly (readonly [file: string, text: string])[]): Rule {
  return { page, command, treatment: ranBy(...evidence) };
}

function notRun(page: string, command: RegExp, why: string): Rule {
  return { page, command, treatment: { kind: "not run", why } };
}
