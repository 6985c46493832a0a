/** The effect of an action: adds, changes or removes. */
type Symbol = "+" | "~" | "-";

/** A description of an action for people. */
export interface ActionDescription {
  readonly symbol: Symbol;
  /** What the action writes, in one line, without the symbol. */
  readonly title: string;
  /** The changes in detail, one line each; may be empty. */
  readonly details: readonly string[];
}
