const HIDDEN = "[redacted]";

/** A run of characters without spaces, quotes and brackets, which can be a URL. */
const WORD = /[^\s"<>`]+/g;

/** The V8 error of JSON.parse quotes the text: `Unexpected token 'e', ..."token":ey"... is not valid JSON`. */
const EXCERPT_START = /, (?:\.\.\.)?"/;
const EXCERPT_END = " is not valid JSON";

/**
 * The text without the user and password of URLs, and without the excerpt of a document that is not JSON. It may remove more of a URL than
 * needed, up to its last `@`, because passwords are not always percent-encoded.
 */
export function redact(text: string): string {
  return withoutExcerpt(text).replace(WORD, withoutUser);
}

function withoutExcerpt(text: string): string {
  const end = text.lastIndexOf(EXCERPT_END);
  const start = end < 0 ? -1 : text.search(EXCERPT_START);
  return start < 0 || start > end ? text : `${text.slice(0, start)}: the text${text.slice(end)}`;
}

function withoutUser(word: string): string {
  const start = word.indexOf("//");
  const end = word.lastIndexOf("@");
  return start < 0 || end < start ? word : `${word.slice(0, start)}//${HIDDEN}${word.slice(end)}`;
}
