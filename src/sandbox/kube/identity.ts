import { randomInt, randomUUID } from "node:crypto";

/** What the server makes up: tests pass a predictable one. */
export interface Identity {
  uid(): string;
  /** The five characters that follow `metadata.generateName`. */
  suffix(): string;
}

/** No vowels and no lookalikes, as in k8s.io/apimachinery/pkg/util/rand. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Random identities. */
export const randomIdentity: Identity = {
  uid: () => randomUUID(),
  suffix: () => Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join(""),
};
