/** A page with its section `name`, the text between its two marks, replaced. Errors: the page has no such marks. */
export function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start === -1 || stop < start) throw new Error(`the page has no marks "${begin}" and "${end}"`);
  return `${page.slice(0, start + begin.length)}\n${text}\n${page.slice(stop)}`;
}

/** A Markdown table. Cells may not have line breaks. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Text of the code as Markdown of a table's cell: bars, angle brackets and asterisks as they are. */
export function cell(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
}
