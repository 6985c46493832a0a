/** What of an error of the `yaml` package is safe to show: its message quotes the document, which may hold credentials. */
export interface YamlFault {
  readonly code: string;
  /** Offset of the fault in the text. */
  readonly pos: readonly [number, number];
}

/** Turns an offset into a place, both from 1; the package's LineCounter is one. */
export interface LineIndex {
  linePos(offset: number): { readonly line: number; readonly col: number };
}

/** What each code means; https://eemeli.org/yaml/#errors lists them. */
const MEANINGS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias has an anchor or a tag",
  BAD_ALIAS: "an alias has no name, or a name that is not valid",
  BAD_COLLECTION_TYPE: "a tag does not fit the map or list that it stands before",
  BAD_DIRECTIVE: "a directive is not valid",
  BAD_DQ_ESCAPE: "a double-quoted string has an escape sequence that is not valid",
  BAD_INDENT: "the indentation is wrong",
  BAD_PROP_ORDER: "an anchor or a tag stands in the wrong place",
  BAD_SCALAR_START: "a plain value starts with a character that it must not start with; quote the value",
  BLOCK_AS_IMPLICIT_KEY: "a nested map stands where a value ends",
  BLOCK_IN_FLOW: "a block collection stands within { } or [ ]",
  DUPLICATE_KEY: "a key stands twice in one map",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a character is missing, such as a closing quote or bracket, or a space",
  MULTILINE_IMPLICIT_KEY: "a key goes over several lines",
  MULTIPLE_ANCHORS: "a value has more than one anchor",
  MULTIPLE_DOCS: "there is more than one document",
  MULTIPLE_TAGS: "a value has more than one tag",
  NON_STRING_KEY: "a key is not a string",
  RESOURCE_EXHAUSTION: "it is nested too deeply",
  TAB_AS_INDENT: "a tab is used for indentation",
  TAG_RESOLVE_FAILED: "a tag cannot be resolved",
  UNEXPECTED_TOKEN: "a character stands where none is expected",
};

/** Says where a document is not YAML, and why, without a word of what stands there: `line 3, column 5: the indentation is wrong`. */
export function describeYamlFault({ code, pos }: YamlFault, lines: LineIndex): string {
  return `${placeAt(pos[0], lines)}: ${MEANINGS[code] ?? "this is not valid YAML"}`;
}

/** A place as messages name it. */
export function placeAt(offset: number, lines: LineIndex): string {
  const { line, col } = lines.linePos(offset);
  return `line ${Math.max(line, 1)}, column ${Math.max(col, 1)}`;
}
