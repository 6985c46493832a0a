import type { Finding } from "../../plan/lint/finding.ts";
import type { Manifest } from "./manifests.ts";
import type { Place } from "./places-of.ts";

/** A finding with its place in the file. */
export type LocatedFinding = Finding & Place;

/** A manifest and its findings. */
export interface JudgedManifest {
  readonly manifest: Manifest;
  readonly findings: readonly LocatedFinding[];
}

/** Output formats of `validate`. */
export type ValidateFormat = "text" | "json" | "sarif";

/** Returns true if the API server would reject the manifest. */
export function isInvalid({ findings }: JudgedManifest): boolean {
  return findings.some(({ severity }) => severity === "error");
}

/** Renders all findings in the given format, as lines. */
export function renderFindings(
  judged: readonly JudgedManifest[],
  format: ValidateFormat,
  version: string,
): readonly string[] {
  switch (format) {
    case "text":
      return textOf(judged);
    case "json":
      return linesOf(jsonOf(judged));
    case "sarif":
      return linesOf(sarifOf(judged, version));
  }
}

function linesOf(json: unknown): readonly string[] {
  return JSON.stringify(json, null, 2).split("\n");
}

function textOf(judged: readonly JudgedManifest[]): readonly string[] {
  const invalid = judged.filter(isInvalid).length;
  const warnings = judged.flatMap(({ findings }) => findings.filter(({ severity }) => severity === "warning")).length;
  const noted = warnings === 0 ? "" : `, ${warnings} ${warnings === 1 ? "warning" : "warnings"}`;
  return [...judged.flatMap(reportOf), `${judged.length} checked, ${invalid} invalid${noted}`];
}

function reportOf(judged: JudgedManifest): readonly string[] {
  const { source, position } = judged.manifest;
  const title = `${source} (document ${position}) ${nameOf(judged.manifest)}: ${isInvalid(judged) ? "invalid" : "ok"}`;
  const lines = judged.findings.map(
    ({ severity, path, message, line, column }) => `  ${source}:${line}:${column}: ${severity}: ${path}: ${message}`,
  );
  return [title, ...lines];
}

function nameOf({ value }: Manifest): string {
  const { namespace, name } = (value["metadata"] ?? {}) as Readonly<Record<string, unknown>>;
  return `${textOr(namespace, "default")}/${textOr(name, "?")}`;
}

/** Invalid manifests can have names of any type. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function jsonOf(judged: readonly JudgedManifest[]): unknown {
  return {
    manifests: judged.map((one) => ({
      source: one.manifest.source,
      document: one.manifest.position,
      object: nameOf(one.manifest),
      valid: !isInvalid(one),
      findings: one.findings,
    })),
    summary: { checked: judged.length, invalid: judged.filter(isInvalid).length },
  };
}

/** Renders SARIF, which code hosts show next to the changed lines: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
function sarifOf(judged: readonly JudgedManifest[], version: string): unknown {
  const rules = [...new Set(judged.flatMap(({ findings }) => findings.map(({ rule }) => rule)))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: "instance-profile-controller", version, rules: rules.map((id) => ({ id })) },
        },
        columnKind: "utf16CodeUnits",
        results: judged.flatMap((one) =>
          one.findings.map(({ rule, severity, path, message, line, column }) => ({
            ruleId: rule,
            ruleIndex: rules.indexOf(rule),
            level: severity,
            message: { text: plainText(`${path}: ${message}`) },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: uriOf(one.manifest.source) },
                  region: { startLine: line, startColumn: column },
                },
                logicalLocations: [{ fullyQualifiedName: `${nameOf(one.manifest)}/${path}` }],
              },
            ],
          })),
        ),
      },
    ],
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
