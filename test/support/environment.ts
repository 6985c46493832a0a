/** Remembers the environment of the process, and returns what restores it: files without isolation share the process. */
export function rememberEnvironment(): () => void {
  const before = { ...process.env };
  return () => {
    // A new object as process.env would leave the variables to child processes, and to whatever holds the old one.
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  };
}
