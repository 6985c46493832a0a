const CONTEXT = 3;

/** The name of each side of a diff. */
export interface DiffNames {
  readonly before: string;
  readonly after: string;
}

interface DiffLine {
  readonly isRemoved: boolean;
  readonly text: string;
}

/**
 * The unified diff of a text and the same text with some lines removed.
 *
 * Errors: Error for a line that the text does not have in this order, because it cannot be shown as a removal.
 */
export function removedLinesDiff(
  before: readonly string[],
  after: readonly string[],
  names: DiffNames,
): readonly string[] {
  const lines = aligned(before, after);
  if (lines.every(({ isRemoved }) => !isRemoved)) return [];
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunksOf(lines).flatMap((hunk) => hunkLines(hunk, lines))];
}

function aligned(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  let next = 0;
  const lines = before.map((text): DiffLine => {
    const isKept = text === after[next];
    if (isKept) next += 1;
    return { isRemoved: !isKept, text };
  });
  if (next < after.length)
    throw new Error(`line ${next + 1} of the shorter text is not in the longer one: ${after[next]}`);
  return lines;
}

interface Hunk {
  readonly start: number;
  readonly end: number;
}

/** Removals with the lines around them; those that are close are one hunk. */
function hunksOf(lines: readonly DiffLine[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const [index, { isRemoved }] of lines.entries()) {
    if (!isRemoved) continue;
    const [start, end] = [Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) hunks[hunks.length - 1] = { start: last.start, end };
    else hunks.push({ start, end });
  }
  return hunks;
}

function hunkLines({ start, end }: Hunk, lines: readonly DiffLine[]): readonly string[] {
  const kept = (from: number, to: number): number => lines.slice(from, to).filter(({ isRemoved }) => !isRemoved).length;
  const shown = lines.slice(start, end).map(({ isRemoved, text }) => `${isRemoved ? "-" : " "}${text}`);
  return [`@@ -${start + 1},${end - start} +${kept(0, start) + 1},${kept(start, end)} @@`, ...shown];
}
