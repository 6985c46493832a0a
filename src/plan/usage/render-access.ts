import type { JsonObject } from "../../model/policy/policy-json.ts";
import type { OutputLine } from "../../text/line.ts";
import { removedLinesDiff } from "../../text/removed-lines.ts";
import { OUTPUT_API_VERSION } from "../render.ts";
import type { ActionUse } from "./action-use.ts";
import { TRACKED_DAYS } from "./role-use.ts";

/** What an object's role has accessed, and the narrower manifest that follows from it. */
export interface AccessProposal {
  readonly namespace: string;
  readonly name: string;
  /** The ARN of the role; unset: it has none. */
  readonly role?: string;
  /** Why nothing can be proposed; unset: something was judged. */
  readonly problem?: string;
  /** True where IAM has not watched the role for long enough, which is no failure. */
  readonly isTooYoung?: true;
  readonly actions: readonly ActionUse[];
  readonly untouched: readonly string[];
  /** The manifest without unused actions; unset: there is nothing to remove. */
  readonly manifest?: JsonObject;
}

/** A proposal with its manifest as lines of YAML, before and after. */
export interface ShownProposal extends AccessProposal {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** What a reader must know before they apply a proposal. */
const ACCESS_CAUTIONS: readonly string[] = [
  `IAM tracks ${TRACKED_DAYS} days, and shows a request up to four hours later. An action that is needed more rarely, or that you have allowed lately, looks unused.`,
  "Requests that other AWS services make with the permissions of the role may not show.",
  "Nothing was changed. Run plan on the proposal, and ask the team of the role before you apply it.",
];

/** Renders proposals as text: what is used, removed and kept, and the diff of the manifest. */
export function renderAccess(proposals: readonly ShownProposal[]): readonly OutputLine[] {
  const cautions = proposals.some(({ manifest }) => manifest !== undefined) ? ACCESS_CAUTIONS : [];
  return [...proposals.flatMap((proposal) => [...textOf(proposal), ""]), ...cautions];
}

/** Renders proposals as JSON. */
export function accessJson(proposals: readonly AccessProposal[]): readonly string[] {
  const objects = proposals.map(({ namespace, name, role, problem, actions, untouched, manifest }) => ({
    ...{ namespace, name, role, problem, actions, untouched, manifest },
  }));
  return JSON.stringify({ apiVersion: OUTPUT_API_VERSION, kind: "AccessReport", objects }, null, 2).split("\n");
}

function textOf(proposal: ShownProposal): readonly OutputLine[] {
  const { namespace, name, problem, actions, untouched, before, after } = proposal;
  const title = (text: string): OutputLine => ({
    text: `InstanceProfile ${namespace}/${name}: ${text}`,
    kind: "headline",
  });
  if (problem !== undefined) return [title("no proposal"), { text: `  ${problem}`, kind: "warning" }];
  const unused = actions.filter(({ verdict }) => verdict === "unused");
  const names = { before: `${namespace}/${name}`, after: `${namespace}/${name} (proposed)` };
  const diff = removedLinesDiff(before, after, names).map((line): OutputLine => {
    return line.startsWith("-") ? { text: line, kind: "removed" } : line;
  });
  return [
    title(`${unused.length} of ${actions.length} actions are unused`),
    ...actionLines(actions),
    ...untouched.map((text) => `  not narrowed: ${text}`),
    ...diff,
  ];
}

function actionLines(actions: readonly ActionUse[]): readonly string[] {
  const used = actions.filter(({ verdict }) => verdict === "used");
  const others = actions.filter(({ verdict }) => verdict !== "used");
  return [...byText(used, usedText), ...byText(others, reasonText)];
}

const usedText = ({ lastAccessed = "" }: ActionUse): string => `used ${lastAccessed.slice(0, 10)}`;

function reasonText({ verdict, why }: ActionUse): string {
  return `${verdict === "unused" ? "removed" : "kept"}, ${why ?? "IAM tracks it and knows no request"}`;
}

/** One line for all actions of the same text. */
function byText(actions: readonly ActionUse[], textOfAction: (use: ActionUse) => string): readonly string[] {
  const groups = Map.groupBy(actions, textOfAction);
  return [...groups].map(([text, all]) => `  ${text}: ${all.map(({ action }) => action).join(", ")}`);
}

/** The comments at the top of a proposed manifest. */
export function proposalComments({ actions, untouched }: AccessProposal): readonly string[] {
  return [
    "Proposed by report --access:",
    ...actionLines(actions),
    ...untouched.map((text) => `  not narrowed: ${text}`),
  ];
}
