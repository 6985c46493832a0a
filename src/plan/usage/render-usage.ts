import type { OutputLine } from "../../text/line.ts";
import { codeSpan, escapeMarkdown } from "../../text/markdown.ts";
import { OUTPUT_API_VERSION } from "../render.ts";
import { DAY_MS, periodText, TRACKED_DAYS } from "./role-use.ts";
import { findingsOf, groupsOf, type ObjectUse, type UsageGroup, type UsageReport } from "./usage-report.ts";

/** The output format of a usage report. */
export type UsageFormat = "text" | "json" | "markdown";

/** Renders a usage report as lines. The same report gives the same lines. */
export function renderUsage(report: UsageReport, format: UsageFormat): readonly OutputLine[] {
  switch (format) {
    case "text":
      return textOf(report);
    case "json":
      return jsonOf(report).split("\n");
    case "markdown":
      return markdownOf(report);
  }
}

function jsonOf(report: UsageReport): string {
  const { unusedRoles, unusedProfiles, unmanagedPolicies } = findingsOf(report);
  const summary = {
    objects: report.objects.length,
    unusedRoles: unusedRoles.length,
    unusedProfiles: unusedProfiles.length,
    unmanagedPolicies: unmanagedPolicies.length,
  };
  const groups = groupsOf(report.objects);
  return JSON.stringify({ apiVersion: OUTPUT_API_VERSION, kind: "UsageReport", ...report, groups, summary }, null, 2);
}

/** A finding as a title and an entry for each object. */
interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

interface Entry {
  readonly object: string;
  readonly text: string;
}

/** The most objects of one reason that the text names. */
const MAX_NAMED = 10;

function sectionsOf(report: UsageReport, maxNamed = Number.POSITIVE_INFINITY): readonly Section[] {
  const { unusedRoles, unusedProfiles, unmanagedPolicies } = findingsOf(report);
  const entry = (text: (object: ObjectUse) => string) => (object: ObjectUse) => ({
    object: `${object.namespace}/${object.name}`,
    text: text(object),
  });
  const all: readonly Section[] = [
    {
      title: `Roles without a known use in ${periodText(Math.round(report.unusedForDays * DAY_MS))}`,
      entries: unusedRoles.map(entry(unusedRoleText)),
    },
    {
      title: "Instance profiles on no instance, and in no default or latest version of a launch template",
      entries: unusedProfiles.map(entry(({ instanceProfile }) => `instance profile ${instanceProfile.name ?? ""}`)),
    },
    {
      title: "Roles with policies that the spec does not name",
      entries: unmanagedPolicies.map(entry((object) => object.unmanagedPolicies.join(", "))),
    },
    { title: "Not known", entries: unknowns(report, maxNamed) },
  ];
  return all.filter(({ entries }) => entries.length > 0);
}

function unusedRoleText({ role }: ObjectUse): string {
  const { name = "" } = role;
  const { lastUsed, createdTime } = role.state === "unused" ? role : {};
  if (lastUsed === undefined) {
    const since =
      createdTime === undefined ? `in ${TRACKED_DAYS} days` : `since it was created on ${createdTime.slice(0, 10)}`;
    return `role ${name}: IAM knows no use ${since}`;
  }
  const { time, region } = lastUsed;
  return `role ${name}: last used ${time}${region === undefined ? "" : ` in ${region}`}`;
}

/** Objects by the reason, because thousands can have the same one. */
function unknowns({ objects }: UsageReport, maxNamed: number): readonly Entry[] {
  const reasons = objects.flatMap(({ namespace, name, role, instanceProfile }) => {
    const object = `${namespace}/${name}`;
    return [
      ...(role.state === "unknown" ? [{ object, text: `role: ${role.why}` }] : []),
      ...(instanceProfile.state === "unknown" ? [{ object, text: `instance profile: ${instanceProfile.why}` }] : []),
    ];
  });
  return [...Map.groupBy(reasons, ({ text }) => text)].map(([text, same]) => {
    const rest = same.length - maxNamed;
    const named = same.slice(0, maxNamed).map(({ object }) => object);
    return { object: `${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`, text };
  });
}

const CAUTION = `IAM shows a use up to four hours later and tracks ${TRACKED_DAYS} days. A role without a known use can still be needed: ask its team.`;

function textOf(report: UsageReport): readonly OutputLine[] {
  const sections = sectionsOf(report, MAX_NAMED).flatMap(({ title, entries }): readonly OutputLine[] => [
    { text: title, kind: "headline" },
    ...entries.map(({ object, text }) => `  ${object}: ${text}`),
    "",
  ]);
  return [
    ...sections,
    ...tableOf(groupsOf(report.objects)),
    "",
    ...report.notRead.map((line): OutputLine => ({ text: `not read: ${line}`, kind: "warning" })),
    CAUTION,
    { text: summaryOf(report), kind: "headline" },
  ];
}

function markdownOf(report: UsageReport): readonly string[] {
  const sections = sectionsOf(report).flatMap(({ title, entries }) => [
    `### ${title}`,
    "",
    ...entries.map(({ object, text }) => `- ${codeSpan(object)}: ${escapeMarkdown(text)}`),
    "",
  ]);
  const [header = [], ...rows] = cellsOf(groupsOf(report.objects));
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    `**${summaryOf(report)}**`,
    "",
    ...sections,
    row(header),
    row(header.map(() => "---")),
    ...rows.map((cells) => row(cells.map(escapeMarkdown))),
    "",
    ...report.notRead.map((line) => `- Not read: ${escapeMarkdown(line)}`),
    ...(report.notRead.length > 0 ? [""] : []),
    CAUTION,
  ];
}

function summaryOf(report: UsageReport): string {
  const { unusedRoles, unusedProfiles, unmanagedPolicies } = findingsOf(report);
  const counts = [
    counted(unusedRoles, "unused role"),
    counted(unusedProfiles, "unused instance profile"),
    `${counted(unmanagedPolicies, "role")} with unmanaged policies`,
  ];
  return `${counted(report.objects, "object")}: ${counts.join(", ")}`;
}

function counted({ length }: { readonly length: number }, noun: string): string {
  return `${length} ${noun}${length === 1 ? "" : "s"}`;
}

function cellsOf(groups: readonly UsageGroup[]): readonly (readonly string[])[] {
  const header = ["NAMESPACE", "CLASS", "OBJECTS", "UNUSED ROLES", "UNUSED PROFILES", "UNMANAGED", "NOT KNOWN"];
  const rows = groups.map((group) => [
    group.namespace,
    group.className ?? "-",
    ...[group.objects, group.unusedRoles, group.unusedProfiles, group.unmanagedPolicies].map(String),
    String(group.unknownRoles + group.unknownProfiles),
  ]);
  return [header, ...rows];
}

function tableOf(groups: readonly UsageGroup[]): readonly string[] {
  const cells = cellsOf(groups);
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}
