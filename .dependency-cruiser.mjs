const pure = "^src/(api|model|plan|status|text)/|^src/errors[.]ts$";

/** The layer rule of docs/explanation/architecture.md. test/tooling/layers.test.ts plants violations to prove that it can fail. */
export default {
  forbidden: [
    {
      name: "pure-core",
      comment: "api, model, plan, status, text and errors decide and never talk: pass what they need as values.",
      severity: "error",
      from: { path: pure },
      to: { pathNot: [pure] },
    },
    {
      name: "aws-sdk-at-the-edge",
      comment: "Only src/aws speaks to AWS: add a method to a port in src/engine/ports.ts and implement it there.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(aws|guest)/" },
      to: { path: "node_modules/(@aws-sdk|@smithy)/" },
    },
    {
      name: "kube-client-at-the-edge",
      comment: "Only src/kube speaks to Kubernetes: use the ports it implements.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/kube/" },
      to: { path: "node_modules/(@kubernetes|undici)/" },
    },
    {
      name: "adapters-are-strangers",
      comment:
        "aws and kube know nothing of each other, of the controller or of the commands; only types of the ports.",
      severity: "error",
      from: { path: "^src/(aws|kube)/" },
      to: {
        path: "^src/(aws|kube|controller|cli|runtime|sandbox|crd)/",
        pathNot: "^src/$1/",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "core-never-looks-up",
      comment: "Use cases declare ports; they do not reach for the machinery that runs them.",
      severity: "error",
      from: { path: "^src/(model|plan|status|engine)/" },
      to: { path: "^src/(controller|runtime|cli|aws|kube|sandbox|crd)/" },
    },
    {
      name: "adapters-only-from-cli",
      comment: "The composition roots in src/cli join adapters to the engine; nobody else does.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(aws|kube|cli)/" },
      to: { path: "^src/(aws|kube)/" },
    },
    {
      name: "runtime-knows-no-domain",
      comment: "runtime is generic controller machinery: it could be a package of its own.",
      severity: "error",
      from: { path: "^src/runtime/" },
      to: { path: "^src/(api|model|plan|status|engine|controller|aws|kube|cli|sandbox|crd)/" },
    },
    {
      name: "sandbox-only-from-cli",
      comment: "The sandbox is a place to run in, not a part to build on.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(sandbox|cli)/" },
      to: { path: "^src/sandbox/" },
    },
    {
      name: "sandbox-knows-no-product",
      comment:
        "The sandbox stands in for AWS and Kubernetes: if it shared the product's code, it would share its mistakes. The CRD validator and the evaluator of policies are the exceptions.",
      severity: "error",
      from: { path: "^src/sandbox/" },
      to: {
        path: "^src/",
        pathNot: "^src/(sandbox|crd|model/access/evaluate)/|^src/model/access/access-request[.]ts$",
      },
    },
    {
      name: "evaluator-decides-alone",
      comment:
        "The evaluator of requests checks the comparison of policies, so it shares no code with it, and its mistakes are its own.",
      severity: "error",
      from: { path: "^src/model/access/evaluate/" },
      to: {
        path: "^src/",
        pathNot: "^src/model/access/(evaluate/|access[.]ts$|access-request[.]ts$)|^src/model/policy/policy-json[.]ts$",
      },
    },
    {
      name: "evaluator-is-one-module",
      comment:
        "Only the sandbox, whose checks of policies are of the same kind, uses parts of the evaluator: use evaluate.ts.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(sandbox|model/access/evaluate)/" },
      to: { path: "^src/model/access/evaluate/", pathNot: "/evaluate[.]ts$" },
    },
    {
      name: "crd-knows-nobody",
      comment: "The CRD validator judges by a CRD alone, as an API server does: pass it the CRD and the object.",
      severity: "error",
      from: { path: "^src/crd/" },
      to: { path: "^src/", pathNot: "^src/(crd|text)/" },
    },
    {
      name: "shipped-lists-only-from-cli",
      comment:
        "What is not in the shipped lists of AWS's actions and managed policies is for commands to find: the controller asks AWS, and would keep the list of actions in memory.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^src/plan/lint/lint-shipped-lists[.]ts$" },
    },
    {
      name: "crd-only-from-cli",
      comment: "Only commands and the sandbox judge by a CRD: the controller parses what the API server has admitted.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(crd|sandbox|cli)/" },
      to: { path: "^src/crd/" },
    },
    {
      name: "guest-knows-nobody",
      comment: "The guest stands for anybody's program on an instance: what it can do it can by the AWS SDK alone.",
      severity: "error",
      from: { path: "^src/guest/" },
      to: { path: "^src/", pathNot: "^src/guest/" },
    },
    {
      name: "guest-is-a-process",
      comment:
        "The guest runs on import, in an environment of its own: start it as a process, and import its types only.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/guest/" },
      to: { path: "^src/guest/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-circular",
      comment: "Break the circle with a port or a value.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    parser: "swc",
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
