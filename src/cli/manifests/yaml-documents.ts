/** A piece of a text that contains whole documents, usually one. */
export interface YamlPiece {
  /** Offset of the piece in the text. */
  readonly offset: number;
  readonly text: string;
}

/** `---` and `...` at the start of a line end the document, even within quotes. */
const MARKER = /(?<=^|[\n\r])(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;

/** The start of a line with content: not blank, a comment or a directive. */
const CONTENT = /(?<=^|[\n\r])[ \t]*[^ \t\n\r#%\ufeff]/;

/** Splits a text between its documents, so that each can be read separately. */
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
