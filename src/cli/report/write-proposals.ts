import { type AccessProposal, accessJson, proposalComments, renderAccess } from "../../plan/usage/render-access.ts";
import { type CommandIo, EXIT } from "../io.ts";
import { commented, yamlOf } from "../manifests/export-text.ts";
import type { NamedObject } from "./named-objects.ts";

/** The output format of a report on access. */
export type AccessFormat = "text" | "json" | "yaml";

/** Renders the proposals. The YAML has only what can be applied; the rest goes to standard error. */
export function writeProposals(
  proposals: readonly AccessProposal[],
  objects: readonly NamedObject[],
  format: AccessFormat,
  { io, isColored }: { readonly io: Pick<CommandIo, "out" | "err">; readonly isColored: boolean },
): number {
  if (format === "json") io.out(accessJson(proposals));
  if (format === "yaml") writeYaml(proposals, io);
  if (format === "text") {
    const shown = proposals.map((proposal, index) => {
      const before = yamlOf(objects[index]?.manifest ?? {});
      return { ...proposal, before, after: proposal.manifest === undefined ? before : yamlOf(proposal.manifest) };
    });
    io.out(renderAccess(shown), isColored);
  }
  if (proposals.some(({ manifest }) => manifest !== undefined)) return EXIT.changes;
  return proposals.some(({ problem, isTooYoung }) => problem !== undefined && !isTooYoung) ? EXIT.blocked : EXIT.ok;
}

function writeYaml(proposals: readonly AccessProposal[], { out, err }: Pick<CommandIo, "out" | "err">): void {
  const documents = proposals.flatMap((proposal) => {
    const { manifest } = proposal;
    return manifest === undefined ? [] : [[...commented(proposalComments(proposal)), ...yamlOf(manifest)]];
  });
  out(documents.flatMap((lines, index) => (index === 0 ? lines : ["---", ...lines])));
  for (const { namespace, name, problem, manifest } of proposals)
    if (manifest === undefined) err(`${namespace}/${name}: ${problem ?? "nothing to remove"}`);
}
