/** More changes than this make another word. */
const MAX_CHANGES = 2;

/** Longer names have no typing error that is worth the search, and the cost grows with the square of the length. */
const MAX_LENGTH = 64;

/** A question to put after an unknown name in a message: the known name that is most like it; empty when none is. */
export function didYouMean(name: string, known: Iterable<string>): string {
  if (name.length > MAX_LENGTH) return "";
  const nameStem = stem(name);
  const [best] = [...known]
    .filter(({ length }) => Math.abs(length - name.length) <= MAX_CHANGES + MAX_ENDING)
    .map((candidate) => ({
      candidate,
      changes: Math.min(changesIn(name, candidate), changesIn(nameStem, stem(candidate))),
    }))
    .filter(({ candidate, changes }) => changes <= MAX_CHANGES && changes < candidate.length / 2)
    .sort((a, b) => a.changes - b.changes);
  return best === undefined ? "" : ` (did you mean ${best.candidate}?)`;
}

function changesIn(name: string, candidate: string): number {
  return changesBetween(name.toLowerCase(), candidate.toLowerCase());
}

/** The characters of the longest ending that {@link stem} removes. */
const MAX_ENDING = "Seconds".length;

/** A field without the ending that other tools leave out: `permissionsBoundary`, `managedPolicies`. */
function stem(field: string): string {
  return field.replace(/(?:Arns?|Seconds)$/, "").replace(/ies$/, "y");
}

/** The Levenshtein distance: characters to insert, delete or replace. */
function changesBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_CHANGES) return MAX_CHANGES + 1;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [index, character] of [...a].entries()) {
    const above = row;
    row = [index + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (above[column - 1] ?? 0) + Number(character !== b[column - 1]);
      row.push(Math.min(replaced, (above[column] ?? 0) + 1, (row[column - 1] ?? 0) + 1));
    }
    if (row.every((changes) => changes > MAX_CHANGES)) return MAX_CHANGES + 1;
  }
  return row[b.length] ?? 0;
}
