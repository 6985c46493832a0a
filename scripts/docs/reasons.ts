import { parse } from "yaml";

/** The reasons that stand for a problem, with the message as it appears in `kubectl describe`, what it means and what to do. */
export function reasonsByMessage(conditions: string, samples: string): string {
  const messages = messagesOf(samples);
  const sections = TABLES.flatMap(([heading, suffix]) =>
    rowsOf(conditions, heading).flatMap(({ reason, meaning }) => {
      const name = `${reason}${suffix}`;
      const message = messages.get(name);
      return message === undefined ? [] : [section(name, message, meaning)];
    }),
  );
  if (sections.length < 50) throw new Error("the tables of reasons or their samples were not found");
  return sections.join("\n\n");
}

/** The tables of docs/reference/conditions.md, and how docs/reference/condition-samples.md calls the samples of each. */
const TABLES = [
  ["Reasons", ""],
  ["Reasons of `InstancesAssociated`", " of instances"],
  ["Reasons of a class", " of a class"],
] as const;

interface Sample {
  readonly status: string;
  readonly message: string;
}

/** The message of each sample that does not say that all is well. */
function messagesOf(samples: string): ReadonlyMap<string, string> {
  const blocks = samples.matchAll(/^## (.+)\n\n```yaml\n([\s\S]*?)```/gm);
  const found = [...blocks].flatMap(([, name = "", yaml = ""]) => {
    if (WELL.test(name)) return [];
    // A class has the condition Accepted before Ready.
    const conditions = parse(yaml) as readonly Sample[] | null;
    const problem = conditions?.find(({ status }) => status !== "True") ?? conditions?.[0];
    return problem === undefined ? [] : [[name, problem.message] as const];
  });
  return new Map(found);
}

/** What needs no advice. */
const WELL = /^(?:InSync|AllAssociated|NoInstancesMatch|AccountReachable)\b|^Event /;

/** The rows of a table: reason, and the last cell. */
function rowsOf(page: string, heading: string): readonly { readonly reason: string; readonly meaning: string }[] {
  const part = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...part.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, reason = "", meaning = ""]) => ({
    reason,
    meaning,
  }));
}

function section(name: string, message: string, meaning: string): string {
  const says = meaning
    .replaceAll(/\]\((?!#|\.\.|https?:)/g, "](reference/")
    .replaceAll("](../", "](")
    .replaceAll("](#", "](reference/conditions.md#");
  const sentence = says.replace(/^[a-z](?=[a-z ])/, (letter) => letter.toUpperCase());
  return [`### ${name}`, `\`\`\`text\n${message.trim()}\n\`\`\``, `${sentence}.`].join("\n\n");
}
