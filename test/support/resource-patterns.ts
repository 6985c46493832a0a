import fc from "fast-check";

/** Texts of policies with a variable in them. */
export const variable = (inner: string): string => `\${${inner}}`;

/** What the fields of the patterns are made of: few letters, so that patterns meet, and all that a reading could stumble over. */
const PIECES = [
  ...["a", "a", "b", "*", "*", "?", "/", "1"],
  ...[variable("aws:username"), variable("aws:PrincipalAccount"), variable("aws:PrincipalTag/t, 'a:b'"), variable("*")],
];
const BEGIN = "$".concat("{");
const UNREADABLE = [BEGIN, `${BEGIN}a`, `${BEGIN}a, 'b}c'}`, "$", "{", "}", "'"];

const field = (pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((some) => some.join(""));

/** Resource patterns of any number of fields, as an object may have them. */
export const resourcePattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("*") },
  { weight: 9, arbitrary: arnOf(field(PIECES)) },
  { weight: 1, arbitrary: arnOf(field([...PIECES, ...UNREADABLE])) },
);

/** Resource patterns as a class may have them: without variables. */
export const classPattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constant("*") },
  { weight: 9, arbitrary: arnOf(field(PIECES.filter((piece) => !piece.startsWith("$")))) },
);

function arnOf(one: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const fields = fc.oneof(
    { weight: 1, arbitrary: fc.array(one, { maxLength: 7 }) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom("aws", "aws", "*"),
          fc.constantFrom("sqs", "s3", "iam", "*"),
          fc.array(one, { maxLength: 4 }),
        )
        .map(([partition, service, rest]) => [partition, service, ...rest]),
    },
  );
  return fields.map((some) => ["arn", ...some].join(":")).filter((arn) => arn.startsWith("arn:"));
}

/** ARNs that a request may name. */
export const requestArn: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("aws", "a"),
    fc.constantFrom("sqs", "s3", "iam", "a"),
    ...Array.from({ length: 3 }, () => fc.constantFrom("", "a", "ab", "1", "/", "a:b", "b:1:a")),
  )
  .map(([partition, service, region, account, rest]) => ["arn", partition, service, region, account, rest].join(":"));
