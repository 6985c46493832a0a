/**
 * Writes the templates of the Helm charts. The kustomize base, its overlays and the CRDs are the source; this script says what the values of
 * the chart replace in their text. A replacement that no longer applies is an error.
 *
 *     node scripts/chart.ts [OUTPUT FOLDER]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const [output = join(ROOT, "deploy")] = process.argv.slice(2);

/** A text of the source, and what stands in its place. */
type Replacement = readonly [from: string, to: string];

/** What becomes of one document of a source. */
interface Template {
  readonly replace?: readonly Replacement[];
  /** The condition under which it is rendered. */
  readonly when?: string;
  /** Rendered once for each of `.Values.namespaces`. */
  readonly each?: boolean;
}

const NAME = '{{ include "controller.fullName" $ }}';
const SHARDED = "gt (int $.Values.shards) 1";
/** RBAC cannot allow a pattern of names. */
const SHARD_LEASES = `{{- if ${SHARDED} }}{{- range $shard := until (int $.Values.shards) }}, ${NAME}-shard-{{ $shard }}{{- end }}{{- end }}`;
const SELECTOR: Replacement = [
  "matchLabels:\n      app.kubernetes.io/name: instance-profile-controller",
  'matchLabels:\n      {{- include "controller.selectorLabels" $ | nindent 6 }}',
];
const EACH_NAMESPACE: Replacement = ["\n  namespace: instance-profile-system\n", "\n  namespace: {{ . }}\n"];

const block = (value: string, key: string, indent: number): string => {
  const lines = [`{{- with .Values.${value} }}`, `${key}:`, `  {{- toYaml . | nindent ${indent + 2} }}`, "{{- end }}"];
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
};
/** Behind a line of the source. */
const after = (line: string, ...added: readonly string[]): Replacement => [line, [line, ...added].join("\n")];
const optional = (value: string, argument: string): string =>
  `            {{- with .Values.${value} }}\n            - --${argument}={{ . }}\n            {{- end }}`;
const flag = (value: string, argument: string): string =>
  `            {{- if .Values.${value} }}\n            - --${argument}\n            {{- end }}`;

const DEPLOYMENT: readonly Replacement[] = [
  ["replicas: 2", "replicas: {{ .Values.replicaCount }}"],
  SELECTOR,
  [
    "      labels:\n        app.kubernetes.io/name: instance-profile-controller\n        app.kubernetes.io/part-of: instance-profile-controller",
    '      labels:\n        {{- include "controller.labels" $ | nindent 8 }}\n        {{- with .Values.podLabels }}\n' +
      `        {{- toYaml . | nindent 8 }}\n        {{- end }}\n${block("podAnnotations", "annotations", 6)}`,
  ],
  after("automountServiceAccountToken: true", block("imagePullSecrets", "imagePullSecrets", 6)),
  ["maxUnavailable: 1", `maxUnavailable: {{ if ${SHARDED} }}0{{ else }}1{{ end }}`],
  ["terminationGracePeriodSeconds: 45", `terminationGracePeriodSeconds: {{ if ${SHARDED} }}60{{ else }}45{{ end }}`],
  after(
    `terminationGracePeriodSeconds: {{ if ${SHARDED} }}60{{ else }}45{{ end }}`,
    ...["nodeSelector", "tolerations", "affinity"].map((key) => block(key, key, 6)),
    "      {{- with .Values.priorityClassName }}\n      priorityClassName: {{ . }}\n      {{- end }}",
  ),
  [
    "            matchLabels:\n              app.kubernetes.io/name: instance-profile-controller",
    '            matchLabels:\n              {{- include "controller.selectorLabels" $ | nindent 14 }}',
  ],
  [
    "image: instance-profile-controller:0.1.0",
    'image: {{ include "controller.image" $ }}\n          imagePullPolicy: {{ .Values.image.pullPolicy }}',
  ],
  after(
    "- --metrics-bind-address=:8080",
    `            {{- if ne (include "controller.fullName" $) "instance-profile-controller" }}\n            - --leader-elect-name=${NAME}\n            {{- end }}`,
    `            {{- if ${SHARDED} }}\n            - --shards={{ int .Values.shards }}\n            {{- end }}`,
    ...[optional("aws.accountId", "account-id"), optional("clusterId", "cluster-id")],
    ...[
      flag("dryRun", "dry-run"),
      flag("requireClass", "require-class"),
      flag("allowAdoption", "allow-adoption"),
      flag("allowExternalRoles", "allow-external-roles"),
    ],
    '            {{- range .Values.allowAdoptFrom }}\n            - {{ printf "--allow-adopt-from=%s" . | quote }}\n            {{- end }}',
    "            {{- range .Values.namespaces }}\n            - --namespace={{ . }}\n            {{- end }}",
    '            {{- if ne .Values.logLevel "info" }}\n            - --log-level={{ .Values.logLevel }}\n            {{- end }}',
    "            {{- range .Values.extraArgs }}\n            - {{ . | quote }}\n            {{- end }}",
  ),
  ["value: us-east-1", "value: {{ .Values.aws.region }}"],
  after(
    'value: "true"',
    "            {{- with .Values.extraEnv }}\n            {{- toYaml . | nindent 12 }}\n            {{- end }}",
  ),
  [
    "resources:\n            requests:\n              cpu: 50m\n              memory: 384Mi\n            limits:\n              memory: 384Mi",
    "resources:\n            {{- toYaml .Values.resources | nindent 12 }}",
  ],
];

