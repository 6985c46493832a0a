import { DEFAULT_SERVICES } from "../model/place.ts";
import { list } from "./collection-fields.ts";
import { trustDocumentField } from "./document-fields.ts";
import type { Field } from "./field.ts";
import type { Principals, Trust, TrustStatement } from "./instance-profile.ts";
import { defaulted, object, optional, required } from "./object-fields.ts";
import {
  conditionsField,
  effectField,
  matches,
  serviceField,
  sidField,
  sidsAreUnique,
  writtenServiceField,
} from "./policy-fields.ts";
import { text } from "./scalar-fields.ts";
import { VARIABLE } from "./variable-texts.ts";

const PARTITION = "aws(-[a-z]+)*";
const ACCOUNT = "[0-9]{12}";
const DOMAIN = "[a-z0-9-]+(\\.[a-z0-9-]+)+";
const awsPrincipal = (partition: string, account: string): string =>
  `${ACCOUNT}|arn:${partition}:(iam|sts)::${account}:[\\x21-\\x7E]+|A[A-Z0-9]{15,127}`;
const provider = (partition: string, account: string): string =>
  `arn:${partition}:iam::${account}:(oidc|saml)-provider/[\\x21-\\x7E]+|${DOMAIN}`;
const written = (patternOf: (partition: string, account: string) => string): string =>
  patternOf(`(${PARTITION}|${VARIABLE})`, `(${ACCOUNT}|${VARIABLE})`);

/** @param start of a text that is not checked yet; unset: none */
function awsPrincipalLike(pattern: string, start?: string): Field<string> {
  const expression = new RegExp(`^(${pattern})$`, "u");
  const isChecked = (value: string): boolean => start === undefined || !value.startsWith(start);
  return text(
    { minLength: 1, maxLength: 1024 },
    {
      message:
        "write an account id in quotes, an ARN without wildcards, as in arn:aws:iam::123456789012:role/ops, or * for everyone",
      holds: (value) => value === "*" || (!value.includes("*") && (!isChecked(value) || expression.test(value))),
    },
  );
}

function federatedLike(pattern: string): Field<string> {
  return text(
    { minLength: 1, maxLength: 1024 },
    matches(
      `^(${pattern})$`,
      "write the ARN of an identity provider, as in arn:aws:iam::123456789012:oidc-provider/token.example.com, or its domain",
    ),
  );
}

/** What principals must be once their variables are filled in. */
export const literalPrincipalFields: Readonly<Record<"aws" | "services" | "federated", Field<string>>> = {
  aws: awsPrincipalLike(awsPrincipal(PARTITION, ACCOUNT)),
  services: serviceField,
  federated: federatedLike(provider(PARTITION, ACCOUNT)),
};

// The rule of the CRD has little room for more pattern: what begins with a variable is checked once it is filled in.
const awsPrincipalField = awsPrincipalLike(written(awsPrincipal), "{");

const federatedField = federatedLike(`${written(provider)}|${VARIABLE}[\\x21-\\x7E]*`);

const canonicalUserField: Field<string> = text(
  { minLength: 1, maxLength: 64 },
  matches("^[0-9a-f]{64}$", "write a canonical user id, 64 hexadecimal digits"),
);

const stsActionField: Field<string> = text(
  { minLength: 1, maxLength: 128 },
  matches("^[Ss][Tt][Ss]:[A-Za-z*?]+$", "a trust policy takes STS actions only; write them as in sts:AssumeRole"),
);

const principalsField: Field<Principals> = object<Principals>(
  {
    aws: optional(list(awsPrincipalField, { minItems: 1, maxItems: 50, listType: "atomic" })),
    services: optional(list(writtenServiceField, { minItems: 1, maxItems: 20, listType: "atomic" })),
    federated: optional(list(federatedField, { minItems: 1, maxItems: 20, listType: "atomic" })),
    canonicalUsers: optional(list(canonicalUserField, { minItems: 1, maxItems: 20, listType: "atomic" })),
  },
  {
    message: "write at least one of aws, services, federated and canonicalUsers",
    holds: (principals) => Object.keys(principals).length > 0,
  },
);

const trustStatementField: Field<TrustStatement> = object<TrustStatement>({
  sid: optional(sidField),
  effect: required(effectField),
  actions: defaulted(list(stsActionField, { minItems: 1, maxItems: 20, listType: "atomic" }), ["sts:AssumeRole"]),
  principals: required(principalsField),
  conditions: optional(conditionsField),
});

/** The trust of a manifest: what is unset depends on the partition. */
export interface LooseTrust extends Omit<Trust, "services"> {
  readonly services?: readonly string[];
}

/** True for services that trust EC2 alone, as a manifest does that names none. */
export function areDefaultServices({ services = DEFAULT_SERVICES }: LooseTrust): boolean {
  return services.join() === DEFAULT_SERVICES.join();
}

/** The services and statements of the trust policy, or its document. */
export const trustField: Field<LooseTrust> = object<LooseTrust>(
  {
    document: optional(trustDocumentField),
    services: optional(list(writtenServiceField, { maxItems: 20, listType: "set" })),
    statements: defaulted(list(trustStatementField, { maxItems: 20, listType: "atomic" }, sidsAreUnique), []),
  },
  {
    message: "no principal could assume the role; write at least one of services and statements",
    holds: ({ services, statements }) => services === undefined || services.length > 0 || statements.length > 0,
  },
  {
    message: "write either document, or services and statements",
    isParserOnly: true,
    holds: (trust) => trust.document === undefined || (trust.statements.length === 0 && areDefaultServices(trust)),
  },
);
