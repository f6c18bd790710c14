/** Which of a firewall's permissions go into which of its groups, where one group cannot hold them all. Pure. */
import { identityOf, type Permission } from './rule-set.ts';

/**
 * As few groups as can hold all, at least one. What a group holds stays there; what is new goes to the first group with
 * room: so one permission more changes one group.
 * @param held what the groups hold now, in their order; `capacity` is what one can hold
 */
export function packRules(
  wanted: readonly Permission[],
  held: readonly (readonly Permission[])[],
  capacity: number,
): Permission[][] {
  const groups: Permission[][] = Array.from(
    { length: Math.max(1, Math.ceil(wanted.length / capacity)) },
    () => [],
  );
  const holds = held.map((group) => new Set(group.map(identityOf)));
  const homeless = wanted.filter((one) => {
    const home = groups.find((group, index) => group.length < capacity && holds[index]?.has(identityOf(one)));
    home?.push(one);
    return !home;
  });
  for (const one of homeless) groups.find((group) => group.length < capacity)?.push(one);
  return groups;
}
