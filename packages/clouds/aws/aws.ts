/** Amazon Web Services: VPCs, security groups, Elastic IPs and instances of EC2. One folder file a resource. */
import type { AwsCredentials } from '@skein/contract/rest/account.ts';
import type { Provider } from '../provider.ts';
import { addresses } from './address.ts';
import { connectTo } from './connection.ts';
import { firewalls } from './firewall.ts';
import { instances } from './instance.ts';
import { networks } from './network.ts';
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
  connect(account) {
    const connection = connectTo(account);
    return {
      whoAmI: (context) => whoAmI(connection, context),
      networks: networks(connection),
      firewalls: firewalls(connection),
      addresses: addresses(connection),
      instances: instances(connection),
    };
  },
};
