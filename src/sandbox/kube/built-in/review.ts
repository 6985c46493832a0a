import type { JsonObject } from "../../../crd/contract.ts";
import { objectAt } from "../json.ts";
import { type Behaviour, plainBehaviour } from "./behaviour.ts";

const reason = "the sandbox has no authorization: everybody may do everything";

/** SelfSubjectAccessReview, for `kubectl auth can-i`. */
export const accessReviewBehaviour: Behaviour = reviewing(() => ({ allowed: true, reason }));

/** SelfSubjectRulesReview, for `kubectl auth can-i --list`. */
export const rulesReviewBehaviour: Behaviour = reviewing(() => ({
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
}));

/** SelfSubjectReview, for `kubectl auth whoami`. */
export const selfReviewBehaviour: Behaviour = reviewing(() => ({
  userInfo: { username: "sandbox", groups: ["system:masters", "system:authenticated"] },
}));

function reviewing(status: (object: JsonObject) => JsonObject): Behaviour {
  return {
    ...plainBehaviour,
    verbs: ["create"],
    review: (object) => ({
      ...object,
      metadata: { creationTimestamp: null, ...objectAt(object, "metadata") },
      status: status(object),
    }),
  };
}
