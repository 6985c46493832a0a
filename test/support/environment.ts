/** Remembers the environment of the process, and returns what restores it: files without isolation share the process. */
export function rememberEnvironment(): () => void {
  const before = { ...process.env };
  return () => {
    // A new object as process.env would leave the variables to child processes, and to whatever holds the old one.
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}

/** Has commands in this process use an AWS that listens there, as this user. Returns what restores the environment. */
export function useAws(url: string, user: string): () => void {
  const restore = rememberEnvironment();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: user,
    AWS_SECRET_ACCESS_KEY: user,
    AWS_EC2_METADATA_DISABLED: "true",
  });
  return restore;
}
