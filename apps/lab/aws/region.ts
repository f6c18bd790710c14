/** The regions this lab has, and their availability zones. */
export const REGIONS: Readonly<Record<string, { zones: readonly { name: string; id: string }[] }>> = {
  'us-east-1': zones('us-east-1', 'use1', 'abc'),
  'us-west-2': zones('us-west-2', 'usw2', 'abc'),
  'eu-central-1': zones('eu-central-1', 'euc1', 'abc'),
};

function zones(region: string, short: string, letters: string) {
  return {
    zones: [...letters].map((letter, index) => ({ name: region + letter, id: `${short}-az${index + 1}` })),
  };
}
