/** An error for invalid YAML, or for YAML that has no JSON form. Its message quotes nothing of the document. */
export class YamlFaultError extends Error {
  /** Offset of the error in the text. */
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "YamlFaultError";
    this.offset = offset;
  }
}
