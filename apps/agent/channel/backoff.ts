/** How long to wait before trying again. */

const FIRST_SECONDS = 1;
const LONGEST_SECONDS = 30;

/**
 * Seconds before attempt `failures + 1`: doubling, at most 30, and spread over most of that so that a thousand
 * agents do not come back at one instant.
 * @param random a number in [0, 1)
 */
export function backoffSeconds(failures: number, random: number): number {
  const ceiling = Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.min(failures, 10));
  return ceiling * (0.1 + 0.9 * random);
}
