/** Every page of the dashboard and what shows that it is there. */
import type { Fixture } from './fixture.ts';

export interface Place {
  name: string;
  path: string;
  /** A heading or text that only this page with its data has. */
  shows: string;
  open?: true;
}

export function placesOf(fixture: Omit<Fixture, 'stop'>): Place[] {
  const network = `/networks/${fixture.networkId}`;
  return [
    { name: 'sign-in', path: '/sign-in', shows: 'Sign in', open: true },
    { name: 'setup', path: `/setup?link=${fixture.openLink}`, shows: 'Set up Skein', open: true },
    {
      name: 'setup-used',
      path: `/setup?link=${fixture.usedLink}`,
      shows: 'This link was used already',
      open: true,
    },
    { name: 'setup-unknown', path: '/setup?link=sks_wrong', shows: 'This link is not known', open: true },
    { name: 'networks', path: '/', shows: 'shop' },
    { name: 'network-new', path: '/networks/new', shows: 'Show the plan' },
    { name: 'network', path: network, shows: 'Ping is always open between clusters' },
    { name: 'topology', path: `${network}/topology`, shows: 'From and to' },
    { name: 'peers', path: `${network}/peers`, shows: 'Overlay' },
    { name: 'clusters', path: `${network}/clusters`, shows: 'Add a cluster' },
    { name: 'dns', path: `${network}/dns`, shows: 'Inside' },
    { name: 'resources', path: `${network}/resources`, shows: 'Security group' },
    { name: 'network-operations', path: `${network}/operations`, shows: 'Took' },
    { name: 'operations', path: '/operations', shows: 'Took' },
    { name: 'operation-running', path: `/operations/${fixture.growthId}`, shows: 'Give an address back' },
    { name: 'operation-done', path: `/operations/${fixture.provisionId}`, shows: 'See the topology' },
    { name: 'cloud-accounts', path: '/cloud-accounts', shows: 'The cloud says we are' },
    { name: 'tokens', path: '/tokens', shows: 'continuous integration' },
    { name: 'audit', path: '/audit', shows: 'network.create' },
    { name: 'api-reference', path: '/api-reference', shows: 'Cloud accounts' },
    { name: 'not-found', path: '/networks/net_nowhere', shows: 'There is nothing here' },
  ];
}
