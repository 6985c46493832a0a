/** What an action does to what is there, as every plan reader knows it: adds, changes or takes away. */
type Symbol = "+" | "~" | "-";

/** An action in words. */
export interface ActionDescription {
  readonly symbol: Symbol;
  /** One line, without the symbol: what is written. */
  readonly title: string;
  /** What changes inside, a line each; may be empty. */
  readonly details: readonly string[];
}
