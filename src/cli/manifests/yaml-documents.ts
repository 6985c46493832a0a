/** A piece of a text that has whole documents in it, most often one. */
export interface YamlPiece {
  /** Where it starts in the text. */
  readonly offset: number;
  readonly text: string;
}

/** `---` and `...` at the start of a line end whatever comes before them, also a text between quotes. */
const MARKER = /(?<=^|[\n\r])(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;

/** The start of a line that belongs to a document, and is no blank, comment or directive before it. */
const CONTENT = /(?<=^|[\n\r])[ \t]*[^ \t\n\r#%\ufeff]/;

/** Cuts a text between its documents, so that each can be read by itself. */
export function* piecesOf(text: string): Generator<YamlPiece> {
  let offset = 0;
  for (const { index, 0: marker } of text.matchAll(MARKER)) {
    const end = marker === "..." ? lineEnd(text, index) : index;
    if (marker === "---" && !CONTENT.test(text.slice(offset, end))) continue;
    yield { offset, text: text.slice(offset, end) };
    offset = end;
  }
  yield { offset, text: text.slice(offset) };
}

function lineEnd(text: string, from: number): number {
  const length = /[\n\r]/.exec(text.slice(from))?.index;
  return length === undefined ? text.length : from + length;
}
