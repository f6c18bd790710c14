/** One AWS account in one region: the SDK clients that make and change things. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { clientConfig } from './client-config.ts';
import type { AwsAccount } from './request-settings.ts';

export interface Connection {
  ec2: EC2Client;
  ssm: SSMClient;
}

/** Opens no connection: the SDK does with the first call. */
export function connectTo(account: AwsAccount): Connection {
  const config = clientConfig(account);
  return { ec2: new EC2Client(config), ssm: new SSMClient(config) };
}
