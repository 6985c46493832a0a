import type { IAMClientConfig } from "@aws-sdk/client-iam";

type RetryStrategyV2 = Extract<
  NonNullable<IAMClientConfig["retryStrategy"]>,
  { acquireInitialRetryToken: (...args: never[]) => unknown }
>;

/**
 * An SDK retry strategy that never retries. Retries belong to the work queue, which knows the object, the backoff and the
 * account's rate limit, and for pages of an account scan to the call. The SDK's own strategies treat LimitExceeded (a quota) as throttling, spend 2-4 s on it and, in
 * adaptive mode, slow down every other call: `LimitExceededException` is in THROTTLING_ERROR_CODES of
 * https://github.com/smithy-lang/smithy-typescript/blob/main/packages/core/src/submodules/retry/service-error-classification/constants.ts
 */
export const noRetryStrategy: RetryStrategyV2 = {
  acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: async () => {
    throw new Error("The SDK sends each request once; its caller retries.");
  },
  recordSuccess() {},
};
