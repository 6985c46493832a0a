/** What the e2e tests find: started once for the whole run by scripts/e2e.ts, handed over in environment variables. */
export interface E2eEnvironment {
  /** The kubeconfig of an administrator of an API server for tests; undefined when there is none on this machine. */
  readonly adminKubeconfig: string | undefined;
  /** Requests of service accounts as audit events, one JSON a line; undefined on an API server that is not ours. */
  readonly auditLog: string | undefined;
  /** Where etcd listens; undefined on an API server that is not ours. */
  readonly etcdUrl: string | undefined;
  /** The URL of an AWS for tests; undefined when there is none on this machine. */
  readonly awsEndpoint: string | undefined;
  /** True when that AWS is a moto of this run alone, so that `resetMoto` may be called. */
  readonly isAwsOurs: boolean;
  /** A folder for files of this run; removed with it. */
  readonly folder: string;
}

const VARIABLES: Readonly<Record<keyof E2eEnvironment, string>> = {
  adminKubeconfig: "E2E_KUBECONFIG_ADMIN",
  auditLog: "E2E_AUDIT_LOG",
  etcdUrl: "E2E_ETCD_URL",
  awsEndpoint: "E2E_AWS_ENDPOINT",
  isAwsOurs: "E2E_AWS_IS_OURS",
  folder: "E2E_FOLDER",
};

/** The environment as variables for the test run: all of them, the absent ones empty. */
export function toVariables(environment: E2eEnvironment): Record<string, string> {
  const keys = Object.keys(VARIABLES) as (keyof E2eEnvironment)[];
  return Object.fromEntries(keys.map((key) => [VARIABLES[key], String(environment[key] ?? "")]));
}

/**
 * Reads the environment in a test file. What is undefined in it is not there and the run was allowed to go on without
 * it: skip the tests that need it (`describe.skipIf(adminKubeconfig === undefined)`).
 *
 * Errors: the tests were not started by `npm run e2e`.
 */
export function e2eEnvironment(variables: NodeJS.ProcessEnv = process.env): E2eEnvironment {
  const read = (key: keyof E2eEnvironment): string | undefined => {
    const value = variables[VARIABLES[key]];
    if (value === undefined) {
      throw new Error(
        `${VARIABLES[key]} is not set: start these tests by \`npm run e2e [-- --allow-missing] [FILE...]\``,
      );
    }
    return value === "" ? undefined : value;
  };
  return {
    adminKubeconfig: read("adminKubeconfig"),
    auditLog: read("auditLog"),
    etcdUrl: read("etcdUrl"),
    awsEndpoint: read("awsEndpoint"),
    isAwsOurs: read("isAwsOurs") === "true",
    folder: read("folder") ?? "",
  };
}
