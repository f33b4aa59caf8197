// The order of versions, as semver.org defines it.

/**
 * @returns below 0 where `a` is older than `b`, above 0 where it is newer, 0 where neither is. What follows a plus sign does
 * not count; what is no version is older than any.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  return (
    compareParts(left.core, right.core) ||
    // A release is newer than what led to it.
    Number(left.pre.length === 0) - Number(right.pre.length === 0) ||
    compareParts(left.pre, right.pre)
  );
}

function parse(version: string): { core: string[]; pre: string[] } | undefined {
  const [, core, pre] = /^(\d+\.\d+\.\d+)(?:-([\w.-]+))?(?:\+.*)?$/.exec(version) ?? [];
  return core === undefined ? undefined : { core: core.split('.'), pre: pre?.split('.') ?? [] };
}

function compareParts(a: string[], b: string[]): number {
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers by value and below words; words by their characters, not by any language. */
function comparePart(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return Math.sign(Number(a) - Number(b));
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
