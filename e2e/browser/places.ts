/** Every page of the dashboard and what shows that it is there. Its dialogs are in `dialogs.ts`. */
import type { Page } from 'playwright-core';
import type { Fixture } from './fixture.ts';

export interface Place {
  name: string;
  path: string;
  /** A heading or text that only this page with its data has. */
  shows: string;
  /** Who looks: nobody in particular, the person with a full house when left out, or somebody who has nothing yet. */
  by?: 'anybody' | 'newcomer';
  /** What is done there before it is looked at, such as opening a dialog. */
  first?: (page: Page) => Promise<void>;
  /** An answer of the API that this place shows on purpose; the browser's console tells it too. */
  refused?: number;
}

export type Known = Omit<Fixture, 'stop'>;

export function pagesOf(fixture: Known): Place[] {
  const network = `/networks/${fixture.networkId}`;
  const resting = `/networks/${fixture.restingId}`;
  const { accounts } = fixture;
  return [
    { name: 'sign-in', path: '/sign-in', shows: 'Sign in', by: 'anybody' },
    { name: 'setup', path: `/setup?link=${fixture.openLink}`, shows: 'Set up Skein', by: 'anybody' },
    {
      name: 'setup-used',
      path: `/setup?link=${fixture.usedLink}`,
      shows: 'This link was used already',
      by: 'anybody',
    },
    {
      name: 'setup-unknown',
      path: '/setup?link=sks_wrong',
      shows: 'This link is not known',
      by: 'anybody',
    },
    { name: 'networks-empty', path: '/', shows: 'No network yet', by: 'newcomer' },
    { name: 'network-new-empty', path: '/networks/new', shows: 'Plain hosts', by: 'newcomer' },
    { name: 'operations-empty', path: '/operations', shows: 'Nothing was done yet', by: 'newcomer' },
    { name: 'cloud-accounts-empty', path: '/cloud-accounts', shows: 'No cloud account yet', by: 'newcomer' },
    { name: 'tokens-empty', path: '/tokens', shows: 'No token yet', by: 'newcomer' },
    { name: 'networks', path: '/', shows: 'depot' },
    { name: 'network-new', path: '/networks/new', shows: 'Show the plan' },
    { name: 'network', path: network, shows: 'Ping is always open between clusters' },
    { name: 'network-differs', path: resting, shows: 'differences in the clouds' },
    { name: 'topology', path: `${network}/topology`, shows: 'From and to' },
    { name: 'peers', path: `${network}/peers`, shows: 'Overlay' },
    { name: 'clusters', path: `${network}/clusters`, shows: 'Add a cluster' },
    { name: 'clusters-resting', path: `${resting}/clusters`, shows: 'Node identity' },
    { name: 'policy', path: `${network}/policy`, shows: 'No test stands beside this policy' },
    { name: 'services-empty', path: `${network}/services`, shows: 'No service is exported' },
    { name: 'dns', path: `${network}/dns`, shows: 'Inside' },
    { name: 'resources', path: `${network}/resources`, shows: 'Security group' },
    { name: 'drift', path: `${resting}/drift`, shows: 'RevokeSecurityGroupIngress' },
    { name: 'drift-none', path: `${network}/drift`, shows: 'Not compared yet' },
    { name: 'network-operations', path: `${network}/operations`, shows: 'Took' },
    { name: 'operations', path: '/operations', shows: 'Took' },
    { name: 'operation-running', path: `/operations/${fixture.growthId}`, shows: 'Give an address back' },
    { name: 'operation-done', path: `/operations/${fixture.provisionId}`, shows: 'See the topology' },
    { name: 'cloud-accounts', path: '/cloud-accounts', shows: 'The cloud says we are' },
    {
      name: 'account',
      path: `/cloud-accounts/${accounts.aws}`,
      shows: 'i-07c0ffee7c0ffee70',
      first: untilGranted,
    },
    {
      name: 'account-limited',
      path: `/cloud-accounts/${accounts.limited}`,
      shows: 'would stand in the way',
      first: untilGranted,
    },
    { name: 'account-name-server', path: `/cloud-accounts/${accounts.powerdns}`, shows: 'Own name server' },
    { name: 'tokens', path: '/tokens', shows: 'continuous integration' },
    { name: 'audit', path: '/audit', shows: 'network.create' },
    { name: 'api-reference', path: '/api-reference', shows: 'Cloud accounts' },
    { name: 'not-found', path: '/networks/net_nowhere', shows: 'There is nothing here', refused: 404 },
  ];
}

/** The documents to paste come after the page. */
async function untilGranted(page: Page): Promise<void> {
  await page.locator('figure pre').first().waitFor();
}
