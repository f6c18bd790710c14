/** Amazon Web Services: VPCs, security groups, Elastic IPs and instances of EC2. One folder file a resource. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import { lateResource } from '../late-resource.ts';
import type { Cloud, Provider } from '../provider.ts';
import { grant } from './grant.ts';
import { nodeIdentityPermissions, permissions } from './permissions.ts';
import { whoAmI } from './who-am-i.ts';

export const aws: Provider<AwsCredentials> = {
  id: 'aws',
  title: 'Amazon Web Services',
  regions: [
    { id: 'us-east-1', title: 'N. Virginia' },
    { id: 'us-east-2', title: 'Ohio' },
    { id: 'us-west-1', title: 'N. California' },
    { id: 'us-west-2', title: 'Oregon' },
    { id: 'ca-central-1', title: 'Montreal' },
    { id: 'sa-east-1', title: 'São Paulo' },
    { id: 'eu-west-1', title: 'Ireland' },
    { id: 'eu-west-2', title: 'London' },
    { id: 'eu-west-3', title: 'Paris' },
    { id: 'eu-central-1', title: 'Frankfurt' },
    { id: 'eu-north-1', title: 'Stockholm' },
    { id: 'ap-south-1', title: 'Mumbai' },
    { id: 'ap-southeast-1', title: 'Singapore' },
    { id: 'ap-southeast-2', title: 'Sydney' },
    { id: 'ap-northeast-1', title: 'Tokyo' },
    { id: 'ap-northeast-2', title: 'Seoul' },
  ],
  defaultInstanceType: 't3.small',
  permissions,
  nodeIdentityPermissions,
  grant,
  async load() {
    await import('./resources.ts');
  },
  connect(account) {
    let loaded: Promise<Omit<Cloud, 'whoAmI' | 'holder'>> | undefined;
    const load = () => {
      loaded ??= import('./resources.ts').then(({ resources }) => resources(account));
      return loaded;
    };
    return {
      whoAmI: (context) => whoAmI(account, context),
      // arn:aws:iam::123456789012:user/skein
      holder: (identity) => identity?.split(':')[4] || null,
      preflight: async (wish, context) => (await load()).preflight(wish, context),
      quotas: async (context) => (await load()).quotas(context),
      lastChange: async (at, since, context) => (await load()).lastChange(at, since, context),
      existingNetwork: async (at, context) => (await load()).existingNetwork(at, context),
      networks: lateResource(async () => (await load()).networks),
      peerings: lateResource(async () => (await load()).peerings),
      firewalls: lateResource(async () => (await load()).firewalls),
      addresses: lateResource(async () => (await load()).addresses),
      instances: lateResource(async () => (await load()).instances),
    };
  },
};