const NOT_SCOPED = "not .Values.namespaces";
const SCOPED = ".Values.namespaces";

chart("service-account", "base/service-account.yaml", [
  { replace: [after("namespace: instance-profile-system", block("serviceAccount.annotations", "annotations", 2))] },
]);
chart("rbac", "base/rbac.yaml", [
  { when: NOT_SCOPED },
  { replace: [["resourceNames: [instance-profile-controller]", `resourceNames: [${NAME}${SHARD_LEASES}]`]] },
  { when: NOT_SCOPED },
  {},
]);
chart("rbac-namespaces", "overlays/single-namespace/role.yaml", [
  { replace: [EACH_NAMESPACE], each: true },
  { when: SCOPED },
  { when: SCOPED },
  { replace: [EACH_NAMESPACE], each: true },
]);
chart("user-roles", "base/user-roles.yaml", both({ when: ".Values.userRoles.create" }));
chart("admission-policy", "base/admission-policy.yaml", both({ when: ".Values.admissionPolicies.protectController" }));
chart("class-policy", "base/class-policy.yaml", both({ when: ".Values.admissionPolicies.classes" }));
chart(
  "boundary-policy",
  "overlays/hardened/boundary-policy.yaml",
  both({ when: ".Values.admissionPolicies.requireBoundary" }),
);
chart("deployment", "base/deployment.yaml", [{ replace: DEPLOYMENT }]);
chart("disruption-budget", "base/disruption-budget.yaml", [
  { replace: [SELECTOR], when: ".Values.podDisruptionBudget.enabled" },
]);
chart("network-policy", "base/network-policy.yaml", [{ replace: [SELECTOR], when: ".Values.networkPolicy.enabled" }]);
chart("pod-monitor", "monitoring/pod-monitor.yaml", [
  { replace: [SELECTOR], when: ".Values.monitoring.podMonitor.enabled" },
]);
chart("prometheus-rule", "monitoring/prometheus-rule.yaml", [
  {
    replace: [['name=~"instance-profile-controller', `name=~"${NAME}`]],
    when: ".Values.monitoring.prometheusRule.enabled",
  },
]);
for (const kind of ["instanceprofiles", "instanceprofileclasses"]) {
  const text = readFileSync(join(ROOT, `crds/iam.instanceprofile.dev_${kind}.yaml`), "utf8");
  write(`chart-crds/templates/${kind}.yaml`, escaped(text));
}

function both(template: Template): readonly Template[] {
  return [template, template];
}

/** Writes the template of a source, whose documents become of it what is said, in their order. */
function chart(name: string, source: string, templates: readonly Template[]): void {
  const documents = readFileSync(join(ROOT, "deploy", source), "utf8").split(/^---\n/m);
  if (documents.length !== templates.length) throw new Error(`${source} has ${documents.length} documents`);
  const texts = templates.map((template, index) => templateText(documents[index] ?? "", template, source));
  write(`chart/templates/${name}.yaml`, texts.join(""));
}

function templateText(document: string, { replace = [], when, each = false }: Template, source: string): string {
  const replaced = replace.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${source}: there is no ${JSON.stringify(from)}`);
    return text.replaceAll(from, () => to);
  }, escaped(document));
  const text = `---\n${labelled(renamed(replaced))}`;
  if (each) return `{{- range .Values.namespaces }}\n${text}{{- end }}\n`;
  return when === undefined ? text : `{{- if ${when} }}\n${text}{{- end }}\n`;
}

/** The text, in which `{{` is no template. */
function escaped(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}

/** The text with the names of the release: of objects, and of references to them. */
function renamed(text: string): string {
  return text
    .replaceAll(
      /^( *(?:- )?(?:name|serviceAccountName|policyName): )instance-profile-controller(?=\n|-)/gm,
      `$1${NAME}`,
    )
    .replaceAll("namespace: instance-profile-system", "namespace: {{ $.Release.Namespace }}");
}

/** The text with the labels of the release in its metadata. */
function labelled(text: string): string {
  const labels = '    {{- include "controller.labels" $ | nindent 4 }}\n';
  return text.replace(/^metadata:\n(?: {2,}.*\n)+/m, (metadata) =>
    metadata.includes("\n  labels:\n")
      ? metadata.replace("\n  labels:\n", `\n  labels:\n${labels}`)
      : `${metadata}  labels:\n${labels}`,
  );
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(output, file)), { recursive: true });
  writeFileSync(join(output, file), text);
}
