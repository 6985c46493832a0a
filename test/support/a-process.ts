import type { ProcessIo } from "../../src/cli/io.ts";
import { FakeClock } from "./fake-clock.ts";
import { linesOf } from "./lines-of.ts";

/** A process without a terminal and without input, and what it has written. */
export function aProcess(): { readonly io: ProcessIo; readonly out: string[]; readonly err: string[] } {
  const [out, err]: [string[], string[]] = [[], []];
  const io: ProcessIo = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    readInput: async () => "",
    readLines: () => linesOf(""),
    env: {},
    clock: new FakeClock(),
    terminal: { out: false, err: false },
    stop: new AbortController().signal,
  };
  return { io, out, err };
}
