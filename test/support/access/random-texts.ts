import type { Random } from "../../../src/sandbox/aws/random.ts";

/** The small alphabet of the random policies: few texts, so that patterns meet, and every form that a comparison could get wrong. */

export const pick = <T>(random: Random, list: readonly T[]): T => list[random.integer(0, list.length - 1)] as T;

/** True once in so many times. */
export const once = (random: Random, times: number): boolean => random.integer(1, times) === 1;

/** A text with a policy variable. */
const variable = (inner: string): string => `\${${inner}}`;

const ACTIONS = [
  ...["s3:Get", "s3:Put", "s3:List", "ec2:Get", "s3:GetX", "S3:get", "s3:PUT"],
  ...["s3:*", "s3:Get*", "s3:*t", "s3:?et", "s3:G*t*", "S3:*e*", "ec2:*", "ec2:g*", "s3:*X", "s3:???", "s3:L*"],
  ...["*", "*:Get", "*:*t", "?3:Get", "s3:*?"],
];

export const actionPattern = (random: Random): string => pick(random, ACTIONS);

const PLAIN_RESOURCES = [
  ...["*", "*", "arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::a/*", "arn:aws:s3:::a*", "arn:aws:s3:::*"],
  ...["arn:aws:s3:::*b", "arn:aws:s3:::*a*", "arn:aws:s3:::?", "arn:aws:s3:::a?", "arn:aws:s3:::A", "arn:aws:s3:::a/b"],
];

const COLON_RESOURCES = [
  ...["arn:aws:s3", "arn:aws:s3:*", "arn:aws:s3:::a:*", "arn:aws:s3:::a:b", "arn:aws:s3:*:*:a", "arn:*:s3:::a"],
  ...["arn:aws:*:b", "arn:aws:s3:::", "arn:aws:s3:r?:1:a", "arn:aws:s3:r*:1:a", "arn:aws:s*:::a", "arn:aws:s3::1*:a"],
  ...["arn:aws:s3:*1:a", "arn:aws:s3:r:?:a", "arn:aws:s3:*:1:*", "arn:*", "arn:aws:s3:?*:*:b", "arn:aws:s3:r:1:*:b"],
];

const VARIABLES = [
  ...["aws:username", "aws:username", "aws:UserName", "x:s", "aws:username, 'b'", "aws:PrincipalTag/t, 'a:b'"],
  ...["*", "?", "$"],
];

const variableResource = (random: Random): string =>
  `arn:aws:s3:::${pick(random, ["", "a/", "a"])}${variable(pick(random, VARIABLES))}${pick(random, ["", "", "/*", "b"])}`;

export interface TextOptions {
  readonly colons: boolean;
  readonly variables: boolean;
}

export function resourcePattern(random: Random, { colons, variables }: TextOptions): string {
  if (variables && once(random, 3)) return variableResource(random);
  return pick(random, colons && once(random, 2) ? COLON_RESOURCES : PLAIN_RESOURCES);
}

const STRINGS = ["a", "b", "ab", "A", "a/b", "*", "a*", "*b", "?", "a?", "*a*", "b*", "", "aB"];
const ARNS = [
  ...["arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::*", "arn:aws:*:*:*:*", "arn:aws:iam::1:role/a"],
  ...["arn:aws:iam::?:role/*", "arn:aws:s3:::b", "arn:aws:s*:::?", "arn:*:iam::1:*", "arn:aws:s3:::a:b", "arn:aws:s3"],
];
const ADDRESSES = [
  ...["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "10.1.2.0/24", "10.1.2.7/24"],
  ...["2001:db8::/32", "2001:db8::1", "::/0", "2001:db8:0:1::/64", "192.168.0.0/16"],
];
const DATES = ["2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "1735689600", "2025-06-30T12:00:00Z", "2025-01-01"];
const NUMBERS = ["1", "2", "10", "1.0", "0", "-1", "2.5"];

/** The families of operators, what their values are, and keys that have such values. */
export const FAMILIES = {
  string: {
    keys: ["x:s", "aws:username", "X:S", "aws:PrincipalTag/t"],
    operators: [
      ...["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEquals", "StringLike"],
      ...["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "stringlike"],
    ],
    values: STRINGS,
  },
  arn: { keys: ["aws:SourceArn"], operators: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], values: ARNS },
  numeric: {
    keys: ["x:n", "aws:RequestTag/n"],
    operators: [
      ...["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"],
      ...["NumericGreaterThan", "NumericGreaterThanEquals"],
    ],
    values: NUMBERS,
  },
  date: {
    keys: ["aws:CurrentTime"],
    operators: [
      ...["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals"],
      ...["DateGreaterThan", "DateGreaterThanEquals"],
    ],
    values: DATES,
  },
  bool: { keys: ["aws:SecureTransport", "aws:ResourceTag/b"], operators: ["Bool"], values: ["true", "false", "True"] },
  address: { keys: ["aws:SourceIp"], operators: ["IpAddress", "NotIpAddress"], values: ADDRESSES },
  binary: { keys: ["x:bin"], operators: ["BinaryEquals"], values: ["QUI=", "QQ==", "qg=="] },
} as const;
export type Family = keyof typeof FAMILIES;

/** Keys that have several values. */
export const SET_KEYS: Readonly<Partial<Record<Family, string>>> = {
  string: "aws:TagKeys",
  numeric: "x:ns",
  arn: "x:arns",
  address: "x:ips",
};

export const variableString = (random: Random): string =>
  `${pick(random, ["", "", "a", "*"])}${variable(pick(random, VARIABLES))}${pick(random, ["", "", "b", "*"])}`;
