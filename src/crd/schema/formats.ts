import { isIPv4, isIPv6 } from "node:net";

/** Those that CRDs commonly have; the API server knows more, such as mac and isbn. */
const stringFormats: ReadonlySet<string> = new Set([
  "byte",
  "cidr",
  "date",
  "datetime",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uri",
  "uuid",
]);

const numberFormats: Readonly<Record<string, readonly string[]>> = {
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** The format that is enforced for a node of this type, or empty: other formats are ignored, as the API server ignores unknown ones. */
export function enforcedFormat(type: string, format: string): string {
  if (type === "" || type === "string") {
    return stringFormats.has(format.replaceAll("-", "")) ? format : "";
  }
  return numberFormats[type]?.includes(format) ? format : "";
}

const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
/** The units of Scala's durations; the last of each may be followed by letters, as in `2 minutes`. */
const durationUnits = [
  ["ns", "nano"],
  ["us", "µs", "micro"],
  ["ms", "milli"],
  ["s", "sec"],
  ["m", "min"],
  ["h", "hr", "hour"],
  ["d", "day"],
  ["w", "wk", "week"],
];

function isWordyDuration(text: string): boolean {
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, word = ""]) => {
    const unit = word.toLowerCase();
    return durationUnits.some((names) => names.includes(unit) || unit.startsWith(names.at(-1) ?? ""));
  });
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  const widest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= widest;
}

type StringTest = RegExp | ((text: string) => boolean);

/**
 * The string formats that ajv-formats lacks or reads otherwise than the API server does: a duration is Go's or Scala's
 * (`90s`, `2 days`), not ISO 8601's; a uuid may lack its dashes; an absolute path is a uri.
 * https://pkg.go.dev/k8s.io/kube-openapi/pkg/validation/strfmt
 */
export const kubernetesFormats: Readonly<Record<string, StringTest>> = {
  duration: (text) => goDuration.test(text) || isWordyDuration(text),
  cidr: isCidr,
  uri: /^(\/|[a-z][a-z0-9+.-]*:)[^\s\p{Cc}]*$/iu,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
};
