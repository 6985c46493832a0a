/** Returns a function that turns instance profile names into unique Kubernetes object names. */
export function objectNames(): (instanceProfileName: string) => string {
  const given = new Set<string>();
  return (instanceProfileName) => {
    const base =
      instanceProfileName
        .toLowerCase()
        .replaceAll(/[^a-z0-9.-]+/g, "-")
        .replaceAll(/[.-]*\.[.-]*/g, ".")
        .replaceAll(/^[.-]+|[.-]+$/g, "") || "profile";
    let name = base;
    for (let i = 2; given.has(name); i++) name = `${base}-${i}`;
    given.add(name);
    return name;
  };
}
