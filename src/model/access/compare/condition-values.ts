/** The addresses of an IPv4 or IPv6 network, as numbers. */
export interface AddressRange {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** More digits than this, and two numbers can be the same to a computer. */
const MAX_DIGITS = 15;

/** A number as IAM writes it; undefined for other texts, and for numbers with too many digits to tell them apart. */
export function numberOf(text: string): number | undefined {
  const isNumber = /^[+-]?\d+(?:\.\d+)?$/.test(text) && text.replaceAll(/\D/g, "").length <= MAX_DIGITS;
  return isNumber ? Number(text) : undefined;
}

const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Milliseconds since the epoch of an ISO 8601 date or of epoch seconds; undefined for other texts. */
export function instantOf(text: string): number | undefined {
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1_000;
  const instant = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}

const BITS = { 4: 32, 6: 128 } as const;

/** The addresses of an IP address or a CIDR range; undefined for other texts. */
export function addressRange(text: string): AddressRange | undefined {
  const [address = "", length, ...more] = text.split("/");
  const version = address.includes(":") ? 6 : 4;
  const value = version === 4 ? ipv4(address) : ipv6(address);
  const bits = length === undefined ? BITS[version] : prefixLength(length);
  if (value === undefined || bits === undefined || bits > BITS[version] || more.length > 0) return undefined;
  const hosts = 1n << BigInt(BITS[version] - bits);
  const first = value - (value % hosts);
  return { version, first, last: first + hosts - 1n };
}

/** The text of an address. */
export function addressText(version: 4 | 6, value: bigint): string {
  const groups = version === 4 ? 4 : 8;
  const bits = BigInt(BITS[version] / groups);
  const parts = Array.from(
    { length: groups },
    (_, index) => (value >> (bits * BigInt(groups - 1 - index))) % (1n << bits),
  );
  return version === 4 ? parts.join(".") : parts.map((part) => part.toString(16)).join(":");
}

/** The highest address of a version. */
export function lastAddress(version: 4 | 6): bigint {
  return (1n << BigInt(BITS[version])) - 1n;
}

function prefixLength(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  const isAddress =
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isAddress ? parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) : undefined;
}

function ipv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
