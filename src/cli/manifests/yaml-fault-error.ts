/** A document that is YAML and that no API server could take. The message says what is wrong, and nothing of the document. */
export class YamlFaultError extends Error {
  /** Where in the text. */
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "YamlFaultError";
    this.offset = offset;
  }
}
