import { isIPv4, isIPv6 } from "node:net";

const stringFormats: ReadonlySet<string> = new Set([
  "bsonobjectid",
  "byte",
  "cidr",
  "creditcard",
  "date",
  "datetime",
  "duration",
  "email",
  "hexcolor",
  "hostname",
  "ipv4",
  "ipv6",
  "isbn",
  "isbn10",
  "isbn13",
  "k8sshortname",
  "k8slongname",
  "mac",
  "password",
  "rgbcolor",
  "ssn",
  "uri",
  "uuid",
  "uuid3",
  "uuid4",
  "uuid5",
]);

const numberFormats: Readonly<Record<string, readonly string[]>> = {
  integer: ["int32", "int64"],
  number: ["float", "double"],
};

/** The format that the API server enforces for a node of this type, or empty: a format it does not know is ignored. */
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

function uuid(version: string): RegExp {
  return new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[0-9a-f]{12}$`, "i");
}

const name = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

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
  mac: /^([0-9a-f]{2}([:-]))([0-9a-f]{2}\2)*[0-9a-f]{2}$|^([0-9a-f]{4}\.)+[0-9a-f]{4}$/i,
  uuid: uuid("[0-9a-f]{4}-?[0-9a-f]{4}"),
  uuid3: uuid("3[0-9a-f]{3}-?[0-9a-f]{4}"),
  uuid4: uuid("4[0-9a-f]{3}-?[89ab][0-9a-f]{3}"),
  uuid5: uuid("5[0-9a-f]{3}-?[89ab][0-9a-f]{3}"),
  password: () => true,
  bsonobjectid: /^[0-9a-f]{24}$/i,
  hexcolor: /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i,
  ssn: /^\d{3}[- ]?\d{2}[- ]?\d{4}$/,
  "k8s-short-name": (text) => text.length <= 63 && new RegExp(`^${name}$`).test(text),
  "k8s-long-name": (text) => text.length <= 253 && new RegExp(`^${name}(\\.${name})*$`).test(text),
};
