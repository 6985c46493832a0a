import type { FieldCause } from "../../../crd/contract.ts";
import { forbidden, invalid, notSupported, required, tooLong } from "../../../crd/field-cause.ts";
import { invalidOptions } from "../status-error.ts";

/** How strictly the fields of a body are judged; Warn is what the server does unasked. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The query parameters of a write. */
export interface WriteOptions {
  readonly dryRun: boolean;
  /** The owner of the written fields: `fieldManager`, else the first word of the User-Agent. */
  readonly manager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean;
}

const managerLimit = 128;

/** Reads `dryRun`, `fieldManager`, `fieldValidation`, `force`; raises the 422 of the API server for bad values. */
export function writeOptions(query: URLSearchParams, userAgent: string, kind: string, isApply: boolean): WriteOptions {
  const manager = query.get("fieldManager") ?? "";
  const fieldValidation = query.get("fieldValidation") ?? "";
  const causes = [
    ...(kind === "PatchOptions" ? applyCauses(query, manager, isApply) : []),
    ...managerCauses(manager),
    ...dryRunCauses(query),
    ...(["", "Ignore", "Strict", "Warn"].includes(fieldValidation)
      ? []
      : [notSupported("fieldValidation", fieldValidation, ["", "Ignore", "Strict", "Warn"])]),
  ];
  if (causes.length > 0) throw invalidOptions(kind, causes);
  return {
    dryRun: isDryRun(query),
    manager: manager === "" ? managerFromUserAgent(userAgent) : manager,
    fieldValidation: fieldValidation === "Strict" || fieldValidation === "Ignore" ? fieldValidation : "Warn",
    force: query.get("force") === "true" || query.get("force") === "1",
  };
}

/** Whether the request asks for `dryRun=All`. */
export function isDryRun(query: URLSearchParams): boolean {
  return query.getAll("dryRun").includes("All");
}

/** What is wrong with the `dryRun` parameter. */
export function dryRunCauses(query: URLSearchParams): readonly FieldCause[] {
  const values = query.getAll("dryRun").filter((value) => value !== "");
  return values.every((value) => value === "All") ? [] : [notSupported("dryRun", values, ["All"])];
}

function applyCauses(query: URLSearchParams, manager: string, isApply: boolean): readonly FieldCause[] {
  if (isApply) return manager === "" ? [required("fieldManager", "is required for apply patch")] : [];
  return query.has("force") ? [forbidden("force", "may not be specified for non-apply patch")] : [];
}

function managerCauses(manager: string): readonly FieldCause[] {
  const long = Buffer.byteLength(manager) > managerLimit ? [tooLong("fieldManager", managerLimit)] : [];
  const odd = /\p{C}/u.exec(manager);
  if (odd === null) return long;
  const code = (odd[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return [...long, invalid("fieldManager", manager, `invalid character U+${code} (at position ${odd.index})`)];
}

function managerFromUserAgent(userAgent: string): string {
  const [name = ""] = userAgent.split("/");
  return name.replace(/\p{C}/gu, "").slice(0, managerLimit);
}
