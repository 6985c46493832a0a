/** A number as policies write it, with or without fraction and exponent; NaN for anything else. */
export function numberOf(text: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
}

const ISO_8601 = /^\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?<zone>Z|[+-]\d\d:\d\d)?)?)?$/;

/**
 * A point in time in milliseconds: ISO 8601, in UTC when it names no zone, or seconds since the epoch. NaN for anything else.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
 */
export function instantOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1_000;
  const match = ISO_8601.exec(text);
  if (match === null) return Number.NaN;
  return Date.parse(text.includes("T") && match.groups?.["zone"] === undefined ? `${text}Z` : text);
}

/** True for base64, in its one canonical length. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** An IP address as a number, and how many bits it has. A v4 address within v6 (`::ffff:10.0.0.1`) is a v6 address. */
export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Reads an address; undefined for an invalid one. */
export function ipAddressOf(text: string): IpAddress | undefined {
  const value = text.includes(":") ? v6Of(text) : v4Of(text);
  return value === undefined ? undefined : { bits: text.includes(":") ? 128 : 32, value };
}

function v4Of(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256))
    return undefined;
  return octets.reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function v6Of(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // `::` stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])];
  return groups.reduce((value, group) => value * 65_536n + group, 0n);
}

/** The groups of 16 bits of a part of a v6 address, which may end with a v4 address; undefined when it is not one. */
function groupsOf(text: string): readonly bigint[] | undefined {
  if (text === "") return [];
  const groups = text.split(":").flatMap((group, index, all): (bigint | undefined)[] => {
    if (/^[0-9a-f]{1,4}$/i.test(group)) return [BigInt(`0x${group}`)];
    const v4 = index === all.length - 1 ? v4Of(group) : undefined;
    return v4 === undefined ? [undefined] : [v4 / 65_536n, v4 % 65_536n];
  });
  return groups.every((group) => group !== undefined) ? groups : undefined;
}

/** The addresses of a CIDR range, or a single address. Undefined for what is neither. */
export function ipRangeOf(text: string): ((address: IpAddress) => boolean) | undefined {
  const [start = "", prefix, ...rest] = text.split("/");
  const network = ipAddressOf(start);
  if (network === undefined || rest.length > 0) return undefined;
  const length = prefix === undefined ? network.bits : Number(/^\d{1,3}$/.exec(prefix)?.[0] ?? Number.NaN);
  if (!(length <= network.bits)) return undefined;
  const shift = BigInt(network.bits - length);
  const first = network.value >> shift;
  return ({ bits, value }) => bits === network.bits && value >> shift === first;
}
