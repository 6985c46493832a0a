/** `%s` of a value: strings plainly at the top, quoted inside lists and maps. */
function text(value: unknown, nested: boolean): string {
  if (typeof value === "string") {
    return nested ? JSON.stringify(value) : value;
  }
  if (Array.isArray(value) || value instanceof Set) {
    return `[${[...value].map((entry) => text(entry, true)).join(", ")}]`;
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, entry]) => `${text(key, true)}: ${text(entry, true)}`);
    return `{${entries.sort().join(", ")}}`;
  }
  return value instanceof Date ? value.toISOString().replace(".000Z", "Z") : String(value);
}

function wrongType(verb: string, value: unknown): never {
  throw new TypeError(`error during formatting: ${verb} clause cannot be used on ${typeof value}`);
}

function integer(verb: string, value: unknown, base: number): string {
  if (typeof value !== "bigint" && typeof value !== "boolean") {
    return wrongType(verb, value);
  }
  return (typeof value === "bigint" ? value : BigInt(value)).toString(base);
}

function clause(verb: string, precision: number, value: unknown): string {
  switch (verb) {
    case "s":
      return text(value, false);
    case "d":
      return integer("decimal", value, 10);
    case "b":
      return integer("binary", value, 2);
    case "o":
      return integer("octal", value, 8);
    case "x":
    case "X": {
      const hex = typeof value === "string" ? Buffer.from(value).toString("hex") : integer("hex", value, 16);
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    case "f":
      return typeof value === "number" ? value.toFixed(precision) : wrongType("fixed-point", value);
    case "e":
      return typeof value === "number"
        ? value.toExponential(precision).replace(/e([+-])(\d)$/, "e$10$2")
        : wrongType("scientific", value);
    default:
      throw new TypeError(
        `error during formatting: could not parse formatting clause: unrecognized formatting clause "${verb}"`,
      );
  }
}

/** https://pkg.go.dev/github.com/google/cel-go/ext#hdr-Format */
export function formatted(pattern: string, args: Iterable<unknown>): string {
  const values = [...args];
  let next = 0;
  return pattern.replace(
    /%(%|(?:\.(\d+))?([a-zA-Z]))/g,
    (_, whole: string, precision: string | undefined, verb: string) => {
      if (whole === "%") {
        return "%";
      }
      if (next >= values.length) {
        throw new RangeError(`index ${next} out of range`);
      }
      next += 1;
      return clause(verb, Number(precision ?? 6), values[next - 1]);
    },
  );
}
