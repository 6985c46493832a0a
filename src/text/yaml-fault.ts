/** The part of an error of the `yaml` package that is safe to show. Its message quotes the document, which may contain credentials. */
export interface YamlFault {
  readonly code: string;
  /** Offset of the fault in the text. */
  readonly pos: readonly [number, number];
}

/** Converts an offset to line and column, both starting at 1; implemented by LineCounter of the `yaml` package. */
export interface LineIndex {
  linePos(offset: number): { readonly line: number; readonly col: number };
}

/** The meaning of each code; https://eemeli.org/yaml/#errors lists them. */
const MEANINGS: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias has an anchor or a tag",
  BAD_ALIAS: "an alias has no name, or a name that is not valid",
  BAD_COLLECTION_TYPE: "a tag does not match the map or list that follows it",
  BAD_DIRECTIVE: "a directive is not valid",
  BAD_DQ_ESCAPE: "a double-quoted string has an escape sequence that is not valid",
  BAD_INDENT: "the indentation is wrong",
  BAD_PROP_ORDER: "an anchor or a tag is in the wrong place",
  BAD_SCALAR_START: "a plain value starts with a character that it must not start with; quote the value",
  BLOCK_AS_IMPLICIT_KEY: "a nested map starts where a value ends",
  BLOCK_IN_FLOW: "a block collection is inside { } or [ ]",
  DUPLICATE_KEY: "a map has the same key twice",
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
  UNEXPECTED_TOKEN: "a character is not expected here",
};

/** A position in a file; both from 1, as in editors and compilers. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Describes a YAML error without quoting the document, such as `line 3, column 5: the indentation is wrong`. */
export function describeYamlFault({ code, pos }: YamlFault, lines: LineIndex): string {
  const { line, column } = placeIn(lines, pos[0]);
  return `line ${line}, column ${column}: ${MEANINGS[code] ?? "this is not valid YAML"}`;
}

/** Converts an offset in a text to its place. */
export function placeIn(lines: LineIndex, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
