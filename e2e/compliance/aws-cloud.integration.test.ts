/** EC2, STS and SSM by the official SDK, against the lab. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { aws } from '@skein/clouds/aws/aws.ts';
import { cloudCompliance } from '@skein/clouds/compliance.ts';
import { startPaperLab } from './lab.ts';
import { NO_IDENTITY } from './own-identity.ts';

const region = 'us-west-2';

cloudCompliance('AWS', async () => {
  const lab = await startPaperLab();
  const credentials = lab.accounts.aws;
  const ec2 = new EC2Client({ region, endpoint: lab.awsUrl, credentials });
  return {
    connect: (which) =>
      aws.connect({
        credentials: which === 'right' ? credentials : { ...credentials, secretAccessKey: 'x'.repeat(40) },
        endpoint: lab.awsUrl,
        region,
        identity: NO_IDENTITY,
      }),
    instanceType: aws.defaultInstanceType,
    region,
    foreign: {
      holdInstances: lab.holdMachines,
      async openByHand({ externalId }) {
        const tcp22 = {
          IpProtocol: 'tcp',
          FromPort: 22,
          ToPort: 22,
          IpRanges: [{ CidrIp: '203.0.113.9/32' }],
        };
        const ping = {
          IpProtocol: 'icmp',
          FromPort: -1,
          ToPort: -1,
          IpRanges: [{ CidrIp: '203.0.113.9/32' }],
        };
        await ec2.send(
          new AuthorizeSecurityGroupIngressCommand({ GroupId: externalId, IpPermissions: [tcp22, ping] }),
        );
      },
      async takeName({ owner, key, network }) {
        const GroupName = `skein ${owner.networkId} ${owner.clusterId} ${key}`;
        const input = { GroupName, Description: 'made by hand', VpcId: network.externalId };
        const { GroupId } = await ec2.send(new CreateSecurityGroupCommand(input));
        const read = async () => {
          const found = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId ?? ''] }));
          return JSON.stringify(found.SecurityGroups);
        };
        const before = await read();
        return async () => (await read()) === before;
      },
    },
    close: async () => {
      ec2.destroy();
      await lab.close();
    },
  };
});
