/** The lines of a text, as a stream. */
export async function* linesOf(text: string): AsyncIterable<string> {
  yield* text.split("\n");
}
