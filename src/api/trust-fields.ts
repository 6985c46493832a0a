import { list } from "./collection-fields.ts";
import { trustDocumentField } from "./document-fields.ts";
import type { Field } from "./field.ts";
import type { Principals, Trust, TrustStatement } from "./instance-profile.ts";
import { defaulted, object, optional, required } from "./object-fields.ts";
import { conditionsField, effectField, matches, serviceField, sidField, sidsAreUnique } from "./policy-fields.ts";
import { text } from "./scalar-fields.ts";

const awsPrincipalField: Field<string> = text(
  { minLength: 1, maxLength: 1024 },
  {
    message:
      "write an account id in quotes, an ARN without wildcards, as in arn:aws:iam::123456789012:role/ops, or * for everyone",
    holds: (value) => value === "*" || (AWS_PRINCIPAL.test(value) && !value.includes("*")),
  },
);

const AWS_PRINCIPAL = /^([0-9]{12}|arn:aws(-[a-z]+)*:(iam|sts)::[0-9]{12}:[\x21-\x7E]+|A[A-Z0-9]{15,127})$/u;

const federatedField: Field<string> = text(
  { minLength: 1, maxLength: 1024 },
  matches(
    "^(arn:aws(-[a-z]+)*:iam::[0-9]{12}:(oidc|saml)-provider/[\\x21-\\x7E]+|[a-z0-9-]+(\\.[a-z0-9-]+)+)$",
    "write the ARN of an identity provider, as in arn:aws:iam::123456789012:oidc-provider/token.example.com, or its domain",
  ),
);

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
    services: optional(list(serviceField, { minItems: 1, maxItems: 20, listType: "atomic" })),
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

const DEFAULT_SERVICE = "ec2.amazonaws.com";

/** The services and statements of the trust policy, or its document. */
export const trustField: Field<Trust> = object<Trust>(
  {
    document: optional(trustDocumentField),
    services: defaulted(list(serviceField, { maxItems: 20, listType: "set" }), [DEFAULT_SERVICE]),
    statements: defaulted(list(trustStatementField, { maxItems: 20, listType: "atomic" }, sidsAreUnique), []),
  },
  {
    message: "no principal could assume the role; write at least one of services and statements",
    holds: ({ services, statements }) => services.length > 0 || statements.length > 0,
  },
  {
    message: "write either document, or services and statements",
    isParserOnly: true,
    holds: ({ document, services, statements }) =>
      document === undefined || (statements.length === 0 && services.join() === DEFAULT_SERVICE),
  },
);
