/** The regions this lab has, and their availability zones. */
export const REGIONS: Readonly<Record<string, { zones: readonly { name: string; id: string }[] }>> = {
  'us-east-1': zones('us-east-1', 'use1', 'abc'),
  'us-east-2': zones('us-east-2', 'use2', 'abc'),
  'us-west-1': zones('us-west-1', 'usw1', 'ac'),
  'us-west-2': zones('us-west-2', 'usw2', 'abc'),
  'ca-central-1': zones('ca-central-1', 'cac1', 'abd'),
  'sa-east-1': zones('sa-east-1', 'sae1', 'abc'),
  'eu-west-1': zones('eu-west-1', 'euw1', 'abc'),
  'eu-west-2': zones('eu-west-2', 'euw2', 'abc'),
  'eu-west-3': zones('eu-west-3', 'euw3', 'abc'),
  'eu-central-1': zones('eu-central-1', 'euc1', 'abc'),
  'eu-north-1': zones('eu-north-1', 'eun1', 'abc'),
  'ap-south-1': zones('ap-south-1', 'aps1', 'abc'),
  'ap-southeast-1': zones('ap-southeast-1', 'apse1', 'abc'),
  'ap-southeast-2': zones('ap-southeast-2', 'apse2', 'abc'),
  'ap-northeast-1': zones('ap-northeast-1', 'apne1', 'acd'),
  'ap-northeast-2': zones('ap-northeast-2', 'apne2', 'abc'),
};

function zones(region: string, short: string, letters: string) {
  return {
    zones: [...letters].map((letter, index) => ({ name: region + letter, id: `${short}-az${index + 1}` })),
  };
}
