/**
 * The `removed` blocks with which Terraform lets go of what manifests cover, without destroying it. A block has no instance keys, so
 * resources of which only some instances are covered are named instead.
 *
 * @param instances configuration address to the addresses of all instances
 */
export function removedBlocks(
  instances: ReadonlyMap<string, readonly string[]>,
  covered: ReadonlySet<string>,
): readonly string[] {
  return [...instances].flatMap(([configAddress, addresses]) => {
    const left = addresses.filter((address) => !covered.has(address));
    if (left.length === addresses.length) return [];
    if (left.length === 0)
      return ["removed {", `  from = ${configAddress}`, "  lifecycle {", "    destroy = false", "  }", "}"];
    const some = addresses.filter((address) => covered.has(address));
    return [
      `No removed block for ${configAddress}: it would also remove ${left.join(", ")}. Use terraform state rm:`,
      ...some.map((address) => `  terraform state rm '${address.replaceAll("'", `'\\''`)}'`),
    ];
  });
}
