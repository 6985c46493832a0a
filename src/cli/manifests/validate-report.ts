import type { Finding } from "../../plan/lint/finding.ts";
import { OUTPUT_API_VERSION } from "../../plan/render.ts";
import type { KnownLine, OutputLine } from "../../text/line.ts";
import { faultLine, type Manifest, type ManifestFault, TEST_KIND } from "./manifests.ts";
import type { LocatedFinding } from "./places-of.ts";

/** A manifest and its findings. */
export interface JudgedManifest {
  readonly manifest: Manifest;
  readonly findings: readonly LocatedFinding[];
}

/** What `validate` found in its input. */
export interface JudgedInput {
  readonly judged: readonly JudgedManifest[];
  readonly faults: readonly ManifestFault[];
}

/** Output formats of `validate`. */
export type ValidateFormat = "text" | "json" | "sarif";

/** Returns true if the API server would reject the manifest. */
export function isInvalid({ findings }: Pick<JudgedManifest, "findings">): boolean {
  return findings.some(({ severity }) => severity === "error");
}

/** Renders all findings in the given format, as lines. */
export function renderFindings(input: JudgedInput, format: ValidateFormat, version: string): readonly OutputLine[] {
  switch (format) {
    case "text":
      return textOf(input);
    case "json":
      return linesOf(jsonOf(input));
    case "sarif":
      return linesOf(sarifOf(input, version));
  }
}

function linesOf(json: unknown): readonly string[] {
  return JSON.stringify(json, null, 2).split("\n");
}

function textOf({ judged, faults }: JudgedInput): readonly OutputLine[] {
  const { checked, invalid } = summaryOf({ judged, faults });
  const warnings = judged.flatMap(({ findings }) => findings.filter(({ severity }) => severity === "warning")).length;
  const noted = warnings === 0 ? "" : `, ${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
  return [
    ...faults.flatMap((fault): readonly KnownLine[] => [
      { text: `${fault.source}: unreadable`, kind: "headline" },
      { text: `  ${faultLine(fault)}`, kind: "error" },
    ]),
    ...judged.flatMap(reportOf),
    { text: `${checked} checked, ${invalid} invalid${noted}`, kind: "headline" },
  ];
}

/** A document that cannot be read counts as an invalid manifest. */
function summaryOf({ judged, faults }: JudgedInput): { readonly checked: number; readonly invalid: number } {
  return { checked: judged.length + faults.length, invalid: judged.filter(isInvalid).length + faults.length };
}

function reportOf(judged: JudgedManifest): readonly KnownLine[] {
  const { source, position } = judged.manifest;
  const tested = isTest(judged.manifest) ? `${TEST_KIND} ` : "";
  const title = `${source} (document ${position}) ${tested}${nameOf(judged.manifest)}: ${isInvalid(judged) ? "invalid" : "ok"}`;
  const lines = findingLines(judged).map(({ text, kind }) => ({ text: `  ${text}`, kind }));
  return [{ text: title, kind: "headline" }, ...lines];
}

/** The findings of a manifest as lines: `app.yaml:3:5: error: spec.path: Invalid value`. */
export function findingLines({ manifest: { source }, findings }: JudgedManifest): readonly KnownLine[] {
  return findings.map(({ severity, line, column, ...finding }) => ({
    text: `${source}:${line}:${column}: ${severity}: ${textOfFinding(finding)}`,
    kind: severity,
  }));
}

/** The reason is where `plan` and conditions have it. */
function textOfFinding({ reason, path, message }: Pick<Finding, "reason" | "path" | "message">): string {
  return `${reason === undefined ? "" : `${reason}: `}${path}: ${message}`;
}

/** `namespace/name` of the object in a manifest, which can be invalid. */
export function nameOf({ value }: Manifest): string {
  const { namespace, name } = (value["metadata"] ?? {}) as Readonly<Record<string, unknown>>;
  return `${textOr(namespace, "default")}/${textOr(name, "?")}`;
}

function isTest({ value }: Manifest): boolean {
  return value["kind"] === TEST_KIND;
}

/** Invalid manifests can have names of any type. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function jsonOf({ judged, faults }: JudgedInput): unknown {
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: "ValidateResult",
    manifests: judged.map((one) => ({
      source: one.manifest.source,
      document: one.manifest.position,
      ...(isTest(one.manifest) && { kind: TEST_KIND }),
      object: nameOf(one.manifest),
      valid: !isInvalid(one),
      findings: one.findings,
    })),
    unreadable: faults,
    summary: summaryOf({ judged, faults }),
  };
}

/** Renders SARIF, which code hosts show next to the changed lines: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
function sarifOf({ judged, faults }: JudgedInput, version: string): unknown {
  const found = judged.flatMap((one) => one.findings.map((finding) => sarifFinding(one, finding)));
  const results = [...faults.map(sarifFault), ...found];
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "instance-profile-controller", version, rules: rules.map((id) => ({ id })) },
        },
        columnKind: "utf16CodeUnits",
        results: results.map((result) => ({ ...result, ruleIndex: rules.indexOf(result.ruleId) })),
      },
    ],
  };
}

/** One result, without the index of its rule. */
interface SarifResult {
  readonly ruleId: string;
  readonly level: Finding["severity"];
  readonly message: { readonly text: string };
  readonly locations: readonly object[];
}

function sarifFinding(
  judged: JudgedManifest,
  { rule, severity, reason, path, message, ...place }: LocatedFinding,
): SarifResult {
  const name = `${nameOf(judged.manifest)}/${path}`;
  return sarifResult(rule, severity, textOfFinding({ ...(reason && { reason }), path, message }), {
    ...physical({ ...place, source: judged.manifest.source }),
    logicalLocations: [{ fullyQualifiedName: name }],
  });
}

function sarifFault(fault: ManifestFault): SarifResult {
  return sarifResult("unreadable", "error", fault.message, physical(fault));
}

function sarifResult(ruleId: string, level: SarifResult["level"], text: string, location: object): SarifResult {
  return { ruleId, level, message: { text: plainText(text) }, locations: [location] };
}

function physical({ source, line, column }: Omit<ManifestFault, "message">): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(source) },
      region: { startLine: line, startColumn: column },
    },
  };
}

/** Breaks links (`[text](target)`), which plain text messages of SARIF may contain, so that a manifest cannot inject one. */
function plainText(message: string): string {
  return message.replaceAll("](", "] (");
}

/** Returns the path relative as given: code hosts know files by their path in the repository. */
function uriOf(source: string): string {
  if (source === "<stdin>") return "stdin";
  return source.toWellFormed().replace(/^\.\//, "").split("/").map(encodeURIComponent).join("/");
}
