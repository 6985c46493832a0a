import type { Remark } from "../../engine/import/declared.ts";
import { importProfile } from "../../engine/import/import-profile.ts";
import { joinDeclarations } from "../../engine/import/join-declarations.ts";
import { BlockedError } from "../../errors.ts";
import { type CommandIo, EXIT } from "../io.ts";
import { commented, exportText, objectNames } from "../manifests/export-text.ts";
import type { ImportSource } from "./import-sources.ts";

/** Writes the instance profiles of another tool as manifests, what is left, and how the tool lets go. Returns the exit status. */
export function writeImported(
  { title, declarations, lettingGo }: ImportSource,
  namespace: string | undefined,
  io: Pick<CommandIo, "out" | "err">,
): number {
  const { profiles, problems, left } = joinDeclarations(declarations);
  const nameFor = objectNames();
  const covered = new Set<string>();
  const documents = profiles.map((joined) => {
    const { declared, addresses } = joined;
    const name = nameFor(declared.object?.name ?? declared.profile.instanceProfileName);
    const exported = importProfile(joined, { name, namespace: namespace ?? declared.object?.namespace });
    if (exported.kind === "whole" && !joined.isRoleNew) for (const address of addresses) covered.add(address);
    return { isWhole: exported.kind === "whole", lines: exportText(declared.address, exported) };
  });
  if (profiles.length + problems.length + left.length === 0) {
    throw new BlockedError(`${title} declares no instance profile`, { reason: "NothingThere" });
  }
  const comments = commented([
    ...remarks("Left with the tool:", left),
    ...remarks("Not read:", problems),
    ...(covered.size === 0 ? [] : lettingGo(covered)),
  ]);
  io.out([...documents.map(({ lines }) => lines), ...(comments.length === 0 ? [] : [comments])].flatMap(separated));
  const whole = documents.filter(({ isWhole }) => isWhole).length;
  io.err(`${whole} of ${declarations.profiles.length} instance profiles exported from ${title}${rest(problems)}`);
  return problems.length === 0 ? EXIT.ok : EXIT.error;
}

function separated(lines: readonly string[], index: number): readonly string[] {
  return index === 0 ? lines : ["---", ...lines];
}

function remarks(title: string, found: readonly Remark[]): readonly string[] {
  return found.length === 0 ? [] : [title, ...found.map(({ address, text }) => `  ${address} ${text}`)];
}

function rest(problems: readonly Remark[]): string {
  const declarations = problems.length === 1 ? "declaration" : "declarations";
  return problems.length === 0 ? "" : `; ${problems.length} ${declarations} could not be read, as the comments say`;
}
